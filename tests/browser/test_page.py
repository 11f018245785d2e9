"""One page, only where the list allows, and nothing else that a browser can open (H2, H13, S3)."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kiosk.guardian.browser import BrowserSettings, Failed, Moved, Painted, Refused
from kiosk.guardian.browser_events import HeldBack
from tests.waiting import until

pytestmark = pytest.mark.e2e

FARM, NEXT, SHAPES, EVIL = (
    "http://farm.test/",
    "http://farm.test/next",
    "http://shapes.test/",
    "http://evil.test/",
)
SHOWN = "(id, d = document.querySelector(id).contentDocument) => d?.body?.innerText ?? ''"  # in a frame
FORM = b'<a id=out href="http://evil.test/">out</a> <input id=name>'


def held_back(v: Any) -> set[str]:
    return {event.url for event in v.told if isinstance(event, HeldBack)}


async def tap_until_told(v: Any, selector: str) -> None:
    """A tap is lost on a frame that the compositor does not know yet."""
    async with asyncio.timeout(10):
        while not v.told:
            with suppress(AssertionError):  # it has gone
                await v.tap(selector)
            await asyncio.sleep(0.1)


async def test_an_allowed_page_is_opened_and_painted(visiting: Any) -> None:
    async with visiting({FARM: b"<h1>The farm</h1>"}) as v:
        await v.browser.open(FARM)
        assert await v.hears(Moved) == Moved(FARM, can_go_back=False)
        assert await v.hears(Painted) == Painted(FARM, can_go_back=False)
        assert await v.page("document.body.innerText") == "The farm"


async def test_a_link_and_back_within_a_visit(visiting: Any) -> None:
    async with visiting({FARM: b"<a id=a href=/next>next</a>", NEXT: b"next", SHAPES: b"shapes"}) as v:
        await v.opens(FARM)
        await v.tap("#a")
        await v.hears(Painted(NEXT, can_go_back=True))
        await v.browser.back()
        await v.hears(Painted(FARM, can_go_back=False))
        await v.tap("#a")
        await v.hears(Painted(NEXT, can_go_back=True))
        await v.browser.open(SHAPES)  # another visit: the farm does not lie behind it
        await v.hears(Painted(SHAPES, can_go_back=False))
        await v.browser.back()
        await v.browser.blank()
        assert v.told == []


async def test_a_file_that_is_dropped_on_a_page_is_not_opened_h13(
    visiting: Any, compositor_windows: Any
) -> None:
    """Nobody can drop one (`test_glass`). DevTools can; what it does elsewhere: tests/e2e/breakout."""
    listens = (
        b"<script>addEventListener('dragenter', (event) => { [got] = event.dataTransfer.types })</script>"
    )
    async with visiting({FARM: listens}) as v:
        await v.opens(FARM)
        data = {"items": [], "files": ["/usr/lib/os-release"], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            fall = {"type": kind, "x": 300, "y": 300, "data": data}
            await v.browser._page.tab.call("Input.dispatchDragEvent", fall)
        await v.until("window.got === 'Files'")
        await asyncio.sleep(0.5)
        assert await v.page("location.href") == FARM
        assert compositor_windows() == 1
        assert v.told == []


async def test_a_refused_link_leaves_the_page_as_it_was_h2(visiting: Any) -> None:
    async with visiting({FARM: FORM}) as v:
        await v.opens(FARM)
        await v.page("document.querySelector('#name').value = 'typed'")
        for _ in range(3):
            await v.tap("#out")
            assert await v.hears(Refused) == Refused(EVIL, stays=True)
            assert await v.page("document.querySelector('#name').value") == "typed"
        assert v.told == []
        assert not [url for url in v.sites.asked if "evil" in url]


@pytest.mark.parametrize("how", ["link", "frame"])
async def test_chromiums_own_error_page_is_never_seen_h2(visiting: Any, compositor: Any, how: str) -> None:
    """Whatever is on the glass while a link is refused is the page (green) or paper.

    A link is held back by the guard; where a frame of another site moves the page, the policy refuses.
    """
    whole = "position: fixed; width: 100%; height: 100%; border: 0"
    link = f'<a id=a href="http://evil.test/" style="{whole}"></a>'
    frame = f'<iframe id=a src="http://shapes.test/" style="{whole}">'
    body = f'<body style="background: #00ff00">{link if how == "link" else frame}'
    inside = b"<body style='background: #00ff00' onclick=\"top.location = 'http://evil.test/'\">"
    async with visiting({FARM: body.encode(), SHAPES: inside}) as v:
        await v.opens(FARM)
        await v.until("document.hasFocus() && document.readyState == 'complete'")
        seen: Counter[tuple[int, ...]] = Counter()
        for _ in range(3):
            done = asyncio.create_task(v.hears(Refused if how == "link" else Painted))
            while not done.done():
                if not v.told:  # a tap is lost on a frame that the compositor does not know yet
                    try:
                        await v.tap("#a")
                    except AssertionError:
                        assert v.told, "only a page that was just put away has no such element"
                seen.update(await asyncio.to_thread(colours, compositor))
            await done
            for _ in range(3):
                seen.update(await asyncio.to_thread(colours, compositor))
        assert set(seen) <= {(0, 255, 0), (251, 243, 228)}, seen
        assert seen[0, 255, 0]


def colours(compositor: Any) -> set[tuple[int, ...]]:
    """Every colour in the middle of the page."""
    where = {"XDG_RUNTIME_DIR": str(compositor.folder), "WAYLAND_DISPLAY": str(compositor.socket)}
    command = ["grim", "-t", "ppm", "-g", "200,300 880x400", "-"]
    picture = subprocess.run(
        command, env=where | {"PATH": "/usr/bin"}, capture_output=True, check=True
    ).stdout
    pixels = picture.split(b"\n255\n", 1)[1]
    return {tuple(pixels[i : i + 3]) for i in range(0, len(pixels), 3 * 7)}


@pytest.mark.parametrize("kept", ["no-store", "no-cache"])
@pytest.mark.parametrize("move", ["location = 'http://evil.test/'", "location.replace('http://evil.test/')"])
async def test_a_page_that_no_cache_keeps_stays_where_it_is_too(visiting: Any, kept: str, move: str) -> None:
    """It could not come back from Chromium's error page as it was; so it never goes there."""
    farm = (200, {"Content-Type": "text/html", "Cache-Control": kept}, FORM)
    async with visiting({FARM: farm}) as v:
        await v.opens(FARM)
        await v.page("document.querySelector('#name').value = 'typed'")
        await v.page(f"void ({move})")
        assert await v.hears(Refused) == Refused(EVIL, stays=True)
        assert await v.page("document.querySelector('#name').value") == "typed"
        assert v.sites.asked.count(FARM) == 1


