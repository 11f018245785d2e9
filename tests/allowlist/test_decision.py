"""What a list decides: by level, status and day, for pages and for hosts (H2, H6, H11, S8, S10)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import assets
from allowlist import reopening
from allowlist.builtin import BUILTIN_HOST, BuiltinSite
from allowlist.chromium import managed_policy
from allowlist.decision import FEW, Allowlist, Policy
from allowlist.document import Problem, Problems, parse
from allowlist.patterns import is_public_suffix
from allowlist.reopening import REOPENING
from allowlist.sites import MOST_ENTRIES, Site, SiteList, _unique
from allowlist.urls import read_url
from tests.allowlist.conftest import TODAY, site

CHECKED = {"by": "t.harvey", "role": "ict", "on": "2026-11-02", "until": "2027-11-01", "reason": "Farm topic"}


def counts(level: str = "nursery", on: date = TODAY, **changes: Any) -> bool:
    return len(Allowlist((site(**changes),)).policy(level, on).sites) == 1


def test_a_site_counts_only_while_it_is_approved_for_the_level_on_the_day() -> None:
    assert counts()
    assert counts(on=date(2026, 11, 2))
    assert counts(on=date(2027, 11, 1))
    assert not counts(on=date(2026, 11, 1))
    assert not counts(on=date(2027, 11, 2))
    assert not counts("reception")
    assert not counts("")
    assert not counts(status="proposed")
    assert not counts(status="withdrawn")
    assert not counts(status="proposed", checked=None)


def test_a_page_and_its_host_are_answered_with_the_site_that_allows_them() -> None:
    policy = Policy([site(needs=["cdn.example.org"])])
    page = policy.page("https://farm.example/animals/duck")
    assert (page.ok, page.host, page.site) == (True, "farm.example", "farm")
    refused = policy.page("https://farm.example/other")
    assert (refused.ok, refused.host, refused.site) == (False, "farm.example", "")
    assert refused.why == "This page of farm.example is not on the list."
    assert policy.page("https://cdn.example.org/").why == "No page of cdn.example.org is on the list."
    assert policy.host("cdn.example.org", 443).site == "farm"
    assert policy.host("FARM.example", 443).ok
    assert not policy.host("farm.example", 80).ok
    assert not policy.host("farm.example", 443, "http").ok
    assert not policy.host("10.0.0.1", 443).ok
    assert "why='This page of farm.example is not on the list.'" in repr(refused)
    assert policy.host_of("wss://farm.example/live").ok
    assert not policy.host_of("ws://farm.example/live").ok


@pytest.mark.parametrize(
    ("url", "host", "why"),
    [
        ("https://1.2.3.4/", "1.2.3.4", "This address at 1.2.3.4 names its host by a number."),
        ("https://0x7f.1/", "127.0.0.1", "This address at 127.0.0.1 names its host by a number."),
        ("https://evil.example./", "evil.example.", "This address at evil.example. ends its host in a dot."),
        (
            "https://farm.example@evil.example/",
            "evil.example",
            "This address at evil.example carries a name or password.",
        ),
        (
            "https://farm.example/animals/..%2f",
            "farm.example",
            "This address at farm.example hides another path in its path.",
        ),
        ("ftp://evil.example/", "evil.example", "This address at evil.example is neither http nor https."),
        ("mailto:a@evil.example", "", "This address is neither http nor https."),
        (f"https://evil.example/{'x' * 9000}", "evil.example", "This address at evil.example is too long."),
        ("nonsense", "", "This address is not a URL."),
    ],
)
def test_a_no_names_the_host_of_an_address_that_no_list_can_allow(url: str, host: str, why: str) -> None:
    """As a browser reads it, wherever one can be read (CHILD_UI, scene 10)."""
    answer = Policy([site()]).page(url)
    assert (answer.ok, answer.host, answer.why) == (False, host, why)


def test_the_first_site_of_the_list_that_has_a_page_answers_for_it() -> None:
    one, two = site(), site(id="yard", pages=["https://farm.example/"], start="https://farm.example/")
    assert Policy([one, two]).page("https://farm.example/animals/").site == "farm"
    assert Policy([two, one]).page("https://farm.example/animals/").site == "yard"
    assert [each.id for each in Policy([two, one]).sites] == ["yard", "farm"]


def test_a_star_and_an_exact_host_are_both_found() -> None:
    star = site(id="star", pages=["https://*.farm.example/a/"], start="https://www.farm.example/a/")
    policy = Policy([star, site()])
    assert policy.page("https://x.y.farm.example/a/b").site == "star"
    assert policy.page("https://farm.example/animals/").site == "farm"
    assert not policy.page("https://farm.example/a/").ok


def test_a_star_opens_no_address_that_is_refused_for_itself_and_no_other_port_or_scheme() -> None:
    pages = ["https://*.farm.example/a/", "https://*.farm.example:8443/b/", "https://*.deep.farm.example/c/"]
    policy = Policy([site(pages=pages, start="https://www.farm.example/a/")])
    for good in (
        "https://x.farm.example:8443/b/",
        "https://x.deep.farm.example/a/",
        "https://x.deep.farm.example/c/",
    ):
        assert policy.page(good).ok
    for bad in ("http://x.farm.example/a/", "https://x.farm.example:8443/a/", "https://x.farm.example/b/"):
        assert not policy.page(bad).ok
    for bad, why in (
        ("https://a:b@x.farm.example/a/", "carries a name or password"),
        ("https://x..farm.example/a/", "has a host that cannot exist"),
        ("https://x.farm.example/a/..%2fb", "hides another path in its path"),
        ("wss://x.farm.example/a/", "x.farm.example is on the list, but not over wss."),
        ("https://farm.example/a/", "No page of farm.example is on the list."),
        ("https://x.farm.example/b/", "This page of x.farm.example is not on the list."),
    ):
        answer = policy.page(bad)
        assert (answer.ok, why in answer.why) == (False, True), answer
    assert policy.host("x.deep.farm.example", 443).ok
    assert policy.host("x.farm.example", 8443).ok
    assert not policy.host("x.farm.example", 444).ok
    assert not policy.host("farm.example", 443).ok


@pytest.mark.parametrize(
    ("url", "page", "host"),
    [
        ("http://farm.example/animals/", "{is_} but not over http.", "{is_} but not over http."),
        ("https://farm.example:8443/animals/", "{is_} but not at port 8443.", "{is_} but not at port 8443."),
        ("https://farm.example/else", "This page of {host} is not on the list.", ""),
        ("https://a.star.example:81/x/", "{is_} but not at port 81.", "{is_} but not at port 81."),
        ("http://star.example/x/", "No page of {host} is on the list.", "{host} is not on the list."),
        ("http://yard.example/", "{is_} but not at port 80.", "{is_} but not at port 80."),
        (
            "http://yard.example:443/",
            "{is_} but not over http at port 443.",
            "{is_} but not over http at port 443.",
        ),
        ("https://cdn.example.org/", "No page of {host} is on the list.", ""),
        ("http://cdn.example.org/", "No page of {host} is on the list.", "{is_} but not over http."),
        ("http://else.example/", "No page of {host} is on the list.", "{host} is not on the list."),
    ],
)
def test_a_no_says_truly_what_of_an_address_is_not_on_the_list(url: str, page: str, host: str) -> None:
    pages = ["https://*.star.example/x/", "http://yard.example:8080/", "https://yard.example/"]
    policy = Policy(
        [site(needs=["cdn.example.org"]), site(id="more", pages=pages, start="https://yard.example/")]
    )
    name = read_url(url).host
    words = {"host": name, "is_": f"{name} is on the list,"}
    assert policy.page(url).why == page.format(**words)
    assert policy.host_of(url).why == (host.format(**words) or "It is on the list.")


def test_the_doors_no_names_the_scheme_if_that_differs_and_else_the_port() -> None:
    policy = Policy([site()])
    assert policy.host("farm.example", 80).why == "farm.example is on the list, but not at port 80."
    assert policy.host("farm.example", 80, "https").why == "farm.example is on the list, but not at port 80."
    assert policy.host("farm.example", 443, "http").why == "farm.example is on the list, but not over http."


labels = st.text(alphabet="abc", min_size=1, max_size=2)
hosts = st.lists(labels, min_size=1, max_size=3).map(lambda parts: ".".join([*parts, "example"]))
paths = st.lists(labels, max_size=2).map(lambda parts: "/".join(["", *parts]))
written = st.builds(
    "https://{}{}{}{}".format, st.sampled_from(["", "*."]), hosts, paths, st.sampled_from(["", "/", "?a=b"])
)


@given(
    st.lists(written, min_size=1, max_size=12),
    hosts,
    paths,
    st.sampled_from(["", "/", "?a=b", "/x?c"]),
    st.sampled_from([0, 2, FEW]),
)
def test_the_index_answers_exactly_as_the_patterns_one_by_one(
    pages: list[str], host: str, path: str, tail: str, few: int
) -> None:
    """Speed changes nothing: the tables agree with asking each pattern of each site in turn."""
    sites = [
        Site.model_construct(id=f"s{n}", pages=(page,), needs=(), start="") for n, page in enumerate(pages)
    ]
    url = f"https://{host}{path}{tail}"
    slow = [each.id for each in sites if each.page_patterns[0].matches(read_url(url))]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("allowlist.decision.FEW", few)
        policy = Policy(sites)
        answer = policy.page(url)
    assert answer.ok == bool(slow)
    assert not answer.ok or answer.site in slow
    assert not answer.ok or policy.host(host, 443).ok  # a page a child may see can be loaded
    exact = [each.id for each in sites if each.id in slow and not each.page_patterns[0].at.wild]
    assert not exact or answer.site == exact[0]  # in the list's order


anything = st.text(st.characters(), max_size=60)  # lone surrogates and NULs too
WORDS = (
    r"https: http: wss: // / \ farm.example *. @ : 443 [::1] %2e % .. ; ? # {host} { } animals/ é 。 0x7f.1"
)
pieces = st.lists(st.sampled_from([*WORDS.split(), "\0", "\ud800", " "]), max_size=10).map("".join)


@given(anything | pieces | pieces.map("https://farm.example/".__add__), st.integers(-1, 70_000))
def test_whatever_is_asked_there_is_an_answer_with_a_reason_in_words(text: str, port: int) -> None:
    policy = Policy(
        [site(), site(id="star", pages=["https://*.farm.example/a/"], start="https://a.farm.example/a/")]
    )
    for answer in (policy.page(text), policy.host_of(text), policy.host(text, port)):
        assert answer.why
        assert answer.ok == bool(answer.site)
        assert json.dumps([answer.host, answer.why, repr(answer)])
    page = policy.page(text)
    assert not page.ok or policy.host_of(text).ok  # what a child may be on, the door opens
    assert not page.ok or read_url(text).host.endswith("farm.example")


def test_a_host_of_very_many_pages_is_asked_by_its_path_and_by_no_more_of_it_than_is_listed() -> None:
    pages = [f"https://farm.example/p{n}/" for n in range(5000)]
    policy = Policy([Site.model_construct(id="farm", pages=tuple(pages), needs=(), start="")])
    assert policy.page("https://farm.example/p4999/duck").ok
    assert policy.page("https://farm.example/p4999").ok
    assert not policy.page("https://farm.example/p5000/duck").ok
    assert policy.page("https://farm.example/p7" + "/" * 8000).ok
    assert policy._deepest == len("/p4999/")


GOOD_LIST = """\
sites:
  - id: farm
    title: The farm
    say: The farm
    picture: farm.svg
    start: https://farm.example/animals/
    pages: [https://farm.example/animals/, "https://*.farm.example/a?b=c"]
    needs: [cdn.example.org, "*.img.example"]
    levels: [nursery]
    status: approved
    checked: {by: t.harvey, role: ict, on: 2026-11-02, until: 2027-11-01, reason: Farm topic}
  - id: yard
    title: The yard
    picture: yard.svg
    start: http://yard.example:8080/
    pages: [http://yard.example:8080/]
    levels: [nursery, reception]
    status: proposed
"""

LIST = """\
sites:
  - id: farm
    title: The farm
    picture: farm.svg
    start: https://farm.example/
    pages: [https://farm.example/animals/, "https://*.co.uk/"]
    needs: [translate.google.com]
    levels: [nursery, check]
    status: aproved
    checked: {by: t.harvey, role: ict, on: 2026-11-02, until: 2028-11-01, reason: Farm topic}
  - id: farm
    title: The farm again
    picture: ../farm.svg
    start: https://user@farm.example/
    pages: [https://farm.example/animals/, https://farm.example/animals/]
    level: [nursery]
    status: approved
"""


def test_every_mistake_of_a_list_is_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "allowlist.yaml").write_text(LIST)
    with pytest.raises(Problems) as caught:
        Allowlist.read(tmp_path / "allowlist.yaml")
    told = [f"{problem.line}: {problem.what}" for problem in caught.value.problems]
    assert told == [
        "6: “https://*.co.uk/” would open every site that ends in “co.uk”",
        "7: “translate.google.com” reopens the web: translate.google.com is a search engine: any page can be "
        "found through it",
        "8: “check” is the adults' level and shows every proposed site",
        "9: “status” cannot be “aproved”",
        "10: This approval lasts longer than a year",
        "11: “farm” is the id of two sites (number 1 too)",
        "11: “levels” is missing",
        "13: “../farm.svg” is not a picture's file name",
        "14: “https://user@farm.example/” carries a name or password",
        "15: “https://farm.example/animals/” is written twice",
        "16: “level” is not a key here",
        "17: This site is approved by nobody",
    ]


PIECES = [
    "*",
    '"',
    "'",
    ":",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&",
    "!",
    "#",
    "|",
    "\n",
    " ",
    "\t",
    "\0",
    "é",
    "~",
    "null",
]
PIECES += [
    "9999-12-31",
    "2028-02-29",
    "1e999",
    "0x1f",
    "*.co.uk",
    "[]",
    "{}",
    "https://",
    "sites:",
    "checked: x",
]


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 12), st.sampled_from(PIECES)), max_size=4))
def test_a_list_with_any_slip_of_the_pen_is_read_or_told_about(slips: list[tuple[int, int, str]]) -> None:
    text = GOOD_LIST
    for at, length, piece in slips:
        text = text[:at] + piece + text[at + length :]
    found: tuple[Problem, ...] = ()
    sites: tuple[Site, ...] = ()
    try:
        sites = parse(text.encode(), SiteList, "a.yaml").sites
    except Problems as problems:
        found = problems.problems
    assert sites or found or "sites" in text
    assert all(1 <= problem.line <= text.count("\n") + 1 and problem.what for problem in found)
    assert all(Policy([each]).page(each.start).ok for each in sites)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"start": "https://farm.example/"}, "not one of this site's pages"),
        ({"start": "animals"}, "is not a URL"),
        ({"checked": None}, "approved by nobody"),
        ({"checked": CHECKED | {"until": "2027-11-03"}}, "longer than a year"),
        ({"checked": CHECKED | {"on": "2028-02-29", "until": "2029-03-01"}}, "longer than a year"),
        ({"checked": CHECKED | {"until": "2026-11-01"}}, "is before"),
        ({"checked": CHECKED | {"on": "9999-11-02", "until": "9999-12-31"}}, "longer than a year"),
        ({"checked": CHECKED | {"role": "staff"}}, "'ict' or 'slt'"),
        ({"id": "The Farm"}, "not an id"),
        ({"pages": []}, "at least 1"),
        ({"levels": []}, "at least 1"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_site_that_breaks_a_rule_is_not_a_site(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        site(**changes)


@pytest.mark.parametrize(
    ("on", "until"),
    [
        ("2026-11-02", "2027-11-02"),
        ("2027-11-02", "2028-11-02"),  # 366 days, over a leap day
        ("2028-02-29", "2029-02-28"),
        ("2027-02-28", "2028-02-28"),
    ],
)
def test_an_approval_of_exactly_a_calendar_year_is_good_s8(on: str, until: str) -> None:
    assert site(checked=CHECKED | {"on": on, "until": until}).checked is not None


# A public suffix is refused for that already; what is registered under it, for this.
LISTED = [f"www.{host}" if is_public_suffix(host) else host for host in sorted(REOPENING)]


@pytest.mark.parametrize("host", [*LISTED, "www.google.co.uk", "translate.google.com", "m.facebook.com"])
def test_a_host_that_reopens_the_web_is_refused_as_page_and_as_need_s10(host: str) -> None:
    for changes in ({"needs": [host]}, {"pages": [f"https://{host}/"], "start": f"https://{host}/"}):
        with pytest.raises(ValidationError, match="reopens the web"):
            site(**changes)


NAMED = """
    archive.fo archive.li archive.ph archive.today archive.vn cc.bingj.com cdn.jsdelivr.net deepseek.com
    discordapp.com dogpile.com duckduckgo.com grok.com kagi.com kik.com m.me meta.ai papago.naver.com
    roblox.com sogou.com telegram.me translate.googleapis.com unpkg.com via.hypothes.is wa.me
    web.archive.org you.com youtube-nocookie.com youtube.googleapis.com www-farm-example.translate.goog
    translated.turbopages.org frogfind.com corsproxy.org cors.lol go.mail.ru wiby.me stract.com mwmbl.org
    nitter.net mstdn.social fosstodon.org mastodon.world pixiv.net r1.googlevideo.com rutube.ru vkvideo.ru
    shorturl.com goo.su t.cn www.croxyproxy.rocks farm.disqus.com embed.tawk.to
    farm-example.cdn.ampproject.org storage.googleapis.com r.search.yahoo.co.jp yandex.com.tr"""


@pytest.mark.parametrize("host", NAMED.split())
def test_a_hostile_reviewers_host_is_in_the_table_s10(host: str) -> None:
    with pytest.raises(ValidationError, match=r"reopens the web|every site that ends in"):
        site(needs=[host])


def test_the_table_says_each_host_once_and_none_under_another() -> None:
    words = [host for hosts in reopening._HOSTS.values() for host in hosts.split()]
    assert len(words) == len(set(words)) == len(REOPENING)
    for host in words:
        parents = [host.split(".", n)[-1] for n in range(1, host.count("."))]
        assert not set(parents) & set(words), host
    for hosts in reopening._HOSTS.values():
        assert hosts.split() == sorted(hosts.split())


def test_a_star_over_a_host_that_reopens_the_web_is_refused_s10() -> None:
    with pytest.raises(ValidationError, match=r"includes r\.jina\.ai"):
        site(needs=["*.jina.ai"])


def test_of_the_kiosks_own_names_only_the_builtin_site_can_be_listed_as_it_is_reached() -> None:
    """A list that opened another would open the canary, and no session would believe the browser's policy."""
    garden = f"http://{BUILTIN_HOST}"
    assert site(pages=[f"{garden}/animals/"], start=f"{garden}/animals/", needs=[garden]).pages
    for host in (
        f"https://{BUILTIN_HOST}",
        f"{garden}:8080",
        "*.kiosk.internal",
        "http://*.garden.kiosk.internal",
    ):
        for changes in ({"pages": [f"{host}/"]}, {"needs": [host]}):
            with pytest.raises(ValidationError, match=f"the kiosk's own.* Write {garden} for that one"):
                site(**changes)


def test_a_font_host_of_a_large_family_may_be_listed() -> None:
    assert site(needs=["fonts.googleapis.com", "google.farm.example", "notgoogle.com"]).needs


def a_list_of(pages: int, *, until: str = "2027-11-01", status: str = "approved") -> bytes:
    one = site().model_dump(mode="json") | {
        "pages": [f"https://farm.example/animals/{n}" for n in range(pages)],
        "start": "https://farm.example/animals/0",
        "status": status,
        "checked": CHECKED | {"until": until},
    }
    return yaml.safe_dump({"sites": [one]}).replace("'", "").encode()


def test_more_pages_than_the_browser_reads_are_refused_with_one_problem() -> None:
    assert parse(a_list_of(MOST_ENTRIES), SiteList, "a.yaml").sites
    assert parse(a_list_of(MOST_ENTRIES + 1, status="proposed"), SiteList, "a.yaml").sites
    with pytest.raises(Problems) as caught:
        parse(a_list_of(MOST_ENTRIES + 1), SiteList, "a.yaml")
    assert [problem.what for problem in caught.value.problems] == [
        "The approved sites have 1000 pages, and the browser reads 999"
    ]


def test_too_many_pages_are_told_about_beside_every_other_mistake() -> None:
    with pytest.raises(Problems) as caught:
        parse(a_list_of(MOST_ENTRIES + 1, until="2028-11-02"), SiteList, "a.yaml")
    assert sorted(problem.what for problem in caught.value.problems) == [
        "The approved sites have 1000 pages, and the browser reads 999",
        "This approval lasts longer than a year",
    ]


def test_a_long_list_is_not_compared_line_with_every_line() -> None:
    compared = 0

    class Line(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

    lines = tuple(Line(f"farm.example/{n}") for n in range(2000))
    assert _unique(lines) == lines
    assert compared < 2 * 2000


def test_a_pictures_name_is_one_that_a_disk_can_hold() -> None:
    assert site(picture="a" * 96 + ".svg").picture
    for name in ("a" * 5000 + ".svg", "é" * 50 + ".svg"):
        with pytest.raises(ValidationError, match="not a picture's file name"):
            site(picture=name)


def test_the_limit_of_a_list_is_that_of_the_policy_compiled_from_it() -> None:
    """However a page is written, it counts as often as Chromium is given it."""
    data = a_list_of(MOST_ENTRIES).replace(b"pages:\n", b"pages:\n  - farm.example/animals/7/\n")
    sites = parse(data, SiteList, "a.yaml").sites
    listed = managed_policy(Policy(sites))["URLAllowlist"]
    assert isinstance(listed, list)
    assert len(listed) == MOST_ENTRIES + 1 == 1000


def test_the_builtin_list_has_six_tiles_for_the_youngest_and_each_starts_on_a_page_that_exists() -> None:
    policy = Allowlist.read(assets.path("allowlist", "builtin.yaml")).policy("nursery", TODAY)
    pictures = ["duck.svg", "shapes.svg", "paint.svg", "music.svg", "book.svg", "leaf.svg"]
    assert [each.picture for each in policy.sites] == pictures
    pages = BuiltinSite(assets.path("site"))
    for each in policy.sites:
        assert policy.page(each.start).ok
        assert pages.answer("GET", each.start.removeprefix(f"http://{BUILTIN_HOST}")).status == 200


def test_no_child_sees_a_site_of_the_starter_list_before_somebody_checked_it_h2() -> None:
    starter = Allowlist.read(assets.path("allowlist", "starter.yaml"))
    assert len(starter.sites) >= 10
    for days in (0, 200, 400):
        for level in ("nursery", "reception"):
            assert starter.policy(level, TODAY + timedelta(days)).sites == ()
