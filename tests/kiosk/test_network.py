"""Which way an alert can go, and that nothing else can go with it (invariants 3 and 7)."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from hardware.radio import SimulatedRadio
from kiosk.guardian.network import Links, Way, apply, guardian_itself, read, resolver, way
from kiosk.guardian.window import AlertWindow, Cut

ROUTE = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
NOWHERE = "0" * 32


class Machine:
    """A made-up /proc/net and /sys/class/net."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "proc/net").mkdir(parents=True)
        self.link("lo", "unknown")
        self.route()

    def link(self, name: str, state: str, mark: str = "") -> None:
        folder = self.root / "sys/class/net" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "operstate").write_text(f"{state}\n")
        if mark:
            (folder / mark).mkdir(exist_ok=True)

    def route(self, *names: str) -> None:
        """The default routes, after one that is none."""
        lines = ["eth9\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"]
        lines += [f"{name}\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" for name in names]
        (self.root / "proc/net/route").write_text(ROUTE + "".join(lines))

    def route6(self, name: str, flags: int = 0x3) -> None:
        line = f"{NOWHERE} 00 {NOWHERE} 00 {NOWHERE} 00000400 00000001 00000000 {flags:08x} {name}\n"
        (self.root / "proc/net/ipv6_route").write_text(line)

    def way(self) -> Way:
        return way(read(self.root))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_cable_with_a_default_route_is_another_path_also_beside_wifi(machine: Machine) -> None:
    machine.link("eth0", "up")
    machine.link("wlan0", "up", "wireless")
    machine.route("wlan0", "eth0")
    assert machine.way() is Way.OTHER


def test_a_cable_that_is_pulled_or_leads_nowhere_is_no_path(machine: Machine) -> None:
    machine.link("wlan0", "up", "phy80211")
    machine.link("eth0", "down")
    machine.route("wlan0", "eth0")
    assert machine.way() is Way.WIFI_ONLY
    machine.link("eth0", "up")
    machine.route("wlan0")
    assert machine.way() is Way.WIFI_ONLY


def test_a_modem_that_does_not_know_whether_it_is_up_counts_by_its_route(machine: Machine) -> None:
    machine.link("ppp0", "unknown")
    machine.route("ppp0")
    assert machine.way() is Way.OTHER


def test_an_ipv6_route_is_a_path_and_the_kernels_own_reject_route_is_none(machine: Machine) -> None:
    machine.link("eth0", "up")
    machine.route6("lo", 0x200)
    assert machine.way() is Way.NONE
    machine.route6("eth0")
    assert machine.way() is Way.OTHER


def test_wifi_that_is_switched_off_now_is_a_way_all_the_same(machine: Machine) -> None:
    machine.link("wlan0", "down", "wireless")
    assert machine.way() is Way.WIFI_ONLY


def test_this_machines_own_facts_can_be_read() -> None:
    assert isinstance(read(), Links)


# The window.


class Hurried:
    count = 0

    def __call__(self) -> None:
        self.count += 1


Made = tuple[AlertWindow, SimulatedRadio, Hurried]


def window(machine: Machine, seconds: float = 30, again: float = 60) -> Made:
    hurry, radio = Hurried(), SimulatedRadio()
    radio.unblock()
    return AlertWindow(radio, seconds, hurry, machine.root, again), radio, hurry