@pytest.mark.parametrize(
    "away",
    [
        "location = 'about:blank'",
        "location = URL.createObjectURL(new Blob(['x'], {type: 'text/html'}))",
        "location = 'mailto:a@evil.test'",
        "location = 'http://farm.test@evil.test/'",
        "document.forms[0].submit()",
        "navigation.navigate('http://evil.test/x')",
    ],
)
async def test_whatever_the_policy_would_refuse_is_held_back_in_the_page(visiting: Any, away: str) -> None:
    async with visiting({FARM: b"<form action='http://evil.test/' method=post>farm</form>"}) as v:
        await v.opens(FARM)
        await v.page("window.mark = 1")
        await v.page(f"void ({away})")
        assert (await v.hears(Refused)).stays
        assert await v.page("location.href + window.mark") == FARM + "1"
        assert v.told == []


async def test_a_refused_address_is_not_even_tried(visiting: Any) -> None:
    async with visiting({}) as v:
        await v.browser.open(EVIL)
        assert await v.hears(Refused) == Refused(EVIL, stays=False)
        assert await v.page("location.href") == "about:blank"


async def test_a_redirect_out_is_refused_before_it_is_followed_h2(visiting: Any) -> None:
    away = (302, {"Location": EVIL}, b"")
    async with visiting({FARM: b"<a id=a href=/away>away</a>", "http://farm.test/away": away}) as v:
        await v.opens(FARM)
        await v.tap("#a")
        assert await v.hears(Refused) == Refused(EVIL, stays=True)
        assert await v.page("location.href") == FARM
        await v.browser.blank()
        await v.browser.open("http://farm.test/away")
        assert await v.hears(Refused) == Refused(EVIL, stays=False)
        assert v.told == []
        assert not [url for url in v.sites.asked if "evil" in url]


