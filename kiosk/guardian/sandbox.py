"""The walls around the browser: bubblewrap's namespaces, what is visible inside, the one signal that ends it.

Nothing of the host is inside but programs, fonts and the compositor's socket; what is written goes to memory
and vanishes with the namespace. The network namespace has loopback alone, and on it the listening socket of
the door, which the stage opens inside and hands to the guardian.
"""

from __future__ import annotations

import asyncio
import grp
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from kiosk.errors import BrowserError
from kiosk.guardian.stage import DOOR

DOOR_PORT = 3128
HOME = "/tmp/home"  # noqa: S108  # inside the namespace, where /tmp is ours alone
PROFILE = "/tmp/profile"  # noqa: S108
WAYLAND = "/tmp/wayland-0"  # noqa: S108
POLICY_FOLDERS = ("/etc/chromium/policies/managed", "/etc/chromium-browser/policies/managed")
MOST_MEMORY_FILES = 512 * 1024 * 1024  # bytes of /tmp: profile and shared memory
DEVICE_GROUPS = ("video", "render", "audio")  # a Pi's GPU and sound, where they exist
STAGE = Path(__file__).with_name("stage.py")
START_TIME = 10.0  # s for each step of coming up
LAST_WORDS = 20  # lines of Chromium's complaints kept for an error sentence

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
DEVICES = ("/dev/dri", "/dev/snd")


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


