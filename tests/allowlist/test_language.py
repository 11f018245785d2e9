"""The language of the list, row by row, as DESIGN “The allowlist” states it (S3)."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowlist import urls
from allowlist.document import Wrong
from allowlist.patterns import host_pattern, on, page_pattern
from allowlist.urls import Refused, read_url

DIRECTORY = "https://farm.example/animals/"

PAGES = [
    # pattern, URL, whether a child may be there
    (DIRECTORY, "https://farm.example/animals/", True),
    (DIRECTORY, "https://farm.example/animals", True),
    (DIRECTORY, "https://farm.example/animals/duck.html", True),
    (DIRECTORY, "https://farm.example/animals/a/b/c", True),
    (DIRECTORY, "https://farm.example/animals/?any=query", True),
    (DIRECTORY, "https://farm.example/animals/#anywhere", True),
    (DIRECTORY, "https://FARM.example/animals/", True),
    (DIRECTORY, "HTTPS://farm.example:443/animals/", True),
    (DIRECTORY, " https://farm.example/ani\nmals/ ", True),
    (DIRECTORY, "https:\\\\farm.example\\animals\\", True),
    (DIRECTORY, "https://farm.example/x/../animals/", True),
    (DIRECTORY, "https://farm.example/animals/%20a%C3%A9", True),
    (DIRECTORY, "https://farm.example/animalsX", False),
    (DIRECTORY, "https://farm.example/Animals/", False),
    (DIRECTORY, "https://farm.example/animals/../secret", False),
    (DIRECTORY, "https://farm.example/animals/%2e%2e/secret", False),
    (DIRECTORY, "https://farm.example/animals/.%2E/secret", False),
    (DIRECTORY, "https://farm.example/", False),
    (DIRECTORY, "https://farm.example//animals/", False),
    (DIRECTORY, "http://farm.example/animals/", False),
    (DIRECTORY, "wss://farm.example/animals/", False),
    (DIRECTORY, "https://farm.example:8443/animals/", False),
    (DIRECTORY, "https://www.farm.example/animals/", False),
    (DIRECTORY, "https://farm.example.evil.example/animals/", False),
    (DIRECTORY, "https://evilfarm.example/animals/", False),
    (DIRECTORY, "https://evil.example/https://farm.example/animals/", False),
    (DIRECTORY, "https://evil.example\\@farm.example/animals/", False),
    ("farm.example/animals/", "https://farm.example/animals/", True),
    ("farm.example/animals/", "http://farm.example/animals/", False),
    ("https://farm.example", "https://farm.example/all/of/it", True),
    ("https://farm.example/duck.html", "https://farm.example/duck.html", True),
    ("https://farm.example/duck.html", "https://farm.example/duck.html?any", True),
    ("https://farm.example/duck.html", "https://farm.example/duck.html/", False),
    ("https://farm.example/duck.html", "https://farm.example/duck.htmlx", False),
    ("https://farm.example/duck.html", "https://farm.example/DUCK.html", False),
    ("http://farm.example/", "http://farm.example/a", True),
    ("http://farm.example/", "https://farm.example/a", False),
    ("https://farm.example:8443/", "https://farm.example:8443/a", True),
    ("https://farm.example:8443/", "https://farm.example/a", False),
    ("https://*.farm.example/", "https://www.farm.example/a", True),
    ("https://*.farm.example/", "https://a.b.farm.example/a", True),
    ("https://*.farm.example/", "https://farm.example/a", False),
    ("https://*.farm.example/", "https://notfarm.example/a", False),
    ("https://farm.example/p?a=1&b=2", "https://farm.example/p?a=1&b=2", True),
    ("https://farm.example/p?a=1&b=2", "https://farm.example/p?b=2&a=1", True),
    ("https://farm.example/p?a=1&b=2", "https://farm.example/p?b=2&a=1#x", True),
    ("https://farm.example/p?a=1&b=2", "https://farm.example/p?a=1", False),
    ("https://farm.example/p?a=1&b=2", "https://farm.example/p?a=1&b=2&c=3", False),
    ("https://farm.example/p?a=1&b=2", "https://farm.example/p?a=1&a=1&b=2", False),
    ("https://farm.example/p?a=1&b=2", "https://farm.example/p?a=1&b=3", False),
    ("https://farm.example/p?a=1&b=2", "https://farm.example/p", False),
    ("https://farm.example/p?", "https://farm.example/p", True),
    ("https://farm.example/p?", "https://farm.example/p?a=1", False),
    ("https://bücher.example/", "https://xn--bcher-kva.example/", True),
    ("https://farm.example/é/", "https://farm.example/%C3%A9/x", True),
]


@pytest.mark.parametrize(("pattern", "url", "may"), PAGES)
def test_a_page_pattern_means(pattern: str, url: str, may: bool) -> None:
    try:
        matched = page_pattern(pattern).matches(read_url(url))
    except Refused:
        matched = False
    assert matched is may


REFUSED = [
    ("https://user@farm.example/", "name or password"),
    ("https://user:word@farm.example/", "name or password"),
    ("https://:word@farm.example/", "name or password"),
    ("https://1.2.3.4/", "by a number"),
    ("https://2130706433/", "by a number"),
    ("https://0x7f.1/", "by a number"),
    ("https://017700000001/", "by a number"),
    ("https://１２７.0.0.1/", "by a number"),
    ("https://[::1]/", "by a number"),
    ("https://[::ffff:1.2.3.4]/", "by a number"),
    ("https://farm.example./", "in a dot"),
    ("https://localhost/", "one word"),
    ("https://farm/", "one word"),
    ("https://.farm.example/", "cannot exist"),
    ("https://a..farm.example/", "cannot exist"),
    ("https://farm.example/a%2fb", "hides another path"),
    ("https://farm.example/a%2Fb", "hides another path"),
    ("https://farm.example/a%5cb", "hides another path"),
    ("https://farm.example/a%252fb", "hides another path"),
    ("https://farm.example/a%255cb", "hides another path"),
    ("https://farm.example/a%00b", "hides another path"),
    ("https://farm.example/a%2500b", "hides another path"),
    ("https://farm.example/animals/..%2fsecret", "hides another path"),
    ("https://farm.example/animals/..%5csecret", "hides another path"),
    ("https://farm.example/animals/%252e%252e/secret", "climbs out"),
    ("https://farm.example/animals/..;/secret", "climbs out"),
    ("https://farm.example/animals/..;a=b/secret", "climbs out"),
    ("https://farm.example/animals/%2e%2e;/secret", "climbs out"),
    ("https://farm.example/animals/..%3b/secret", "climbs out"),
    ("https://farm.example/animals/..%3Ba=b/secret", "climbs out"),
    ("https://farm.example/animals/..%253b/secret", "climbs out"),
    ("https://farm.example/animals/..%3%42/secret", "climbs out"),
    ("https://farm.example/animals/.%2%65/secret", "climbs out"),
    ("https://farm.example/animals/..%2%66secret", "hides another path"),
    ("https://farm.example/a%%35cb", "hides another path"),
    ("https://farm.example/a%0%30b", "hides another path"),
    ("about:blank", "neither http nor https"),
    ("blob:https://farm.example/1", "neither http nor https"),
    ("data:text/html,x", "neither http nor https"),
    ("javascript:alert(1)", "neither http nor https"),
    ("file:///etc/passwd", "neither http nor https"),
    ("ftp://farm.example/", "neither http nor https"),
    ("view-source:https://farm.example/", "neither http nor https"),
    ("chrome://settings/", "neither http nor https"),
    ("wss://farm.example/", "neither http nor https"),
    ("//farm.example/", "is not a URL"),
    ("farm.example", "is not a URL"),
    ("https://", "is not a URL"),
    ("http://:", "is not a URL"),
    ("http://:/x", "is not a URL"),
    ("http://:80/", "is not a URL"),
    ("https://fa rm.example/", "is not a URL"),
    ("https://farm.example:99999/", "is not a URL"),
    ("https://\udcff.example/", "is not a URL"),
    ("", "is not a URL"),
    ("https://farm.example/" + "a" * 9000, "too long"),
]


@pytest.mark.parametrize(("url", "why"), REFUSED)
def test_a_url_that_readers_disagree_about_is_refused_s3(url: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read_url(url)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("ftp://farm.example/", "neither https nor http"),
        ("*://farm.example/", "neither https nor http"),
        ("https://*/", "star in a wrong place"),
        ("https://farm.*/", "star in a wrong place"),
        ("https://farm.example/*", "star in a wrong place"),
        ("https://*.*.example/", "star in a wrong place"),
        ("https://co.uk/", "every site that ends in “co.uk”"),
        ("https://*.co.uk/", "every site that ends in “co.uk”"),
        ("https://github.io/", "every site that ends in “github.io”"),
        ("https://*.github.io/", "every site that ends in “github.io”"),
        ("https://*.amazonaws.com/", "anybody may put under names that end in “amazonaws.com”"),
        ("https://*.windows.net/", "anybody may put under"),
        ("https://*.fastly.net/", "anybody may put under"),
        ("https://*.østfold.no/", "anybody may put under names that end in “xn--stfold-9xa.no”"),
        ("https://farm.example:0/", "port 0"),
        ("https://*.example/", "one word"),
        ("https://farm/", "one word"),
        ("https://farm.example./", "in a dot"),
        ("https://1.2.3.4/", "by a number"),
        ("https://[::1]/", "by a number"),
        ("https://*.1.2.3.4/", "by a number"),
        ("https://a:b@farm.example/", "name or password"),
        ("https://farm.example/#top", "“#”"),
        ("https://farm.example/a b", "space"),
        ("https://farm.example\\a", "backslash"),
        ("https://farm.example/a%2fb/", "hides another path"),
        ("https://", "not a URL"),
        ("", "not a URL"),
    ],
)
def test_a_pattern_that_says_more_than_it_seems_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(Wrong, match=why.replace("*", r"\*")):
        page_pattern(pattern)


@pytest.mark.parametrize(
    ("text", "host", "port", "scheme", "may"),
    [
        ("cdn.example.org", "cdn.example.org", 443, "https", True),
        ("cdn.example.org", "cdn.example.org", 80, "http", False),
        ("cdn.example.org", "a.cdn.example.org", 443, "https", False),
        ("*.img.example", "a.img.example", 443, "https", True),
        ("*.img.example", "a.b.img.example", 443, "https", True),
        ("*.img.example", "img.example", 443, "https", False),
        ("*.img.example", ".img.example", 443, "https", False),
        ("*.img.example", "ximg.example", 443, "https", False),
        ("cdn.example.org:8443", "cdn.example.org", 8443, "https", True),
        ("http://cdn.example.org", "cdn.example.org", 80, "http", True),
    ],
)
def test_a_host_pattern_means(text: str, host: str, port: int, scheme: str, may: bool) -> None:
    assert on(host_pattern(text), host, port, scheme) is may


@pytest.mark.parametrize("text", ["*.bbc.co.uk", "*.farm.github.io", "*.a.s3.amazonaws.com", "amazonaws.com"])
def test_what_one_owner_has_may_be_listed(text: str) -> None:
    assert host_pattern(text)


@pytest.mark.parametrize(
    "text", ["cdn.example.org/", "cdn.example.org/a", "https://cdn.example.org/a", "a.b.org?x"]
)
def test_a_page_among_the_needs_is_told_apart(text: str) -> None:
    with pytest.raises(Wrong, match="names a page"):
        host_pattern(text)


@pytest.mark.parametrize(
    ("read", "text", "instead"),
    [
        (page_pattern, "HTTPS://farm.example/", "Write https://."),
        (page_pattern, "Http://farm.example/", "Write http://."),
        (host_pattern, "cdn.example?x", "Write “cdn.example”."),
        (host_pattern, "*.cdn.example/a?x", "Write “*.cdn.example”."),
        (host_pattern, "https://cdn.example:8443/", "Write “cdn.example:8443”."),
        (host_pattern, "http://cdn.example/", "Write “http://cdn.example”."),
    ],
)
def test_what_is_advised_is_what_was_meant(read: Callable[[str], object], text: str, instead: str) -> None:
    with pytest.raises(Wrong) as wrong:
        read(text)
    assert wrong.value.instead == instead


names = st.text(alphabet=string.ascii_lowercase + string.digits + "-._~", min_size=1, max_size=8)
segments = st.lists(names.filter(lambda name: name not in (".", "..")), max_size=4)


@given(segments, segments)
def test_a_directory_holds_exactly_what_lies_under_it(base: list[str], more: list[str]) -> None:
    directory = "/".join(["https://farm.example", *base, ""])
    inside = read_url(directory + "/".join(more))
    assert page_pattern(directory).matches(inside)
    if base:
        beside = read_url(directory.removesuffix("/") + "x/" + "/".join(more))
        assert not page_pattern(directory).matches(beside)


nasty = st.lists(
    st.sampled_from([*"/\\.;%?#@:aé", "..", "%2e", "%2f", "%5c", "%25", "%00", "..;", "secret", "\t", "//"]),
    max_size=12,
).map("".join)


@given(nasty)
def test_whatever_the_path_a_url_that_is_inside_stays_inside_when_decoded_again(tail: str) -> None:
    """However often a server decodes the path of an accepted URL, it does not leave the directory."""
    from posixpath import normpath
    from urllib.parse import unquote

    try:
        url = read_url("https://farm.example/animals/" + tail)
    except Refused:
        return
    if page_pattern(DIRECTORY).matches(url):
        path = url.path
        for _ in range(3):
            plain = "/".join(part.partition(";")[0] for part in path.replace("\\", "/").split("/"))
            assert (normpath(plain) + "/").startswith("/animals/")
            path = unquote(path, encoding="latin-1")


@st.composite
def escaped(draw: st.DrawFn, sign: str) -> str:
    """`sign`, or its escape, or an escape of which any part is escaped again."""
    if draw(st.booleans()):
        return sign
    return "".join(f"%{ord(part):02x}" if draw(st.booleans()) else part for part in f"%{ord(sign):02x}")


@given(st.lists(st.sampled_from("/\\.;%\0a ").flatmap(escaped) | st.just(".."), max_size=8).map("".join))
def test_a_path_is_accepted_only_if_it_shows_what_it_decodes_to(tail: str) -> None:
    """What is looked for first, to be quick, lets nothing by that the whole look refuses."""
    try:
        path = read_url(f"https://farm.example/animals/{tail}").path
    except Refused:
        return
    urls._check_path(path)


@given(st.text(max_size=60).map("https://farm.example/".__add__) | st.text(max_size=60))
def test_reading_a_reading_changes_nothing(text: str) -> None:
    try:
        url = read_url(text)
    except Refused:
        return
    query = "" if url.query is None else f"?{url.query}"
    assert read_url(f"{url.scheme}://{url.host}:{url.port}{url.path}{query}") == url