async def test_a_path_that_the_policy_lets_through_is_refused_by_the_gate(visiting: Any) -> None:
    """Chromium's patterns are coarser than the list (FACTS): the gate is the one that knows."""
    async with visiting({FARM: b"<a id=a href=/secret/x>a</a><input id=name>"}) as v:
        await v.opens(FARM)
        await v.page("document.querySelector('#name').value = 'typed'")
        await v.tap("#a")
        assert await v.hears(Refused) == Refused("http://farm.test/secret/x", stays=True)
        assert await v.page("document.querySelector('#name').value") == "typed"
        assert "http://farm.test/secret/x" not in v.sites.asked


async def test_a_move_within_the_document_is_decided_too(visiting: Any) -> None:
    async with visiting({FARM: b"farm"}) as v:
        await v.opens(FARM)
        await v.page("history.pushState(0, '', '/animals')")
        await v.hears(Moved("http://farm.test/animals", can_go_back=True))
        await v.page("void setTimeout(() => history.pushState(0, '', '/secret/page'))")
        assert await v.hears(Refused) == Refused("http://farm.test/secret/page", stays=False)
        await v.until("location.href == 'about:blank'")


async def test_a_frame_shows_only_what_the_list_allows(visiting: Any) -> None:
    page = b"""<iframe id=here src=/inside></iframe><iframe id=other src=http://shapes.test/></iframe>
        <iframe id=out src=http://evil.test/></iframe><iframe id=deep src=/secret/frame></iframe>"""
    inside = {
        "http://farm.test/inside": b"in",
        SHAPES: b"<h1>shapes</h1>",
        "http://farm.test/secret/frame": b"!",
    }
    async with visiting({FARM: page, **inside}) as v:
        await v.browser.open(FARM)
        await v.until(f"location.href == '{FARM}' && document.readyState == 'complete'")
        assert {FARM, "http://farm.test/inside", SHAPES} <= set(v.sites.asked)
        assert EVIL not in v.sites.asked
        await v.until(f"({SHOWN})('#here') == 'in'")
        await v.until(f"({SHOWN})('#deep') == ''")
        await until(lambda: held_back(v) == {EVIL, "http://farm.test/secret/frame"}, 10)


async def test_what_no_finger_asked_for_is_told_and_changes_nothing(visiting: Any) -> None:
    """A frame's redirect out, and a window that opens by itself."""
    page = b"<iframe src=/away></iframe><script>open('http://shapes.test/')</script>"
    away = (302, {"Location": EVIL}, b"")
    async with visiting({FARM: page, "http://farm.test/away": away, SHAPES: b"shapes"}) as v:
        await v.browser.open(FARM)
        await v.until(f"location.href == '{FARM}' && document.readyState == 'complete'")
        await until(lambda: held_back(v) == {EVIL, SHAPES}, 10)
        assert [event for event in v.told if isinstance(event, Refused)] == []
        assert await v.page("location.href") == FARM
        assert not {EVIL, SHAPES} & set(v.sites.asked)


async def test_a_frame_that_empties_the_page_is_told(visiting: Any) -> None:
    frame = b"<body onclick=\"top.location = 'about:blank'\" style='height:100px'>"
    async with visiting({FARM: b"<iframe id=f src=http://shapes.test/></iframe>", SHAPES: frame}) as v:
        await v.opens(FARM)
        await v.until("document.readyState == 'complete'")
        await tap_until_told(v, "#f")
        await v.hears(Refused("about:blank", stays=False))