def arguments(
    files: Mapping[str, int],
    info: int,
    channel: int,
    wayland: Path,
    program: Sequence[str],
    root: Path = Path("/"),
) -> list[str]:
    """bubblewrap's command line. `files` maps a path inside to a descriptor with its content."""
    line = ["bwrap", "--die-with-parent", "--new-session", "--clearenv", "--info-fd", str(info)]
    line += ["--unshare-user", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    line += ["--unshare-cgroup-try", "--hostname", "kiosk", "--cap-drop", "ALL"]
    for path in VISIBLE:
        line += ["--ro-bind-try", path, path]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        if (root / name).is_symlink():
            line += ["--symlink", os.readlink(root / name), f"/{name}"]
        else:
            line += ["--ro-bind-try", f"/{name}", f"/{name}"]
    line += ["--proc", "/proc", "--dev", "/dev"]
    for path in DEVICES:
        line += ["--dev-bind-try", path, path]
    line += ["--size", str(MOST_MEMORY_FILES), "--tmpfs", "/tmp", "--dir", HOME, "--dir", PROFILE]  # noqa: S108
    for path, descriptor in files.items():
        line += ["--perms", "0444", "--ro-bind-data", str(descriptor), path]
    line += ["--bind", str(wayland), WAYLAND, "--remount-ro", "/"]
    environment = {
        "HOME": HOME,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": "/tmp",  # noqa: S108
        "TMPDIR": "/tmp",  # noqa: S108
        "WAYLAND_DISPLAY": WAYLAND,
    }
    for name, value in environment.items():
        line += ["--setenv", name, value]
    line += [
        "--chdir",
        "/",
        "--",
        "/usr/bin/python3",
        "-I",
        "-S",
        "-B",
        "/stage.py",
        str(channel),
        str(DOOR_PORT),
    ]
    return [*line, *program]


@dataclass
class Sandbox:
    """One run of the browser's programs, from birth to the last one reaped.

    `kill` may be called from any thread at any time, even before `start` has finished.
    """

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _killed: bool = False
    _pidfds: list[int] = field(default_factory=list)  # the namespace's init first, once it is known
    _process: subprocess.Popen[bytes] | None = None
    _words: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_WORDS))
    _listening: asyncio.Task[None] | None = None
    init: int = 0  # the host's process id of the namespace's init

    async def start(
        self, who: Identity, policy: Mapping[str, object], wayland: Path, program: Sequence[str]
    ) -> tuple[socket.socket, socket.socket]:
        """Start `program` inside. Returns the door's listening socket and the DevTools channel.

        Raises BrowserError, with everything ended again, if it does not come up within 10 s.
        """
        if shutil.which("bwrap") is None:
            raise BrowserError("bubblewrap is missing.", "Install it: apt install bubblewrap")
        if not wayland.is_socket():
            raise BrowserError(
                f"There is no compositor at {wayland}.", "Start sway first; see its log if it stopped."
            )
        ours, theirs = socket.socketpair()
        info_read, info_write = os.pipe()
        with theirs, os.fdopen(info_read, "rb") as info:
            try:
                self._spawn(who, policy, wayland, program, theirs.fileno(), info_write)
            finally:
                os.close(info_write)
            theirs.close()
            try:
                await self._know_init(info)
                return await self._receive_door(ours), ours
            except BaseException:
                ours.close()
                self.kill()
                await self.closed()
                raise

    def kill(self) -> None:
        """End every process inside, now. Thread-safe, idempotent, never raises.

        The kernel kills a pid namespace whole when its init dies (pid_namespaces(7)). bubblewrap's process
        outside comes second, and is alone if the init is not known yet: it takes its children along.
        """
        with self._lock:
            self._killed = True
            for pidfd in self._pidfds:
                with suppress(OSError):  # already gone: that is what was wanted
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    async def ended(self) -> None:
        """Wait until every process inside has ended: the namespace's init is reaped after all others."""
        with self._lock:
            pidfds = tuple(self._pidfds)
        for pidfd in pidfds:
            await _readable(pidfd)

    async def closed(self) -> None:
        """Wait until every process inside has been reaped, then release what was held."""
        await self.ended()
        if self._process is not None:
            self._process.wait()
        if self._listening is not None:
            await self._listening
        with self._lock:
            while self._pidfds:
                os.close(self._pidfds.pop())

    @property
    def last_words(self) -> str:
        """What the programs inside complained of last, for an error sentence."""
        return " / ".join(self._words)

    def _spawn(
        self,
        who: Identity,
        policy: Mapping[str, object],
        wayland: Path,
        program: Sequence[str],
        channel: int,
        info: int,
    ) -> None:
        contents = {path: _memory_file(data) for path, data in small_files(who, policy).items()}
        try:
            process = subprocess.Popen(
                arguments(contents, info, channel, wayland, program),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(*contents.values(), info, channel),
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath)},
                **_switch(who),
            )
        except OSError as error:
            raise BrowserError(f"The browser's sandbox did not start: {error}.") from error
        finally:
            for descriptor in contents.values():
                os.close(descriptor)
        with self._lock:
            self._process = process
            self._pidfds.append(os.pidfd_open(process.pid))
        if self._killed:  # a panic while we were starting
            self.kill()
        self._listening = asyncio.create_task(self._listen(process), name="browser stderr")

    async def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stderr
        )
        rest = b""
        while chunk := await reader.read(4096):
            *lines, rest = (rest + chunk).split(b"\n")
            self._words.extend(line.decode(errors="replace")[:300] for line in lines)
            rest = rest[:300]
        transport.close()

    async def _know_init(self, info: BinaryIO) -> None:
        """Learn the namespace's init from bubblewrap; hold it by a descriptor, which is never another's."""
        assert self._process is not None
        text = b""
        while b"}" not in text:
            await _readable(info.fileno(), START_TIME)
            chunk = os.read(info.fileno(), 4096)
            if not chunk:
                raise BrowserError(
                    f"The browser's sandbox did not start: {await self._complaint()}.",
                    "Unprivileged user namespaces must be allowed; `kiosk doctor` says what is missing.",
                )
            text += chunk
        init = int(json.loads(text)["child-pid"])
        pidfd = os.pidfd_open(init)
        if f"\nPPid:\t{self._process.pid}\n" not in Path(f"/proc/{init}/status").read_text():
            os.close(pidfd)
            raise BrowserError("The browser's sandbox ended as it began.", "Try again.")
        with self._lock:
            self._pidfds.insert(0, pidfd)
            self.init = init
        if self._killed:
            self.kill()

    async def _receive_door(self, ours: socket.socket) -> socket.socket:
        await _readable(ours.fileno(), START_TIME)
        word, descriptors, _, _ = socket.recv_fds(ours, len(DOOR), 1)
        listeners = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        if word != DOOR or len(listeners) != 1:
            raise BrowserError(f"The browser's sandbox did not open its door: {await self._complaint()}.")
        listeners[0].setblocking(False)
        return listeners[0]

    async def _complaint(self) -> str:
        """What was said last, once it has all been said."""
        self.kill()
        if self._listening is not None:
            await self._listening
        return self.last_words or "it said nothing"


def _switch(who: Identity) -> dict[str, Any]:
    """How subprocess becomes that user; nothing where we are it already."""
    return {"user": who.uid, "group": who.gid, "extra_groups": list(who.groups)} if who.switch else {}


def _memory_file(data: bytes) -> int:
    """A descriptor of a file without a name, at its start."""
    descriptor = os.memfd_create("kiosk")
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


async def _readable(descriptor: int, patience: float | None = None) -> None:
    """Wait until there is something to read, or the end; a pidfd is readable when its process has ended.

    Raises BrowserError after `patience` seconds.
    """
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    ours = os.dup(descriptor)  # a loop knows one reader a descriptor; this one has no other
    loop.add_reader(ours, ready.set)
    try:
        async with asyncio.timeout(patience):
            await ready.wait()
    except TimeoutError as error:
        raise BrowserError(
            f"The browser's sandbox did not come up within {patience:g} s.", "Try again."
        ) from error
    finally:
        loop.remove_reader(ours)
        os.close(ours)
