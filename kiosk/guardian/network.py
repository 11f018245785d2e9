"""Which way an alert can go while the child's internet is cut: facts read, one decision, and rules as data.

Ethernet or a cable modem can stay while all radios go off. If Wi-Fi is all there is, it must stay for the
alert, and then nothing but the guardian may send: that is a ruleset, applied in one step.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

UP, REJECT = 0x1, 0x200  # RTF_UP and RTF_REJECT in Linux's include/uapi/linux/route.h
TABLE = "kiosk_alert"
NFT_TIME = 5.0  # s


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


def rules(uid: int) -> str:
    """nftables: nothing leaves or passes through this machine but what user `uid` sends."""
    return f"""\
table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
    chain output {{
        type filter hook output priority -10; policy drop;
        oifname "lo" accept
        meta skuid {uid} accept
        icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert }} accept
    }}
    chain forward {{
        type filter hook forward priority -10; policy drop;
    }}
}}
"""


NO_RULES = f"table inet {TABLE}\ndelete table inet {TABLE}\n"
"""Takes them away; also where there are none."""


def apply(ruleset: str, environment: Mapping[str, str] | None = None) -> str:
    """Give a ruleset to the kernel, whole or not at all. "" or what went wrong, as a sentence."""
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if nft is None:
        return "nftables is not installed: apt install nftables."
    try:
        done = subprocess.run(
            [nft, "-f", "-"],
            input=ruleset,
            text=True,
            capture_output=True,
            timeout=NFT_TIME,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"The firewall could not be set: {error}."
    said = done.stderr.strip().splitlines()
    return f"The firewall was not set: {said[0] if said else done.returncode}." if done.returncode else ""