async def test_a_frame_that_slipped_past_the_gate_is_emptied(visiting: Any) -> None:
    """The gate stands open while a page takes its place, and here it is never shut again."""
    page = b"<iframe id=deep src=/secret/frame></iframe><iframe id=here src=/inside></iframe>"
    frames = {"http://farm.test/secret/frame": b"secret", "http://farm.test/inside": b"inside"}
    async with visiting({FARM: page, **frames}) as v:
        v.browser._page._gate.shut = lambda: None
        await v.opens(FARM)
        await v.until("document.readyState == 'complete'")
        assert "http://farm.test/secret/frame" in v.sites.asked
        await v.until(f"({SHOWN})('#here') == 'inside'")
        await v.until(f"({SHOWN})('#deep') == ''")


async def test_the_gate_is_shut_again_when_no_document_comes(visiting: Any) -> None:
    """What is let in is a file, which is not kept: the next redirect is judged as ever."""
    file = (200, {"Content-Type": "application/zip", "Content-Disposition": "attachment"}, b"PK")
    away = (302, {"Location": "http://farm.test/secret/x"}, b"")
    sites = {FARM: b"farm", "http://farm.test/file": file, "http://farm.test/away": away}
    async with visiting(sites) as v:
        await v.opens(FARM)
        await v.browser.open("http://farm.test/file")
        await v.hears(Failed)
        await v.browser.open("http://farm.test/away")
        assert await v.hears(Refused) == Refused("http://farm.test/secret/x", stays=True)
        assert "http://farm.test/secret/x" not in v.sites.asked


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/zip"},
        {"Content-Type": "application/pdf"},
        {"Content-Type": "text/html", "Content-Disposition": "attachment"},
        {"Content-Type": "text/html", "content-disposition": "ATTACHMENT; filename=x.html"},
        {"Content-Type": "text/html", "Content-Disposition": "other"},
        {"Content-Type": "text/html", "content-type": "application/zip"},
    ],
)
async def test_the_gate_does_not_open_for_a_file_that_nobody_sees_arrive(
    visiting: Any, headers: dict[str, str]
) -> None:
    """A page could ask for one, and in the moment after it go where only the gate says no."""
    file, away = "http://farm.test/file", "http://farm.test/away"
    sites = {FARM: b"farm", file: (200, headers, b"PK\0\0"), away: (302, {"Location": "/secret/x"}, b"")}
    async with visiting(sites) as v:
        await v.opens(FARM)
        await v.page("void (location = '/file')")
        await until(lambda: file in v.sites.asked, 10)
        await asyncio.sleep(0.1)
        await v.page("void (location = '/away')")
        assert await v.hears(Refused) == Refused("http://farm.test/secret/x", stays=True)
        assert "http://farm.test/secret/x" not in v.sites.asked


async def test_a_frame_in_another_process_cannot_take_the_page_out(visiting: Any) -> None:
    frame = b"<body onclick=\"top.location = 'http://evil.test/'\" style='height:100px'>"
    async with visiting({FARM: b"<iframe id=f src=http://shapes.test/></iframe>", SHAPES: frame}) as v:
        await v.opens(FARM)
        await v.until("document.readyState == 'complete'")
        await tap_until_told(v, "#f")
        await v.hears(Refused(EVIL, stays=True))
        await v.hears(Painted)
        await v.until(f"location.href == '{FARM}'")


@pytest.mark.parametrize(
    "opener",
    [
        '<a id=a target=_blank href="http://shapes.test/">a</a>',
        '<base target=other><a id=a href="http://shapes.test/">a</a>',
        '<form action="http://shapes.test/" target=_blank><button id=a>a</button></form>',
        "<button id=a onclick=\"window.open('http://shapes.test/')\">a</button>",
    ],
)
async def test_another_window_becomes_this_one_h13(
    visiting: Any, opener: str, compositor_windows: Any
) -> None:
    async with visiting({FARM: opener.encode(), SHAPES: b"shapes", SHAPES + "?": b"shapes"}) as v:
        await v.opens(FARM)
        await v.tap("#a")
        arrived = await v.hears(Painted)
        assert arrived.url.rstrip("?") == SHAPES
        assert arrived.can_go_back
        await until(lambda: compositor_windows() == 1, 10)
        await v.browser.back()
        assert (await v.hears(Painted)).url == FARM
        assert await v.page("document.querySelector('#a') !== null")


