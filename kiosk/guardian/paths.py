"""A path is one way to reach one person: an Apprise URL, full of secrets. Only its kind is ever said."""

from __future__ import annotations

from dataclasses import dataclass

_KINDS = {
    "e-mail": """
        azure brevo groundmail mailersend mailgun mailto mailtos o365 postmark resend sendgrid sendpulse ses
        smtp2go sparkpost""",
    "text message": """
        46elks atalk bulksms bulkvs burstsms clickatell clicksend d7sms elks exotel freemobile httpsms
        infobip kaleyra kavenegar kudosity mobilemessage msg91 msgbird nexmo notifyre octopush plivo serwersms
        seven sfr sinch smsc smseagle smseagles smsmanager smsmgr smstunnel sns telesign telnyx twilio voipms
        vonage""",
    "push": """
        bark barks fcm gorush gorushs gotify gotifys ntfy ntfys onesignal pbul pover prowl push pushdeer
        pushed pushme pushplus pushward pushy simplepush spush""",
    "chat": """
        discord gchat matrix matrixs mmost mmosts msteams rocket rockets signal signals slack tgram threema
        webex whatsapp workflow workflows zulip""",
    "webhook": "form forms json jsons xml xmls",
}
_KIND_OF = {schema: kind for kind, schemas in _KINDS.items() for schema in schemas.split()}


@dataclass(frozen=True)
class PathTo:
    """One way to reach one person: an Apprise URL. It holds secrets, and so does not print them."""

    person: str
    url: str

    def __repr__(self) -> str:
        return f"PathTo({self.person!r}, {kind_of(self.url)!r})"


@dataclass(frozen=True)
class Delivery:
    """What became of one try. `never` is an address that cannot work however often it is tried."""

    ok: bool
    why: str = ""
    never: bool = False


def kind_of(url: str) -> str:
    """What a path is, in plain words: “e-mail”, “text message”, “push”, “webhook”, “chat”, else “message”."""
    schema = url.partition("://")[0].strip().lower()
    return _KIND_OF.get(schema, "message")
