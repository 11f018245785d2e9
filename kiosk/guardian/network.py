"""Which way an alert can go while the child's internet is cut: facts read, one decision, and rules as data.

Ethernet or a cable modem can stay while all radios go off. If Wi-Fi is all there is, it must stay for the
alert, and then nothing but the guardian may send: that is a ruleset, applied in one step.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

UP, REJECT = 0x1, 0x200  # RTF_UP and RTF_REJECT in Linux's include/uapi/linux/route.h
TABLE = "kiosk_alert"
PATIENCE = 5.0  # s
PACKAGES = {"nft": "nftables", "ip": "iproute2"}


class Way(Enum):
    """How a message can leave the kiosk."""

    OTHER = "other"  # without any radio
    WIFI_ONLY = "wifi only"
    NONE = "none"


@dataclass(frozen=True)
class Links:
    """The interfaces: `up` by operstate, `wireless`, and those that a default route goes by."""

    up: frozenset[str] = frozenset()
    wireless: frozenset[str] = frozenset()
    routed: frozenset[str] = frozenset()

    @property
    def wifi_up(self) -> bool:
        """Whether any Wi-Fi link carries anything, whatever the radio switch says."""
        return bool(self.wireless & self.up)

    @property
    def wifi_routed(self) -> bool:
        """Whether an alert could go by Wi-Fi now."""
        return bool(self.wireless & self.routed)


def way(links: Links) -> Way:
    """The decision. A Wi-Fi that is switched off now is a way too: it can be switched on for the alert."""
    if (links.routed - links.wireless) & links.up:
        return Way.OTHER
    return Way.WIFI_ONLY if links.wireless else Way.NONE


def read(root: Path = Path("/")) -> Links:
    """The facts, from `root`/proc/net and `root`/sys/class/net. What cannot be read is not there."""
    folder = root / "sys" / "class" / "net"
    names = [path.name for path in folder.iterdir() if path.name != "lo"] if folder.is_dir() else []
    wireless = {n for n in names if (folder / n / "wireless").exists() or (folder / n / "phy80211").exists()}
    # A modem or tunnel does not know whether it is up ("unknown", RFC 2863); then its route decides.
    up = {n for n in names if _text(folder / n / "operstate").strip() in ("up", "unknown")}
    routed = _routed_4(_text(root / "proc/net/route")) | _routed_6(_text(root / "proc/net/ipv6_route"))
    return Links(frozenset(up), frozenset(wireless), frozenset(routed))


def _routed_4(table: str) -> set[str]:
    """Interface, destination, gateway, flags, …, mask: in hexadecimal."""
    rows = (line.split() for line in table.splitlines()[1:])
    return {
        r[0] for r in rows if len(r) >= 8 and int(r[1], 16) == 0 and int(r[7], 16) == 0 and int(r[3], 16) & UP
    }


def _routed_6(table: str) -> set[str]:
    """Destination, its prefix length, …, flags, interface: in hexadecimal."""
    rows = (line.split() for line in table.splitlines())
    return {
        r[9]
        for r in rows
        if len(r) >= 10
        and int(r[0], 16) == 0
        and int(r[1], 16) == 0
        and int(r[8], 16) & UP
        and not int(r[8], 16) & REJECT
        and r[9] != "lo"
    }


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def guardian_itself(root: Path = Path("/")) -> Iterator[str]:
    """How nftables tells our own packets from others', the best way first: by control group, which is ours
    alone, else by user, which as root we share with the system's own services.
    """
    lines = _text(root / "proc/self/cgroup").splitlines()
    group = next((line[3:].strip("/") for line in lines if line.startswith("0::")), "")
    if group and re.fullmatch(r"[\w./@:-]+", group):
        yield f'socket cgroupv2 level {group.count("/") + 1} "{group}"'
    yield f"meta skuid {os.geteuid()}"


def rules(ours: str, resolver: int | None = None) -> str:
    """nftables: nothing leaves or passes through this machine but what matches `ours`, and, where names are
    looked up by a program of the system's, what its user `resolver` asks a name server.
    """
    asks = f"meta skuid {resolver} meta l4proto {{ tcp, udp }} th dport {{ 53, 853 }} accept"
    return f"""\
table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
    chain output {{
        type filter hook output priority -10; policy drop;
        oifname "lo" accept
        {ours} accept
        {asks if resolver is not None else ""}
        icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert }} accept
    }}
    chain forward {{
        type filter hook forward priority -10; policy drop;
    }}
}}
"""


def resolver(root: Path = Path("/")) -> int | None:
    """The user of systemd-resolved, where it is who asks the name servers for us."""
    words = [line.split() for line in _text(root / "etc/resolv.conf").splitlines()]
    servers = [line[1] for line in words if len(line) > 1 and line[0] == "nameserver"]
    if not servers or not all(server.startswith("127.") for server in servers):
        return None
    try:
        return pwd.getpwnam("systemd-resolve").pw_uid
    except KeyError:
        return None


NO_RULES = f"table inet {TABLE}\ndelete table inet {TABLE}\n"
"""Takes them away; also where there are none."""


def shut_out_others() -> str:
    """Put the rules up by the best way that this kernel has. "" or what went wrong, as a sentence."""
    said = ""
    for ours in guardian_itself():
        if not (said := apply(rules(ours, resolver()))):
            break
    return said


def apply(ruleset: str, environment: Mapping[str, str] | None = None) -> str:
    """Give a ruleset to the kernel, whole or not at all. "" or what went wrong, as a sentence."""
    status, said = _run("nft", ["-f", "-"], ruleset, environment)
    if status is None:
        return said
    return f"The firewall was not set: {said or status}." if status else ""


def prefer_wifi(wireless: Collection[str]) -> str:
    """Let what is sent go by Wi-Fi, though a cable has a route too. "" or what went wrong, as a sentence.

    Nothing has to undo it: a route ends with its link, and the radio goes off with the window.
    """
    why = "it has no route"
    for family in ("-4", "-6"):
        status, routes = _run("ip", ["-json", family, "route", "show", "default"])
        if status != 0:
            return routes or "The routes could not be read."
        for route in json.loads(routes or "[]"):
            if route.get("dev") not in wireless:
                continue
            via = ["via", route["gateway"]] if "gateway" in route else []
            line = [family, "route", "replace", "default", *via, "dev", route["dev"], "metric", "1"]
            status, said = _run("ip", line)
            if status == 0:
                why = ""
            elif why:
                why = said
    return f"Wi-Fi could not be preferred to the cable: {why}." if why else ""


def _run(
    program: str, arguments: Sequence[str], given: str = "", environment: Mapping[str, str] | None = None
) -> tuple[int | None, str]:
    """Its exit status, and what it said: its output if all is well, else its complaint's first line. No
    status where it could not be run.
    """
    file = shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if file is None:
        return None, f"{PACKAGES[program]} is not installed: apt install {PACKAGES[program]}."
    try:
        done = subprocess.run(
            [file, *arguments],
            input=given,
            text=True,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"{program} did not run: {error}."
    if done.returncode == 0:
        return 0, done.stdout
    return done.returncode, next(iter(done.stderr.strip().splitlines()), "")
