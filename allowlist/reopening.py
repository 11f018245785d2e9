"""Hosts that reopen the web: one of them on the list and the list is worth nothing (S10).

A search engine, translator, cache, archive or proxy shows other sites under its own name; a chat, a social
network or a shortener leads to people and places nobody checked. The table is checked against pages and
needs alike, subdomains included.
"""

from __future__ import annotations

from allowlist.patterns import Authority, is_public_suffix

SEARCH = "is a search engine: any page can be found through it"
TRANSLATES = "is a translator: it shows any site under its own name"
CACHES = "shows copies of any site under its own name"
PROXIES = "is a proxy: it fetches any site"
SOCIAL = "is a social network: strangers write what it shows"
CHAT = "is for chatting with people who are not here"
VIDEO = "plays what strangers upload, and suggests more"
ASKS = "answers anything, in words nobody has checked"
SHORTENS = "leads to any site by a short name"
HOSTS = "shows what anybody puts there"

_HOSTS = {
    SEARCH: """
        ask.com baidu.com bing.com brave.com duckduckgo.com ecosia.org kiddle.co kidrex.org kidzsearch.com
        lilo.org mojeek.com qwant.com searx.space startpage.com swisscows.com wolframalpha.com""",
    TRANSLATES: "deepl.com microsofttranslator.com translate.com translate.goog translatetheweb.com",
    CACHES: """
        12ft.io ampproject.net ampproject.org archive.is archive.org archive.ph archive.today bing-amp.com
        cachedview.nl googleusercontent.com webcitation.org""",
    PROXIES: """
        4everproxy.com allorigins.win blockaway.net cors-anywhere.herokuapp.com corsproxy.io croxyproxy.com
        hide.me hidester.com kproxy.com proxyium.com proxysite.com r.jina.ai""",
    SOCIAL: """
        bsky.app facebook.com fb.com instagram.com linkedin.com mastodon.social pinterest.co.uk pinterest.com
        reddit.com snapchat.com threads.com threads.net tumblr.com twitter.com vk.com x.com""",
    CHAT: """
        discord.com discord.gg messenger.com omegle.com signal.org skype.com slack.com t.me
        teams.microsoft.com telegram.org wechat.com whatsapp.com zoom.us""",
    VIDEO: "dailymotion.com tiktok.com twitch.tv vimeo.com youtu.be youtube.com youtubekids.com",
    ASKS: """
        character.ai chatgpt.com claude.ai copilot.microsoft.com gemini.google openai.com perplexity.ai
        poe.com""",
    SHORTENS: "bit.ly buff.ly cutt.ly goo.gl is.gd lnkd.in ow.ly rebrand.ly t.co tinyurl.com",
    HOSTS: "4chan.org codepen.io jsfiddle.net pastebin.com raw.githubusercontent.com",
}

REOPENING = {host: reason for reason, hosts in _HOSTS.items() for host in hosts.split()}

ANY_ENDING = {"google": SEARCH, "yahoo": SEARCH, "yandex": SEARCH}
"""Names under which these are registered in every country: google.com, google.co.uk, …"""

ONE_USE = frozenset({"ajax.googleapis.com", "fonts.googleapis.com", "fonts.gstatic.com"})
"""Hosts that serve one harmless thing, though their family is in the table."""


def why_it_reopens(at: Authority) -> str:
    """The reason why `at` must not be listed, as a sentence without its subject, or ""."""
    host = at.host
    if host in ONE_USE and not at.wild:
        return ""
    labels = host.split(".")
    for start in range(len(labels) - 1):
        if reason := REOPENING.get(".".join(labels[start:])):
            return reason
        if (reason := ANY_ENDING.get(labels[start])) and is_public_suffix(".".join(labels[start + 1 :])):
            return reason
    if at.wild:
        inside = next((listed for listed in REOPENING if listed.endswith(f".{host}")), None)
        if inside:
            return f"includes {inside}, which {REOPENING[inside]}"
    return ""