def wait_for(what: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def wifi_only(machine: Machine) -> None:
    machine.link("wlan0", "up", "wireless")
    machine.route("wlan0")


def test_with_another_path_the_radios_go_off_at_once(machine: Machine) -> None:
    machine.link("eth0", "up")
    machine.route("eth0")
    w, radio, _ = window(machine)
    w.block(again=False)
    assert radio.blocked()
    assert w.look(latched=True, wanted=True) == Cut(confirmed=True)


def test_where_wifi_is_all_there_is_it_stays_until_the_first_acceptance(machine: Machine) -> None:
    wifi_only(machine)
    w, radio, _ = window(machine)
    w.block(again=False)
    assert not radio.blocked()
    assert w.look(latched=True, wanted=True) == Cut(confirmed=False, alert_only=True)
    machine.link("wlan0", "down")
    assert w.look(latched=True, wanted=False) == Cut(confirmed=True)
    assert radio.blocked()
    assert w.look(latched=True, wanted=False) == Cut(confirmed=True)  # not wanted: no window ever again


def test_the_window_ends_by_itself_though_no_loop_turns_and_comes_again(machine: Machine) -> None:
    wifi_only(machine)
    w, radio, hurry = window(machine, seconds=0.1, again=0.2)
    w.block(again=False)
    wait_for(radio.blocked)  # nobody looks meanwhile
    assert not w.open
    wait_for(lambda: w.look(latched=True, wanted=True) == Cut(False, alert_only=True))
    assert not radio.blocked()
    assert hurry.count == 1
    w.shut()


def test_later_windows_are_for_every_path_that_is_owed_it(machine: Machine) -> None:
    """Else the slower path of two would be cut off in each of them (invariant 7)."""
    wifi_only(machine)
    w, radio, _ = window(machine, again=0)
    w.block(again=False)
    w.look(latched=True, wanted=False, owed=True)
    assert radio.blocked(), "the first ends with the first acceptance"
    for wanted in (False, True, False):
        w.look(latched=True, wanted=wanted, owed=True)
        assert not radio.blocked(), "and what is owed has another"
    w.look(latched=True, wanted=False, owed=False)
    assert radio.blocked()


def test_what_is_left_has_its_windows_ever_more_rarely_and_somebodys_turn_opens_one_at_once(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("kiosk.guardian.window.time", SimpleNamespace(monotonic=lambda: now))
    wifi_only(machine)
    w, _, _ = window(machine)

    def pause_after(wanted: bool) -> float:
        nonlocal now
        w.shut()  # its time is over
        over = now
        while w.look(latched=True, wanted=wanted, owed=True) != Cut(False, alert_only=True):
            now += 10
        return now - over

    w.block(again=False)
    w.look(latched=True, wanted=True, owed=True)
    assert [pause_after(wanted=True) for _ in range(3)] == [60, 60, 60]
    assert [pause_after(wanted=False) for _ in range(4)] == [60, 120, 240, 480]
    assert [pause_after(wanted=True) for _ in range(2)] == [0, 60]
    w.shut()


def test_a_window_past_a_dead_cable_lasts_for_what_is_owed_though_one_path_has_accepted(
    machine: Machine,
) -> None:
    """The cable counts as one that delivers again from that acceptance on, which was not the cable's."""
    machine.link("eth0", "up")
    machine.link("wlan0", "down", "wireless")
    machine.route("eth0")
    w, radio, _ = window(machine)
    w.block(again=False)
    w.look(latched=True, wanted=True, owed=True, cable_fails=True)
    w.look(latched=True, wanted=False, owed=True)
    assert not radio.blocked()
    w.look(latched=True, wanted=False, owed=False)
    assert radio.blocked()


def test_a_window_too_short_to_find_the_network_is_followed_by_longer_ones(machine: Machine) -> None:
    machine.link("wlan0", "down", "wireless")
    w, radio, _ = window(machine, seconds=15, again=0)

    def length_of_one(found: bool) -> float:
        w.look(latched=True, wanted=True)
        timer = w._timer
        assert timer is not None
        if found:
            wifi_only(machine)
            w.look(latched=True, wanted=True)
        timer.cancel()
        timer.function()  # its time is over
        assert radio.blocked()
        return timer.interval

    assert [length_of_one(found) for found in (False, False, False, False, True, True)] == [
        *(15, 30, 60, 60, 60),
        15,  # it found its network: so long is enough
    ]


def test_an_alert_is_hurried_when_the_wifi_has_found_its_network(machine: Machine) -> None:
    wifi_only(machine)
    machine.route()
    w, _, hurry = window(machine)
    w.block(again=False)
    w.look(latched=True, wanted=True)
    assert hurry.count == 0
    machine.route("wlan0")
    w.look(latched=True, wanted=True)
    assert hurry.count == 1
    w.shut()


def test_who_wants_the_radio_off_leaves_it_on_for_an_alert(machine: Machine) -> None:
    """A session's end, of which the press has made a panic's."""
    wifi_only(machine)
    w, radio, _ = window(machine)
    w.block(again=False)
    assert not w.off()
    assert not radio.blocked()
    w.shut()
    radio.unblock()
    assert w.off()
    assert radio.blocked()


def test_radios_that_are_switched_off_at_a_start_cost_what_is_still_owed_no_wait(machine: Machine) -> None:
    wifi_only(machine)
    w, _, _ = window(machine, again=3600)
    w.shut()
    assert w.look(latched=True, wanted=True) == Cut(False, alert_only=True)
    w.shut()
    assert w.look(latched=True, wanted=True) != Cut(False, alert_only=True), "but there is one between two"


def test_a_radio_that_goes_off_in_an_open_window_is_switched_on_again(machine: Machine) -> None:
    """An order from before the panic, which the switch has carried out late."""
    wifi_only(machine)
    w, radio, hurry = window(machine)
    w.block(again=False)
    radio.block()
    machine.route()
    w.look(latched=True, wanted=True)
    assert not radio.blocked()
    assert hurry.count == 0
    machine.route("wlan0")
    w.look(latched=True, wanted=True)
    assert hurry.count == 1, "it has found its network again"
    w.shut()


def test_a_cable_plugged_in_during_the_window_ends_it(machine: Machine) -> None:
    wifi_only(machine)
    w, radio, hurry = window(machine)
    w.block(again=False)
    machine.link("eth0", "up")
    machine.route("wlan0", "eth0")
    w.look(latched=True, wanted=True)
    assert radio.blocked()
    assert hurry.count == 1, "and the alert goes by it at once"


@pytest.mark.parametrize("latched", [True, False])
@pytest.mark.parametrize("wireless", [True, False])
def test_what_is_owed_is_hurried_when_a_cable_has_come_back(
    machine: Machine, latched: bool, wireless: bool
) -> None:
    machine.link("eth0", "down")
    if wireless:
        machine.link("wlan0", "down", "wireless")
    w, _, hurry = window(machine)
    for _ in range(2):
        w.look(latched, wanted=False)
    assert hurry.count == 0
    machine.link("eth0", "up")
    machine.route("eth0")
    for _ in range(2):
        w.look(latched, wanted=True)
        assert hurry.count == 1


def test_a_radio_that_somebody_switches_on_while_latched_is_switched_off_again(machine: Machine) -> None:
    machine.link("eth0", "up")
    machine.route("eth0")
    w, radio, _ = window(machine)
    w.block(again=False)
    radio.unblock()
    assert w.look(latched=True, wanted=True) == Cut(confirmed=True)
    assert radio.blocked()


def test_a_link_that_stays_up_though_its_radio_reads_off_is_not_confirmed_off(machine: Machine) -> None:
    machine.link("eth0", "up")
    machine.link("wlan0", "up", "wireless")
    machine.route("eth0")
    w, radio, _ = window(machine)
    w.block(again=False)
    assert radio.blocked()
    assert w.look(latched=True, wanted=True) == Cut(confirmed=False)


def test_a_cable_that_is_there_and_delivers_nothing_does_not_silence_the_alert(machine: Machine) -> None:
    machine.link("eth0", "up")
    machine.link("wlan0", "down", "wireless")
    machine.route("eth0")
    w, radio, hurry = window(machine, again=0)
    w.block(again=False)
    assert w.look(latched=True, wanted=True) == Cut(confirmed=True)
    assert w.look(latched=True, wanted=True, cable_fails=True) == Cut(False, alert_only=True)
    assert not radio.blocked()
    assert hurry.count == 1
    assert w.look(latched=True, wanted=False) == Cut(confirmed=True)
    assert radio.blocked()


def test_without_any_wifi_a_dead_cable_opens_nothing(machine: Machine) -> None:
    machine.link("eth0", "up")
    machine.route("eth0")
    w, radio, _ = window(machine)
    w.block(again=False)
    assert w.look(latched=True, wanted=True, cable_fails=True) == Cut(confirmed=True)
    assert radio.blocked()


def test_the_end_of_a_window_that_is_over_takes_no_session_its_radio(machine: Machine) -> None:
    """Its thread may have begun to end it in the very moment of SLT's reset."""
    wifi_only(machine)
    w, radio, _ = window(machine)
    w.block(again=False)
    late = w._timer
    assert late is not None
    w.shut()
    radio.unblock()
    late.function()
    assert not radio.blocked()


def test_outside_a_panic_the_radios_are_let_be(machine: Machine) -> None:
    wifi_only(machine)
    w, radio, _ = window(machine)
    assert w.look(latched=False, wanted=True) is None
    assert not radio.blocked()


# The firewall, in the kernel.

SENDS = """
import socket, sys
wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    wire.sendto(b"hello", ("192.0.2.2", 9))
    print("sent")
except PermissionError:
    print("refused")
"""

IN_A_NAMESPACE = """
set -e
ip link set lo up
ip link add kiosk type veth peer name other
ip addr add 192.0.2.1/24 dev kiosk
ip link set kiosk up
ip link set other up
ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev kiosk
exec "$@"
"""

TRY = """
import subprocess, sys
from kiosk.guardian.network import NO_RULES, apply, rules
def sends(ruleset=""):
    assert apply(ruleset) == "", apply(ruleset)
    done = subprocess.run([sys.executable, "-c", sys.argv[1]], capture_output=True, text=True)
    return done.stdout.strip() or done.stderr
guardian, another = "meta skuid 0", "meta skuid 990"
print(sends())
print(sends(rules(guardian)), sends(rules(guardian, resolver=101)))
print(sends(rules(another)))
print(sends(NO_RULES), sends(NO_RULES))
"""


def test_while_the_rules_hold_their_user_sends_and_no_other_does() -> None:
    """In a network of its own, where this process is user 0: with rules for it, and for somebody else."""
    namespace = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    done = subprocess.run(
        [*namespace, "sh", "-c", IN_A_NAMESPACE, "sh", sys.executable, "-c", TRY, SENDS],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["sent", "sent sent", "refused", "sent sent"]


def test_rules_the_kernel_refuses_are_a_sentence_and_change_nothing() -> None:
    assert apply("table inet kiosk_alert { nonsense }").startswith("The firewall was not set")


def test_where_a_program_of_the_system_looks_names_up_it_may_ask_for_them(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc/resolv.conf"
    file.write_text("nameserver 192.0.2.53\n")
    assert resolver(tmp_path) is None, "we ask for ourselves"
    file.write_text("# stub\nnameserver 127.0.0.53\noptions edns0\n")
    known = [user.pw_uid for user in pwd.getpwall() if user.pw_name == "systemd-resolve"]
    assert resolver(tmp_path) == (known[0] if known else None)


def test_a_control_group_is_preferred_to_a_user_and_a_strange_one_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    file = tmp_path / "proc/self/cgroup"
    by_user = f"meta skuid {os.geteuid()}"
    for written, expected in (
        ("0::/system.slice/kiosk-guardian.service/kiosk-guardian\n", 3),
        ("1:name=systemd:/x\n0::/kiosk\n", 1),
    ):
        file.write_text(written)
        group, user = guardian_itself(tmp_path)
        path = written.rpartition("::/")[2].strip()
        assert (group, user) == (f'socket cgroupv2 level {expected} "{path}"', by_user)
    for written in ("0::/\n", '0::/a" accept\n', ""):
        file.write_text(written)
        assert list(guardian_itself(tmp_path)) == [by_user]


BY_GROUP = """
import subprocess, sys
from pathlib import Path
from kiosk.guardian.network import apply, guardian_itself, rules
group = Path("/sys/fs/cgroup/kiosk-firewall-test")
def sends(at):
    move = f"open('{at}/cgroup.procs', 'w').write('0');"
    done = subprocess.run([sys.executable, "-c", move + sys.argv[1]], capture_output=True, text=True)
    return done.stdout.strip() or done.stderr
(group / "cgroup.procs").write_text("0")
said = apply(rules(next(iter(guardian_itself()))))
print(said or "set", sends(group), sends(group.parent))
"""

GROUPED = """
set -e
mount -t cgroup2 none /sys/fs/cgroup
mkdir /sys/fs/cgroup/kiosk-firewall-test
trap 'rmdir /sys/fs/cgroup/kiosk-firewall-test' EXIT
"$@"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes control groups without asking systemd")
def test_another_program_of_the_same_user_cannot_send_where_there_are_control_groups() -> None:
    script = IN_A_NAMESPACE.replace('exec "$@"', "") + GROUPED
    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", BY_GROUP, SENDS],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "mount:" in done.stderr:
        pytest.skip("this machine has no control groups of version 2")
    assert done.stdout.split() == ["set", "sent", "refused"], done.stderr


TWO_WAYS = """
set -e
ip link set lo up
for name in eth0 wlan0; do
    ip link add $name type veth peer name far-$name
    ip link set far-$name up
    ip link set $name up
done
ip addr add 192.0.2.1/24 dev eth0
ip addr add 198.51.100.1/24 dev wlan0
ip route add default via 192.0.2.254 dev eth0 metric 100
way() { ip route get 203.0.113.1 | grep -o 'dev [a-z0-9]*' || echo none; }
prefer() { "$1" -c 'from kiosk.guardian.network import prefer_wifi; print(prefer_wifi({"wlan0"}))'; }
prefer "$1"
ip route add default via 198.51.100.254 dev wlan0 metric 600
way
prefer "$1"
way
ip link set wlan0 down
way
"""


def test_past_a_dead_cable_an_alert_goes_by_wifi_until_the_radio_goes_off() -> None:
    namespace = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    done = subprocess.run(
        [*namespace, "sh", "-c", TWO_WAYS, "sh", sys.executable],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    refused, *rest = done.stdout.splitlines()
    assert refused == "Wi-Fi could not be preferred to the cable: it has no route.", done.stderr
    assert rest == ["dev eth0", "", "dev wlan0", "dev eth0"], done.stderr
