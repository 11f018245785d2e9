"""URLs that a reader of URLs may get wrong, known and made up, and the list that they are asked of."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.allowlist.conftest import policy_of

PAGES = (
    "https://farm.example/animals/",
    "https://farm.example/duck.html",
    "https://*.star.example/a/",
    "http://plain.example/a/",
    "https://port.example:8443/",
    "https://query.example/p?b=2&a=1",
)
POLICY = policy_of(*PAGES)

_NASTY = """
    https://farm.example/animals/ https://farm.example/animals https://farm.example/animals/x?y#z
    https://farm.example/animalsX https://farm.example/Animals/ https://farm.example/ http://farm.example/animals/
    https://farm.example/duck.html https://farm.example/duck.html?x https://farm.example/duck.htmlx
    https://farm.example/animals/../secret https://farm.example/animals/%2e%2e/secret
    https://farm.example/animals/..%2fsecret https://farm.example/animals/%252e%252e/secret
    https://farm.example:8443/animals/ https://www.farm.example/animals/ https://evilfarm.example/animals/
    https://farm.example.evil.example/animals/ https://evil.example/https://farm.example/animals/
    https://evil.example\\@farm.example/animals/ https://user:word@farm.example/animals/
    https://user:word@evil.example/animals/ https://farm.example./animals/ https://FARM.example/animals/
    https://star.example/a/ https://x.star.example/a/ https://x.y.star.example/a/b https://x.star.example/b
    https://notstar.example/a/ http://plain.example/a/b https://plain.example/a/b http://plain.example:81/a/
    https://port.example:8443/x https://port.example/x https://query.example/p?a=1&b=2
    https://query.example/p?b=2&a=1 https://query.example/p?a=1 https://query.example/p
    https://query.example/p?a=1&b=2&c=3 https://127.0.0.1/ https://2130706433/ https://[::1]/ http://localhost/
    https://1.1.1.1/dns-query https://dns.google/dns-query data:text/html,x javascript:alert(1)
    file:///etc/passwd view-source:https://farm.example/animals/ chrome://settings/ chrome://version/
    chrome://policy/ chrome://inspect/ chrome://downloads/ chrome://newtab/ chrome-untrusted://new-tab-page/
    devtools://devtools/bundled/inspector.html chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/index.html
    blob:https://farm.example/1 filesystem:https://farm.example/temporary/x ftp://farm.example/animals/
    mailto:a@farm.example tel:123 intent://x#Intent;end ws://farm.example/animals/ wss://farm.example/animals/
    https://translate.google.com/translate?u=https://farm.example/animals/
"""
NASTY = _NASTY.split()


LISTED = [
    "https://farm.example/animals/duck",
    "https://farm.example/animals?x=1#top",
    "https://farm.example/duck.html",
    "https://w.star.example/a/b/",
    "http://plain.example/a/b.png",
    "https://port.example:8443/x",
    "https://query.example/p?a=1&b=2",
]
SLIPPED_IN = [
    *(
        "/",
        "//",
        "\\",
        ".",
        "..",
        "/../",
        "/./",
        "%2e",
        "%2E%2e/",
        "..%2f",
        "%2f",
        "..%3b/",
        "..%2%66",
        "%5c",
        "%00",
        "%252e",
        "%zz",
    ),
    *(
        "@",
        "a@",
        ":",
        ":443",
        ":80",
        ":8443",
        ":0",
        "?",
        "#",
        "&",
        "&c=3",
        ";",
        ";b",
        "=",
        "*",
        "|",
        "'",
        '"',
    ),
    *("x", "X", "x.", ".x", "-", "_", "é", "%C3%A9", "ſ", "。", "．", "\u00ad", "\u200d", "％", "Ⅷ", "xn--"),
    *(
        " ",
        "%20",
        "\t",
        "\n",
        "\0",
        "+",
        "[",
        "]",
        "127.0.0.1",
        "0x7f.1",
        "[::1]",
        "http:",
        "https://",
        "evil",
    ),
]
slips = st.lists(st.tuples(st.integers(0, 50), st.sampled_from(SLIPPED_IN)), max_size=3)


@st.composite
def slipped(draw: st.DrawFn, listed: Sequence[str]) -> str:
    """A listed page's URL with up to three things slipped in."""
    url = draw(st.sampled_from(listed))
    for place, what in draw(slips):
        url = url[:place] + what + url[place:]
    return url