async def test_another_window_for_a_refused_address_is_refused(
    visiting: Any, compositor_windows: Any
) -> None:
    page = b"""<button id=a onclick="window.open('http://evil.test/')">a</button>
        <button id=b onclick="window.open()">b</button>"""
    async with visiting({FARM: page}) as v:
        await v.opens(FARM)
        await v.tap("#a")
        await v.hears(Refused(EVIL, stays=True))
        await v.tap("#b")
        await v.page("open('http://shapes.test/')")  # without a finger
        await v.until("document.hasFocus()")
        assert await v.page("location.href") == FARM
        assert compositor_windows() == 1


@pytest.mark.parametrize(("button", "modifiers"), [("middle", 0), ("left", 2), ("left", 8), ("left", 10)])
async def test_no_way_to_click_opens_a_tab(
    visiting: Any, button: str, modifiers: int, compositor_windows: Any
) -> None:
    """Middle button; Ctrl, Shift and both together with the left one."""
    async with visiting({FARM: b"<a id=a href=/next>a</a>", NEXT: b"next"}) as v:
        await v.opens(FARM)
        await v.tap("#a", button, modifiers)
        await v.page("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        assert await v.page("location.href") == FARM
        assert NEXT not in v.sites.asked
        assert compositor_windows() == 1


async def test_menus_and_shortcuts_do_nothing(visiting: Any) -> None:
    seen = b"""<p id=p>text</p><script>window.seen = [];
        for (const kind of ['contextmenu', 'keydown', 'dragstart'])
          addEventListener(kind, e => seen.push(kind + (e.key || '')), true)</script>"""
    async with visiting({FARM: seen}) as v:
        await v.opens(FARM)
        await v.tap("#p", "right")
        for key, modifiers in (("n", 2), ("F12", 0), ("F5", 0), ("Home", 1), ("a", 0), ("ArrowLeft", 0)):
            code = {"key": key, "modifiers": modifiers, "type": "keyDown"}
            await v.browser._page.tab.call("Input.dispatchKeyEvent", code)
        assert await v.page("seen.join(' ')") == "keydowna keydownArrowLeft"


async def test_dialogs_are_answered_at_once_and_a_page_cannot_hold_on(visiting: Any) -> None:
    page = b"""<h1 onclick="alert(1); confirm(2); document.title = String(prompt('3'))">a</h1>
        <a id=a href=/next>n</a>"""
    hold = b"<script>onbeforeunload = event => event.preventDefault()</script>"
    async with visiting({FARM: page + hold, NEXT: b"next"}) as v:
        await v.opens(FARM)
        await v.tap("h1")
        await v.until("document.title == 'null'")
        await v.tap("#a")
        await v.hears(Painted(NEXT, can_go_back=True))


async def test_no_file_is_chosen_saved_or_printed_h13(visiting: Any, compositor_windows: Any) -> None:
    page = b"""<input id=file type=file> <a id=save download href=/next>save</a> <a id=zip href=/zip>zip</a>
        <a id=pdf href=/pdf>pdf</a> <button id=print onclick="print()">print</button>"""
    attached = (200, {"Content-Disposition": "attachment", "Content-Type": "application/zip"}, b"PK")
    pdf = (200, {"Content-Type": "application/pdf"}, b"%PDF-1.4")
    sites = {FARM: page, NEXT: b"next", "http://farm.test/zip": attached, "http://farm.test/pdf": pdf}
    async with visiting(sites) as v:
        await v.opens(FARM)
        await v.page("document.querySelector('#file').oncancel = () => window.cancelled = true")
        await v.tap("#file")
        await v.until("window.cancelled")
        for thing in ("#save", "#zip", "#pdf", "#print"):
            await v.tap(thing)
            await v.page("new Promise(done => setTimeout(done, 50))")
        assert await v.page("location.href") == FARM
        assert compositor_windows() == 1
        assert v.told == []
        home = Path(f"/proc/{v.browser._sandbox.init}/root/tmp/home")
        assert home.is_dir()
        assert not list(home.rglob("*.zip")) + list(home.rglob("*next*")) + list(home.rglob("*.pdf"))
        await v.browser.open("http://farm.test/zip")
        assert await v.hears(Failed) == Failed("http://farm.test/zip", "net::ERR_ABORTED", stays=True)


async def test_permissions_are_denied_without_a_question(visiting: Any) -> None:
    page = b"""<button id=a onclick="navigator.geolocation.getCurrentPosition(() => window.place = 'known',
        error => window.place = error.code)">a</button>"""
    async with visiting({"http://localhost/": page}) as v:
        await v.opens("http://localhost/")
        await v.tap("#a")
        await v.until("window.place")
        assert await v.page("window.place") == 1  # PERMISSION_DENIED
        camera = "navigator.mediaDevices.getUserMedia({video: true, audio: true}).then(() => '', e => e.name)"
        assert await v.page(camera) in ("NotAllowedError", "NotFoundError")


async def test_a_page_that_wants_the_whole_screen_does_not_get_it(visiting: Any) -> None:
    page = b'<button id=a onclick="document.documentElement.requestFullscreen().catch(() => 0)">a</button>'
    async with visiting({FARM: page}) as v:
        await v.opens(FARM)
        await v.tap("#a")
        await v.page("new Promise(done => setTimeout(done, 100))")
        assert await v.page("innerHeight") == 652


async def test_no_sign_in_is_asked_for(visiting: Any, settings: BrowserSettings) -> None:
    asks = (401, {"WWW-Authenticate": "Basic realm=x", "Content-Type": "text/html"}, b"<h1>who?</h1>")
    async with visiting({FARM: b"<img src=/asks><h1>farm</h1>", "http://farm.test/asks": asks}) as v:
        await v.opens(FARM)
        await v.until("document.readyState == 'complete'")  # a prompt would hold the picture back
        await v.browser.open("http://farm.test/asks")
        assert await v.hears(Failed) == Failed("http://farm.test/asks", "HTTP 401", stays=True)
    gate_alone = {key: value for key, value in settings.policy.items() if key != "AuthSchemes"}
    async with visiting({"http://farm.test/asks": asks}, policy=gate_alone) as v:
        await v.browser.open("http://farm.test/asks")
        assert await v.hears(Failed) == Failed("http://farm.test/asks", "HTTP 401", stays=False)


async def test_a_page_that_does_not_come_is_told_and_left(visiting: Any) -> None:
    broken = (200, {"Content-Length": "5", "Transfer-Encoding": "bad"}, b"")
    async with visiting({FARM: b"<a id=a href=/broken>a</a>", "http://farm.test/broken": broken}) as v:
        await v.browser.open("http://farm.test/broken")
        failed = await v.hears(Failed)
        assert failed.url == "http://farm.test/broken"
        assert failed.why.startswith(("net::ERR_", "no page came"))  # whichever Chromium says first
        assert not failed.stays
        await v.until("location.href == 'about:blank'")
        await v.opens(FARM)
        await v.tap("#a")
        assert (await v.hears(Failed)).stays
        await v.hears(Painted(FARM, can_go_back=False))


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_an_error_is_not_the_page_that_was_checked_and_is_never_seen_h2(
    visiting: Any, status: int
) -> None:
    """The site's own, or that of a filter on the way: nobody can tell one from the other."""
    error = (status, {"Content-Type": "text/html"}, b"<h1>Blocked by your organisation</h1>")
    page = b"<a id=a href=/next>a</a><input id=name>"
    async with visiting({FARM: page, NEXT: error}) as v:
        await v.browser.open(NEXT)
        await v.hears(Failed(NEXT, f"HTTP {status}", stays=False))
        await v.opens(FARM)
        await v.page("document.querySelector('#name').value = 'typed'")
        await tap_until_told(v, "#a")
        await v.hears(Failed(NEXT, f"HTTP {status}", stays=True))
        assert await v.page("location.href + document.querySelector('#name').value") == FARM + "typed"
        assert v.told == []


async def test_an_error_in_a_frame_is_not_seen(visiting: Any) -> None:
    error = (404, {"Content-Type": "text/html"}, b"<h1>Blocked by your organisation</h1>")
    add = "document.body.append(Object.assign(document.createElement('iframe'), {id: '%s', src: '/%s'}))"
    async with visiting({FARM: b"farm", NEXT: error, "http://farm.test/inside": b"inside"}) as v:
        await v.opens(FARM)
        for name in ("next", "inside"):
            await v.page(f"void {add % (name, name)}")
            await until(lambda name=name: FARM + name in v.sites.asked, 10)
        await v.until(f"({SHOWN})('#inside') == 'inside'")
        assert await v.page(f"({SHOWN})('#next')") == ""
        assert v.told == []


async def test_an_error_that_slipped_past_the_gate_is_hidden_by_the_guard(visiting: Any) -> None:
    """The gate stands open while a page takes its place, and here it is never shut again."""
    error = (404, {"Content-Type": "text/html"}, b"<h1>Blocked by your organisation</h1>")
    page = b"<iframe id=frame src=/next></iframe><iframe id=here src=/inside></iframe>"
    async with visiting({FARM: page, NEXT: error, "http://farm.test/inside": b"inside"}) as v:
        v.browser._page._gate.shut = lambda: None
        await v.opens(FARM)
        await v.until(f"({SHOWN})('#here') && ({SHOWN})('#frame')")
        seen = "document.querySelector('{}').contentDocument.body.checkVisibility()"
        assert await v.page(f"[{seen.format('#here')}, {seen.format('#frame')}]") == [True, False]


async def test_an_error_without_a_word_that_slipped_past_the_gate_is_left(visiting: Any) -> None:
    """So are the door's own."""
    async with visiting({FARM: b"<a id=a href=/next>a</a>", NEXT: (502, {}, b"")}) as v:
        v.browser._page._gate.shut = lambda: None
        await v.opens(FARM)
        await tap_until_told(v, "#a")
        await v.hears(lambda event: isinstance(event, Failed) and event.stays)
        await v.hears(Painted(FARM, can_go_back=False))


async def test_a_page_that_never_comes_can_be_left(visiting: Any) -> None:
    async with visiting({SHAPES: b"shapes"}) as v:
        v.sites.silent.add(FARM)
        await v.browser.open(FARM)
        await until(lambda: FARM in v.sites.asked, 5)
        await v.browser.blank()
        await v.opens(SHAPES)
        assert v.told == []


async def test_mute_silences_and_freezes_and_the_page_lives_again(visiting: Any) -> None:
    page = b"""<button id=a onclick="window.sound = new AudioContext(); const o = sound.createOscillator();
        o.connect(sound.destination); o.start()">a</button>
        <script>setInterval(() => window.n = (window.n || 0) + 1, 5)</script>"""
    now = "[window.n, sound.currentTime]"
    async with visiting({FARM: page}) as v:
        await v.opens(FARM)
        await v.tap("#a")
        await v.until("sound.currentTime > 0 && window.n > 3")
        await v.browser.mute(True)
        before = await v.page(now)
        await asyncio.sleep(0.3)  # time has to pass for nothing to happen in it
        assert await v.page(now) == before
        await v.browser.mute(False)
        await v.until(f"sound.currentTime > {before[1]} && window.n > {before[0]}")
        assert await v.page("document.visibilityState") == "visible"


async def test_blank_leaves_nothing_behind(visiting: Any) -> None:
    async with visiting({FARM: b"<a id=a href=/next>n</a>", NEXT: b"next"}) as v:
        await v.opens(FARM)
        await v.tap("#a")
        await v.hears(Painted(NEXT, can_go_back=True))
        await v.browser.blank()
        assert await v.page("location.href + history.length") == "about:blank1"
        await v.browser.back()
        assert await v.page("location.href") == "about:blank"


async def test_a_page_paints_even_while_the_compositor_hides_it(visiting: Any, compositor: Any) -> None:
    """The screen shows the browser only once the page has painted (CHILD_UI, scene 5)."""
    async with visiting({FARM: b"farm"}) as v:
        compositor.message('[app_id="chrom.*"] move scratchpad')
        await v.opens(FARM)
        assert await v.page("document.visibilityState") == "visible"
