"""The walls around the browser, as data: who it is, what it can see, and bubblewrap's command line for that.

Nothing of the host is inside but programs and fonts; what is written goes to memory and vanishes with the
namespace.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import BrowserError

DOOR_PORT = 3128
MEMORY_FILES, SHARED_MEMORY = "/tmp", "/dev/shm"  # noqa: S108  # inside the namespace, where both are ours alone
HOME, PROFILE = f"{MEMORY_FILES}/home", f"{MEMORY_FILES}/profile"
GLASS = 5  # the descriptor of the one connection to the compositor (`stage`, `browser_glass`)
POLICY_FOLDERS = ("/etc/chromium/policies/managed", "/etc/chromium-browser/policies/managed")
MOST_MEMORY_FILES = 512 * 1024 * 1024  # bytes of /tmp: the profile with its cache
MOST_SHARED_MEMORY = 256 * 1024 * 1024  # bytes of /dev/shm: pictures on their way between processes
DEVICE_GROUPS = ("video", "render", "audio")  # a Pi's GPU and sound, where they exist
STAGE = Path(__file__).with_name("stage.py")
# Read-only, where the host has them. No /run, /home, /var, /srv, /root: nothing that is anybody's.
VISIBLE = (
    "/usr",
    "/etc/alternatives",
    "/etc/chromium.d",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/alsa",
    "/etc/asound.conf",
    "/etc/drirc",
    "/etc/glvnd",
    "/etc/vulkan",
    "/var/cache/fontconfig",
)
# Below /dev. Of a GPU, what draws, and not the card, which has the panel too; of sound, what plays (H12).
DEVICES = ("dri/renderD*", "snd/timer", "snd/controlC*", "snd/pcmC*D*p")
ENVIRONMENT = {
    "HOME": HOME,
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "XDG_RUNTIME_DIR": MEMORY_FILES,
    "TMPDIR": MEMORY_FILES,
    "WAYLAND_SOCKET": str(GLASS),
}


@dataclass(frozen=True)
class Identity:
    """Whose processes they are. `switch` is False where the guardian already is that user."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    switch: bool


def identity(user: str | None) -> Identity:
    """The user the browser runs as. Raises BrowserError for root, and for a user that does not exist."""
    if os.geteuid() != 0:
        me = pwd.getpwuid(os.geteuid())
        if user not in (None, me.pw_name):
            raise BrowserError(
                f"Only root can run the browser as “{user}”.",
                "Start the kiosk as root, or leave the user out.",
            )
        return Identity(me.pw_name, me.pw_uid, me.pw_gid, (), switch=False)
    if user is None:
        raise BrowserError("The browser never runs as root.", "Name its user: kiosk-browser.")
    try:
        found = pwd.getpwnam(user)
    except KeyError as error:
        raise BrowserError(f"There is no user “{user}”.", f"Make it: useradd --system {user}") from error
    if found.pw_uid == 0:
        raise BrowserError("The browser never runs as root.", "Name its user: kiosk-browser.")
    groups = tuple(g.gr_gid for g in grp.getgrall() if g.gr_name in DEVICE_GROUPS)
    return Identity(found.pw_name, found.pw_uid, found.pw_gid, groups, switch=True)


def small_files(who: Identity, policy: Mapping[str, object]) -> dict[str, bytes]:
    """The files that exist inside only: the policy in both places it may be looked for, and a bare /etc."""
    managed = json.dumps(policy, indent=1).encode()
    files = {f"{folder}/kiosk.json": managed for folder in POLICY_FOLDERS}
    files["/etc/passwd"] = f"{who.name}:x:{who.uid}:{who.gid}::{HOME}:/usr/sbin/nologin\n".encode()
    files["/etc/group"] = f"{who.name}:x:{who.gid}:\n".encode()
    files["/etc/hosts"] = b"127.0.0.1 localhost\n"
    files["/etc/nsswitch.conf"] = b"passwd: files\ngroup: files\nhosts: files\n"
    files["/stage.py"] = STAGE.read_bytes()
    return files


def devices(dev: Path = Path("/dev")) -> list[str]:
    """The devices that may be used inside, of those there are."""
    return sorted(str(found) for pattern in DEVICES for found in dev.glob(pattern))


def gpus(sys: Path = Path("/sys")) -> list[str]:
    """Of /sys what libdrm looks a GPU up by: its device, and the way there from its node's numbers."""
    line: list[str] = []
    for node in sorted((sys / "class/drm").glob("renderD*")):
        real, number = node.resolve(), (node / "dev").read_text().strip()
        device = str((node / "device").resolve())
        line += ["--ro-bind", device, device, "--symlink", str(real), str(sys / "dev/char" / number)]
    return line


def arguments(
    files: Mapping[str, int],
    calls: int,
    info: int,
    gate: int,
    channel: int,
    glass: int,
    program: Sequence[str],
) -> list[str]:
    """bubblewrap's command line. `files` maps a path inside to a descriptor with its content; `calls` has the
    filter of system calls (`browser_calls`).

    bubblewrap tells of its processes on `info`, and runs nothing inside before a byte comes through `gate`.
    Nothing of it runs as the guardian does (its unit): a browser must not keep the processors from a panic.
    """
    line = ["chrt", "--other", "0", "bwrap", "--die-with-parent", "--new-session", "--clearenv"]
    line += ["--info-fd", str(info), "--block-fd", str(gate)]
    line += ["--unshare-user", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    line += ["--unshare-cgroup-try", "--hostname", "kiosk", "--cap-drop", "ALL"]
    for visible in VISIBLE:
        line += ["--ro-bind-try", visible, visible]
    line += gpus()
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():  # a merged /usr
            line += ["--symlink", str(path.readlink()), str(path)]
        else:
            line += ["--ro-bind-try", str(path), str(path)]
    line += ["--proc", "/proc", "--dev", "/dev"]
    for device in devices():
        line += ["--dev-bind-try", device, device]
    line += ["--size", str(MOST_SHARED_MEMORY), "--tmpfs", SHARED_MEMORY, "--remount-ro", "/dev"]
    line += ["--size", str(MOST_MEMORY_FILES), "--tmpfs", MEMORY_FILES, "--dir", HOME, "--dir", PROFILE]
    for inside, descriptor in files.items():
        line += ["--perms", "0444", "--ro-bind-data", str(descriptor), inside]
    line += ["--remount-ro", "/", "--seccomp", str(calls)]
    for name, value in ENVIRONMENT.items():
        line += ["--setenv", name, value]
    stage = ["/usr/bin/python3", "-I", "-S", "-B", "/stage.py"]
    stage += [str(channel), str(glass), str(DOOR_PORT)]
    return [*line, "--chdir", "/", "--", *stage, *program]
