"""Chromium's own policy, compiled from ours: the outermost of three layers that give one answer.

It is coarser than the gate and the door (paths are bare prefixes there, and a star includes its own domain),
never narrower: what it refuses, they refuse. The second half closes everything else a browser can do that a
child beside a grown-up needs nothing of (H12, H13, H14, S3, S5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from allowlist.builtin import BUILTIN_HOST
from allowlist.decision import Policy
from allowlist.patterns import Authority, PagePattern

DEVTOOLS_FOR_THE_DRIVER = 1  # 2 would refuse the pipe too (FACTS); by key and menu it is blocked by address
REFUSED = 2  # what Chromium calls “block” for most of its content settings
CLOSED_SCHEMES = (
    "chrome://*",
    "chrome-untrusted://*",
    "chrome-extension://*",
    "chrome-search://*",
    "devtools://*",
    "view-source:*",
    "file://*",
    "filesystem:*",
    "ftp://*",
    "data:*",
    "javascript:*",
    "blob:*",
    "intent:*",
    "mailto:*",
    "tel:*",
    "ws://*",
    "wss://*",
)


class Key(NamedTuple):
    """One key of the policy, its value, and what it is for."""

    name: str
    value: object
    why: str


HARDENING = (
    # What leaves the kiosk
    Key("AutofillAddressEnabled", False, "no address of anybody is kept (H14)"),
    Key("AutofillCreditCardEnabled", False, "no card is kept"),
    Key("BackgroundModeEnabled", False, "closed means gone"),
    Key("BrowserSignin", 0, "no account, no sync (S11)"),
    Key("SyncDisabled", True, "nothing is copied to a cloud (H12)"),
    Key("MetricsReportingEnabled", False, "nothing is reported about its use (S11)"),
    Key("UserFeedbackAllowed", False, "no report with a picture of the page (invariant 6)"),
    Key("UrlKeyedAnonymizedDataCollectionEnabled", False, "no address is reported"),
    Key("UrlKeyedMetricsAllowed", False, "no address is reported"),
    Key("FeedbackSurveysEnabled", False, "no question how one likes it"),
    Key("SafeBrowsingSurveysEnabled", False, "no question how one likes it"),
    Key("WebRtcTextLogCollectionAllowed", False, "no record of calls"),
    Key("BrowserNetworkTimeQueriesEnabled", False, "asks home for the time"),
    Key("ChromeVariations", 2, "no experiments from afar: what was tested is what runs"),
    Key("SavingBrowserHistoryDisabled", True, "the log is the guardian's, and has no child in it"),
    Key("UserDataSnapshotRetentionLimit", 0, "nothing is left of a session"),
    Key("SpellcheckEnabled", False, "no red lines, and no dictionary fetched"),
    Key("SafeBrowsingDeepScanningEnabled", False, "no file is sent to be looked at"),
    Key("SafeBrowsingProtectionLevel", 0, "asks hosts that the door refuses; the list decides here"),
    Key("SpellCheckServiceEnabled", False, "no typed word is sent"),
    Key("SearchSuggestEnabled", False, "no typed word is sent"),
    Key("AlternateErrorPagesEnabled", False, "no lookup of pages that are missing"),
    Key("DomainReliabilityAllowed", False, "no report of failed requests"),
    Key("ComponentUpdatesEnabled", False, "updates come with apt"),
    Key("LensRegionSearchEnabled", False, "no picture is searched (invariant 6)"),
    Key("LensOverlaySettings", 1, "no picture is searched (invariant 6)"),
    Key("HelpMeWriteSettings", 2, "nothing here writes by itself"),
    Key("HistorySearchSettings", 2, "nothing here reads along"),
    Key("DevToolsGenAiSettings", 2, "nothing here answers by itself"),
    Key("TabCompareSettings", 2, "nothing here reads along"),
    Key("GeminiSettings", 1, "nothing here answers by itself"),
    Key("AIModeSettings", 1, "nothing here answers by itself"),
    Key("GeminiActOnWebSettings", 1, "nothing here acts by itself"),
    Key("GeminiSparkSettings", 1, "nothing here answers by itself"),
    Key("ThirdPartyAiChatSettings", 1, "nothing here answers by itself"),
    Key("GenAILocalFoundationalModelSettings", 1, "no model is fetched"),
    Key("BuiltInAIAPIsEnabled", False, "no page has a model at hand"),
    Key("TranslatorAPIAllowed", False, "no page has a model at hand"),
    Key("VoiceTypingSettings", 2, "nothing listens (H12)"),
    Key("TryOnYouSettings", 2, "no picture of anybody is asked for (H14)"),
    Key("CreateThemesSettings", 2, "nothing here paints by itself"),
    Key("ChromeSuggestionsSettings", 1, "nothing is suggested"),
    Key("AutofillPredictionSettings", 2, "nothing here reads along"),
    Key("AutomatedPasswordChangeSettings", 2, "nothing here acts by itself"),
    Key("LiveCaptionEnabled", False, "no model is fetched"),
    Key("LiveTranslateEnabled", False, "no model is fetched"),
    Key("SearchContentSharingSettings", 1, "no page is sent to anybody"),
    Key("EnableMediaRouter", False, "nothing is cast to another screen"),
    Key("DesktopSharingHubEnabled", False, "no page is sent to anybody"),
    Key("QRCodeGeneratorEnabled", False, "no page is handed to a telephone"),
    Key("AccessCodeCastEnabled", False, "nothing is cast to another screen"),
    Key("MediaRouterCastAllowAllIPs", False, "nothing is cast to another screen"),
    Key("AccessibilityImageLabelsEnabled", False, "no picture is sent to be described"),
    Key("MediaRecommendationsEnabled", False, "no other pages are suggested"),
    Key("ShoppingListEnabled", False, "nothing is bought"),
    # Ways round the door
    Key("DnsOverHttpsMode", "off", "names are resolved by the door"),
    Key("BuiltInDnsClientEnabled", False, "names are resolved by the door"),
    Key("DNSInterceptionChecksEnabled", False, "asks for names that do not exist, to see who answers"),
    Key("IntranetRedirectBehavior", 1, "asks for names that do not exist, to see who answers"),
    Key("QuicAllowed", False, "no UDP: the door sees every connection"),
    Key("WebRtcIPHandling", "disable_non_proxied_udp", "no peer connection beside the door"),
    Key("WebRtcEventLogCollectionAllowed", False, "no record of calls"),
    Key("NetworkPredictionOptions", REFUSED, "no connection before a page is decided on"),
    Key("DefaultDirectSocketsSetting", REFUSED, "no connection but the web's"),
    Key("SandboxExternalProtocolBlocked", True, "no frame starts a program"),
    Key("ExternalProtocolDialogShowAlwaysOpenCheckbox", False, "no link to a program is remembered"),
    Key("EncryptedClientHelloEnabled", False, "the door compares the server name"),
    Key("SignedHTTPExchangeEnabled", False, "no page under another site's name"),
    Key("MaxConnectionsPerProxy", 99, "32 for everything would slow a page of many pictures"),
    # Windows, menus and the way to type an address
    Key("DeveloperToolsAvailability", DEVTOOLS_FOR_THE_DRIVER, "the guardian drives the browser by them"),
    Key("BrowserGuestModeEnabled", False, "no guest (H22)"),
    Key("BrowserAddPersonEnabled", False, "one profile"),
    Key("ProfilePickerOnStartupAvailability", 1, "no choice of profiles"),
    Key("SigninInterceptionEnabled", False, "no bubble about accounts"),
    Key("IncognitoModeAvailability", 1, "no private window"),
    Key("ForceEphemeralProfiles", True, "nothing is left of a session"),
    Key("EditBookmarksEnabled", False, "no list of other pages"),
    Key("BookmarkBarEnabled", False, "no list of other pages"),
    Key("HomepageIsNewTabPage", False, "Alt+Home opens nothing new"),
    Key("NewTabPageLocation", "about:blank", "a new tab shows nothing"),
    Key("RestoreOnStartup", 5, "starts empty, with no “restore pages” bubble"),
    Key("DefaultSearchProviderEnabled", False, "no search (S3)"),
    Key("TranslateEnabled", False, "no bubble, and no translator's host"),
    Key("BrowserLabsEnabled", False, "no flask icon"),
    Key("SideSearchEnabled", False, "no panel beside the page"),
    Key("GoogleSearchSidePanelEnabled", False, "no panel beside the page"),
    Key("HistoryClustersVisible", False, "no list of other pages"),
    Key("HideWebStoreIcon", True, "no shop"),
    Key("SuppressUnsupportedOSWarning", True, "no bar across the page"),
    Key("AllowSystemNotifications", False, "nothing appears over the page"),
    Key("BackgroundTabFreezingEnabled", False, "who freezes a page is the guardian"),
    Key("HighEfficiencyModeEnabled", False, "no page is put away behind the cover"),
    Key("BatterySaverModeAvailability", 0, "a page is as quick as it was when it was checked"),
    Key("TabDiscardingExceptions", ["*"], "no page is put away behind the cover"),
    Key("CommandLineFlagSecurityWarningsEnabled", False, "no bar across the page"),
    Key("FullscreenAllowed", False, "a page cannot hide the bar"),
    Key("ShowHomeButton", False, "Home is ours"),
    Key("DefaultBrowserSettingEnabled", False, "no question at the start"),
    Key("PromotionsEnabled", False, "no welcome or “what is new” page"),
    Key("TaskManagerEndProcessEnabled", False, "no task window"),
    Key("AllowDinosaurEasterEgg", False, "an error page is no game"),
    Key("DefaultPopupsSetting", REFUSED, "no new windows (H13)"),
    Key("DefaultControlledFrameSetting", REFUSED, "no browser within the browser"),
    Key("DefaultSubAppsWithoutPromptsSetting", REFUSED, "no apps (H13)"),
    Key("PolicyRefreshRate", 1800000, "half an hour; a session starts the browser anew anyway"),
    # What a page may ask for
    Key("AudioCaptureAllowed", False, "no microphone (H12)"),
    Key("VideoCaptureAllowed", False, "no camera (H12)"),
    Key("ScreenCaptureAllowed", False, "no picture of the screen (invariant 6)"),
    Key("DisableScreenshots", True, "no picture of the screen (invariant 6)"),
    Key("DefaultGeolocationSetting", REFUSED, "no place (S11)"),
    Key("DefaultNotificationsSetting", REFUSED, "no question, no message"),
    Key("DefaultClipboardSetting", REFUSED, "nothing is carried between pages"),
    Key("DefaultFileSystemReadGuardSetting", REFUSED, "no file of the kiosk"),
    Key("DefaultFileSystemWriteGuardSetting", REFUSED, "no file on the kiosk"),
    Key("DefaultSensorsSetting", REFUSED, "no sensors"),
    Key("DefaultSerialGuardSetting", REFUSED, "no devices"),
    Key("DefaultWebBluetoothGuardSetting", REFUSED, "no devices"),
    Key("DefaultWebHidGuardSetting", REFUSED, "no devices"),
    Key("DefaultWebUsbGuardSetting", REFUSED, "no devices (S5)"),
    Key("DefaultLocalFontsSetting", REFUSED, "no list of what is installed"),
    Key("DefaultWindowManagementSetting", REFUSED, "no placing of windows"),
    Key("DefaultIdleDetectionSetting", REFUSED, "nobody is watched"),
    Key("DefaultInsecureContentSetting", REFUSED, "no http inside https"),
    Key("BlockThirdPartyCookies", True, "sites do not share what they remember"),
    Key("DefaultCookiesSetting", 4, "kept until the session ends"),
    Key("PaymentMethodQueryEnabled", False, "nothing is bought"),
    Key("AutoplayAllowed", False, "sound starts with a child's touch, never by itself"),
    Key("AutoplayAllowlist", [f"http://{BUILTIN_HOST}"], "our own story is read as its page opens"),
    Key("PrivacySandboxAdMeasurementEnabled", False, "no advertising"),
    Key("PrivacySandboxAdTopicsEnabled", False, "no advertising"),
    Key("PrivacySandboxSiteEnabledAdsEnabled", False, "no advertising"),
    Key("PrivacySandboxPromptEnabled", False, "no question"),
    # Files, passwords, programs
    Key("AudioSandboxEnabled", True, "what plays sound can touch nothing else"),
    Key("OutOfProcessSystemDnsResolutionEnabled", True, "who asks for names can touch nothing else"),
    Key("SitePerProcess", True, "no site reads the memory of another"),
    Key("AllowFileSelectionDialogs", False, "no file dialogs (H13)"),
    Key("DownloadRestrictions", 3, "no downloads (H13)"),
    Key("DefaultAutomaticDownloadsSetting", REFUSED, "no downloads (H13)"),
    Key("PromptForDownloadLocation", False, "no file dialogs (H13)"),
    Key("AlwaysOpenPdfExternally", True, "no PDF viewer with its print and save; a download is refused"),
    Key("PrintingEnabled", False, "no printing (H13)"),
    Key("DisablePrintPreview", True, "no printing (H13)"),
    Key("PasswordManagerEnabled", False, "no password is kept (H8)"),
    Key("PasswordLeakDetectionEnabled", False, "no password is kept (H8)"),
    Key("PasswordManagerPasskeysEnabled", False, "no password is kept (H8)"),
    Key("PasswordSharingEnabled", False, "no password is kept (H8)"),
    Key("PasswordDismissCompromisedAlertEnabled", False, "no bubble about passwords"),
    Key("ImportAutofillFormData", False, "nothing is brought in"),
    Key("ImportBookmarks", False, "nothing is brought in"),
    Key("ImportHistory", False, "nothing is brought in"),
    Key("ImportHomepage", False, "nothing is brought in"),
    Key("ImportSavedPasswords", False, "nothing is brought in"),
    Key("ImportSearchEngine", False, "nothing is brought in"),
    Key("ExtensionInstallBlocklist", ["*"], "no extensions (H13)"),
    Key("BlockExternalExtensions", True, "no extensions (H13)"),
    Key("WebAppInstallForceList", [], "no apps (H13)"),
    Key("WebAppInstallByUserEnabled", False, "no apps (H13)"),
    Key("NativeMessagingBlocklist", ["*"], "no program is started from a page"),
    Key("AuthSchemes", "", "no log-in prompt of a server"),
    Key("BasicAuthOverHttpEnabled", False, "no log-in prompt of a server"),
    Key("SafeBrowsingProxiedRealTimeChecksAllowed", False, "asks hosts that the door refuses"),
    Key("SSLErrorOverrideAllowed", False, "no “proceed anyway”"),
    Key("AllowWebAuthnWithBrokenTlsCerts", False, "no “proceed anyway”"),
    Key("CACertificateManagementAllowed", 2, "nobody at the screen trusts another authority"),
    Key("DiskCacheSize", 67108864, "bytes; the profile lies in RAM"),
)


def managed_policy(policy: Policy, ca_certificates: Sequence[str] = ()) -> dict[str, object]:
    """The contents of Chromium's managed policy file for `policy`.

    `ca_certificates`: further certificate authorities to trust, each DER in base64.
    """
    compiled: dict[str, object] = {key.name: key.value for key in HARDENING}
    compiled["URLBlocklist"] = ["*", *CLOSED_SCHEMES]
    compiled["URLAllowlist"] = ["about:blank", *allowed(policy)]
    plain = sorted({entry_host(at) for at in authorities(policy) if at.scheme == "http"})
    # Where http is listed it is meant; otherwise the browser would ask for https first and meet the door.
    compiled["HttpsOnlyMode"] = "disallowed"
    compiled["HttpsUpgradesEnabled"] = not plain
    compiled["HttpAllowlist"] = plain
    if ca_certificates:
        compiled["CACertificates"] = list(ca_certificates)
    return compiled


def authorities(policy: Policy) -> set[Authority]:
    """Every authority the policy names."""
    return {at for site in policy.sites for at in site.authorities}


def allowed(policy: Policy) -> list[str]:
    """The pages of `policy` in the filter format of Chromium's URLAllowlist, each once."""
    return sorted({entry(pattern) for site in policy.sites for pattern in site.page_patterns})


def entry(pattern: PagePattern) -> str:
    """One page pattern as one entry. The scheme and port are always written: without them Chromium means any.

    A leading dot means that very host; without it subdomains are included. A directory is written without its
    slash, because it includes itself without it.
    """
    at = pattern.at
    host = at.host if at.wild else f".{at.host}"
    path = pattern.path.removesuffix("/")
    asked = askable(pattern.query or ())
    query = f"?{'&'.join(asked)}" if asked else ""
    return f"{at.scheme}://{host}:{at.port}{path}{query}"


def askable(query: Sequence[str]) -> list[str]:
    """Those of a page's parameters that Chromium's filter can ask for: it wants a value, and one alone. Where
    some are left out, the gate asks for them.
    """
    named = [part.partition("=") for part in query]
    times = Counter(name for name, _, _ in named)
    return ["".join(part) for part in named if part[2] and times[part[0]] == 1]


def entry_host(at: Authority) -> str:
    """A host as Chromium's lists of hosts write it."""
    return f"[*.]{at.host}" if at.wild else at.host
