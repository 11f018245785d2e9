"""What is seen and reached from inside the walls: programs, memory, the door; nothing of the host (H12)."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import json
import os
import platform
import pwd
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import BrowserError
from kiosk.guardian.browser import BrowserSettings
from kiosk.guardian.browser_calls import NUMBERS, REFUSED, SOCKETS, X32, program, steps
from kiosk.guardian.browser_walls import DOOR_PORT, POLICY_FOLDERS, devices, gpus, identity
from kiosk.guardian.sandbox import Sandbox

pytestmark = pytest.mark.e2e

PROBE = """
import ctypes, errno, json, os, pathlib, resource, socket, sys
asked = json.loads(sys.argv[1])

def attempt(kind, protocol, family, address):
    try:
        with socket.socket(family, kind, protocol) as s:
            s.settimeout(2)
            s.connect(address)
            s.send(b"hello")
    except OSError as error:
        return type(error).__name__ + " " + str(error.errno)
    return "reached"

def writable(path):
    try:
        pathlib.Path(path, "probe").write_text("x")
    except OSError:
        return False
    return True

def made(number, kind, protocol=0):
    try:
        socket.socket(number, kind, protocol).close()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "made"

def call(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    return "done" if libc.syscall(number, *arguments) >= 0 else errno.errorcode[ctypes.get_errno()]

S, D, R = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW
found = {
    "interfaces": [name for _, name in socket.if_nameindex()],
    "tcp": attempt(S, 0, socket.AF_INET, ("192.0.2.1", 443)),
    "dns": attempt(D, 0, socket.AF_INET, ("192.0.2.53", 53)),
    "tcp6": attempt(S, 0, socket.AF_INET6, ("2001:db8::1", 443)),
    "ping": attempt(R, 1, socket.AF_INET, ("192.0.2.1", 0)),
    "link-local": attempt(S, 0, socket.AF_INET, ("169.254.169.254", 80)),
    "host's loopback": attempt(S, 0, socket.AF_INET, ("127.0.0.1", asked["port"])),
    "host's abstract": attempt(S, 0, socket.AF_UNIX, "\\0" + asked["abstract"]),
    "visible": [path for path in asked["paths"] if os.path.lexists(path)],
    "top": sorted(os.listdir("/")), "etc": sorted(os.listdir("/etc")), "tmp": sorted(os.listdir("/tmp")),
    "devices": sorted(os.listdir("/dev")),
    "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
    "writable": [path for path in ("/", "/etc", "/usr", "/tmp", "/dev", "/dev/shm") if writable(path)],
    "policy": [json.loads(pathlib.Path(folder, "kiosk.json").read_text()) for folder in asked["policy"]],
    "environment": sorted(os.environ),
    "status": pathlib.Path("/proc/self/status").read_text(),
    "descriptors": sorted(int(n) for n in os.listdir("/proc/self/fd"))[:5],
    "more descriptors": len(os.listdir("/proc/self/fd")),
    "core": resource.getrlimit(resource.RLIMIT_CORE), "tasks": resource.getrlimit(resource.RLIMIT_NPROC),
    "tmp size": os.statvfs("/tmp").f_blocks * os.statvfs("/tmp").f_frsize,
    "mounts": pathlib.Path("/proc/self/mountinfo").read_text(),
    "namespaces": {n: os.readlink("/proc/self/ns/" + n) for n in ("net", "pid", "ipc", "uts", "mnt")},
    "uid": os.getuid(), "groups": os.getgroups(),
    "families": {number: made(number, socket.SOCK_DGRAM) for number in range(46)},
    "protocols": {
        f"{int(number)} {int(kind)} {protocol}": made(number, kind, protocol)
        for number in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
        for kind in (S, D, R, socket.SOCK_SEQPACKET)
        for protocol in range(263)
    },
    "calls": {name: call(number, *[None] * 6) for name, number in asked["calls"].items()},
    "shared memory": os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize,
}
os.write(4, json.dumps(found).encode() + b"\\0")
os.read(3, 1)
"""


ORDINARY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
PROBING = """import asyncio, json, sys
from pathlib import Path
from tests.browser.test_sandbox import probe
print(json.dumps(asyncio.run(probe(Path(sys.argv[1]), sys.argv[2]))))"""


@pytest.fixture(
    scope="module", params=["with root", "without root"] if os.geteuid() == 0 else ["without root"]
)
def inside(
    request: pytest.FixtureRequest, compositor: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a program finds where Chromium runs: below a guardian who is root, and below one who is nobody."""
    secret = tmp_path_factory.mktemp("guardian") / "kiosk.db"
    secret.write_text("the guardian's")
    secret.chmod(0o666)
    abstract = f"kiosk-test-{os.getpid()}"
    paths = [
        "/run",
        "/home",
        "/root",
        "/srv",
        "/opt",
        "/mnt",
        "/media",
        "/boot",
        "/var/lib",
        "/var/run",
    ]
    paths += [] if gpus() else ["/sys"]
    paths += ["/etc/shadow", "/etc/machine-id", "/etc/kiosk", "/etc/resolv.conf", str(secret), __file__]
    with socket.create_server(("127.0.0.1", 0)) as host, socket.socket(socket.AF_UNIX) as unix:
        unix.bind("\0" + abstract)
        unix.listen()
        asked = {
            "port": host.getsockname()[1],
            "abstract": abstract,
            "paths": paths,
            "policy": POLICY_FOLDERS,
            "calls": calls(),
        }
        if os.geteuid() != 0 or request.param == "with root":
            return asyncio.run(probe(compositor.socket, json.dumps(asked)))
        command = [*ORDINARY, sys.executable, "-c", PROBING, str(compositor.socket), json.dumps(asked)]
        source = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(
            command, env=source, cwd="/", capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["uid"] == pwd.getpwnam("nobody").pw_uid
        return found


def calls() -> dict[str, int]:
    """What is refused, and, on x86, the same getpid by its second number."""
    numbers = NUMBERS[platform.machine()]
    second = {"x32 getpid": X32 + 39} if platform.machine() == "x86_64" else {}
    return {name: numbers[name] for name in REFUSED} | second


async def probe(wayland: Path, asked: str) -> dict[str, Any]:
    sandbox = Sandbox()
    user = "kiosk-browser" if os.geteuid() == 0 else None
    program = ["/usr/bin/python3", "-I", "-c", PROBE, asked]
    door, channel = await sandbox.start(identity(user), {"URLBlocklist": ["*"]}, wayland, program)
    try:
        channel.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=channel, limit=1 << 20)
        async with asyncio.timeout(20):
            answer = await reader.readuntil(b"\0")
        writer.close()
        assert door.getsockname() == ("127.0.0.1", DOOR_PORT)
        return dict(json.loads(answer[:-1]))
    except asyncio.IncompleteReadError:
        raise AssertionError(sandbox.last_words) from None
    finally:
        door.close()
        sandbox.kill()
        await sandbox.closed()


def test_only_loopback_exists_and_no_packet_has_a_way_out(inside: dict[str, Any]) -> None:
    assert inside["interfaces"] == ["lo"]
    unreachable = "OSError 101"  # ENETUNREACH
    assert [inside[way] for way in ("tcp", "dns", "tcp6", "link-local")] == [unreachable] * 4
    assert inside["ping"] == "OSError 93"  # EPROTONOSUPPORT


def test_the_hosts_own_servers_cannot_be_reached(inside: dict[str, Any]) -> None:
    assert inside["host's loopback"] == "ConnectionRefusedError 111"
    assert inside["host's abstract"] == "ConnectionRefusedError 111"


def test_nothing_of_the_host_is_visible_but_programs_and_fonts(inside: dict[str, Any]) -> None:
    assert inside["visible"] == []
    top = {
        "bin",
        "dev",
        "etc",
        "lib",
        "lib32",
        "lib64",
        "proc",
        "sbin",
        "stage.py",
        "sys",
        "tmp",
        "usr",
        "var",
    }
    assert set(inside["top"]) <= top
    assert not {"shadow", "machine-id", "resolv.conf", "ssh", "ssl"} & set(inside["etc"])
    assert set(inside["tmp"]) == {"home", "profile"}
    assert not [
        name for name in inside["devices"] if name.startswith(("sd", "mmc", "input", "gpio", "rfkill"))
    ]
    assert inside["processes"] == 2  # the namespace's init, and the probe
    assert inside["environment"] == [
        "HOME",
        "LANG",
        "PATH",
        "PWD",
        "TMPDIR",
        "WAYLAND_SOCKET",
        "XDG_RUNTIME_DIR",
    ]


def test_nothing_can_be_written_to_a_disk_h14(inside: dict[str, Any]) -> None:
    assert inside["writable"] == ["/tmp", "/dev/shm"]
    assert inside["tmp size"] == 512 * 1024 * 1024
    assert inside["shared memory"] == 256 * 1024 * 1024
    for line in inside["mounts"].splitlines():
        before, after = line.split(" - ")
        where, options, kind = before.split()[4], before.split()[5], after.split()[0]
        if "rw" in options.split(",") and not where.startswith("/dev/"):
            assert kind in ("tmpfs", "proc", "devpts", "mqueue"), line
    assert inside["core"] == [1, 1]  # not even a core dump, through a pipe or not (core(5))


def test_a_socket_is_of_the_few_families_that_lead_nowhere(inside: dict[str, Any]) -> None:
    families = {int(number): how for number, how in inside["families"].items()}
    assert {number for number, how in families.items() if how == "made"} == set(SOCKETS)
    refused = {how for number, how in families.items() if number not in SOCKETS}
    assert refused == {"EAFNOSUPPORT"}


def test_and_of_the_few_protocols_that_a_browser_speaks(inside: dict[str, Any]) -> None:
    """By others nf_tables and xfrm are reached, and modules of the kernel are loaded that nobody needs."""
    for what, how in inside["protocols"].items():
        family, _, protocol = map(int, what.split())
        if protocol not in SOCKETS[family]:
            assert how == "EPROTONOSUPPORT", what
    for spoken in ((1, 1, 0), (2, 1, 6), (2, 2, 17), (10, 1, 6), (10, 2, 17), (16, 3, 0), (16, 3, 15)):
        assert inside["protocols"][" ".join(map(str, spoken))] == "made", spoken


def test_what_reaches_deep_into_the_kernel_is_refused_as_if_it_were_not_there(inside: dict[str, Any]) -> None:
    assert set(inside["calls"].values()) == {"ENOSYS"}


def test_control_outside_the_walls_the_kernel_knows_most_of_it() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    known = set()
    for name, number in calls().items():
        if libc.syscall(number, *[None] * 6) >= 0 or ctypes.get_errno() != errno.ENOSYS:
            known.add(name)
    assert {"keyctl", "mount", "bpf", "fsopen"} <= known
    with pytest.raises(OSError, match=r"Errno (1|22|94)\]"):  # and not 97, “no such family”
        socket.socket(socket.AF_PACKET, 77)


def test_of_sound_there_is_only_what_plays_and_of_a_gpu_what_draws_h12(tmp_path: Path) -> None:
    (tmp_path / "snd").mkdir()
    (tmp_path / "dri").mkdir()
    for name in ("card0", "card1", "renderD128", "by-path"):
        (tmp_path / "dri" / name).touch()
    for name in ("controlC0", "pcmC0D0p", "pcmC0D0c", "pcmC1D3p", "hwC0D0", "midiC0D0", "seq", "timer"):
        (tmp_path / "snd" / name).touch()
    found = [str(Path(path).relative_to(tmp_path)) for path in devices(tmp_path)]
    assert found == ["dri/renderD128", "snd/controlC0", "snd/pcmC0D0p", "snd/pcmC1D3p", "snd/timer"]


def test_of_sys_there_is_only_the_gpus_own_and_libdrms_way_to_it(tmp_path: Path) -> None:
    """A made-up /sys with a GPU and a disk, looked at from inside bubblewrap's walls."""
    sys, gpu = tmp_path / "sys", "devices/platform/1002000000.v3d"
    for inside in (f"{gpu}/drm/renderD128", "class/drm", "bus/platform", "dev/char", "devices/disk"):
        (sys / inside).mkdir(parents=True)
    (sys / gpu / "uevent").write_text("OF_COMPATIBLE_0=brcm,2712-v3d\n")
    (sys / gpu / "subsystem").symlink_to("../../../bus/platform")
    (sys / gpu / "drm/renderD128/dev").write_text("226:128\n")
    (sys / gpu / "drm/renderD128/device").symlink_to("../../../1002000000.v3d")
    (sys / "class/drm/renderD128").symlink_to(f"../../{gpu}/drm/renderD128")
    (sys / "class/drm/card0").mkdir()
    node = f"{sys}/dev/char/226:128"
    asks = f"cd {node}/device; cat uevent; readlink subsystem; ls drm {sys} {sys}/devices"
    line = [
        "bwrap",
        "--ro-bind",
        "/usr",
        "/usr",
        "--symlink",
        "usr/bin",
        "/bin",
        "--symlink",
        "usr/lib",
        "/lib",
    ]
    line += ["--symlink", "usr/lib64", "/lib64", *gpus(sys), "sh", "-c", asks]
    seen = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    assert seen[:2] == ["OF_COMPATIBLE_0=brcm,2712-v3d", "../../../bus/platform"]
    assert seen[2:] == [f"{sys}:", "dev", "devices", f"{sys}/devices:", "platform", "drm:", "renderD128"]
    assert gpus(tmp_path / "none") == []


def test_a_machine_whose_calls_are_not_known_gets_no_browser() -> None:
    with pytest.raises(BrowserError, match=r"not known for this machine \(riscv64\)\. Use a 64-bit"):
        program("riscv64")


@pytest.mark.parametrize("machine", NUMBERS)
def test_every_call_that_is_refused_has_its_number(machine: str) -> None:
    assert set(NUMBERS[machine]) == {*REFUSED, "socket", "socketpair"}
    assert len(set(NUMBERS[machine].values())) == len(NUMBERS[machine])
    assert len(program(machine)) == 8 * len(steps(machine))


def test_every_namespace_is_its_own(inside: dict[str, Any]) -> None:
    ours = {name: os.readlink(f"/proc/self/ns/{name}") for name in inside["namespaces"]}
    assert not set(ours.values()) & set(inside["namespaces"].values())


def test_the_program_inside_has_no_privilege_and_no_descriptor_it_does_not_need(
    inside: dict[str, Any],
) -> None:
    status = dict(line.split(":\t", 1) for line in inside["status"].splitlines())
    assert inside["uid"] != 0
    assert status["NoNewPrivs"] == "1"
    assert {int(status[held], 16) for held in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0}
    assert inside["descriptors"] == [0, 1, 2, 3, 4]
    assert inside["more descriptors"] == 7  # 5, the glass; and the one that lists them
    assert inside["tasks"] == [2048, 2048]


def test_the_policy_lies_in_both_folders_that_a_chromium_may_read(inside: dict[str, Any]) -> None:
    assert inside["policy"] == [{"URLBlocklist": ["*"]}] * 2


async def test_chromiums_own_sandbox_is_on(visiting: Any) -> None:
    async with visiting({"http://farm.test/": b"farm"}) as v:
        await v.opens("http://farm.test/")
        lines = v.processes()
        assert not [line for line in lines.values() if "--no-sandbox" in line]
        browser = next(
            pid for pid, line in lines.items() if "--remote-debugging-pipe" in line and "--type=" not in line
        )
        renderers = [pid for pid, line in lines.items() if "--type=renderer" in line]
        assert renderers
        for pid in renderers:
            status = Path(f"/proc/{pid}/status").read_text()
            assert "\nSeccomp:\t2\n" in status  # filtered by a program of Chromium's
            assert "\nNoNewPrivs:\t1\n" in status
            depth = {
                p: Path(f"/proc/{p}/status").read_text().split("\nNSpid:")[1].split("\n")[0]
                for p in (pid, browser)
            }
            assert len(depth[pid].split()) > len(depth[browser].split())  # a pid namespace further in


async def test_without_a_compositor_there_is_a_sentence(settings: BrowserSettings, tmp_path: Path) -> None:
    with pytest.raises(BrowserError, match=r"no compositor at .*Start sway"):
        await Sandbox().start(identity(settings.user), {}, tmp_path / "wayland-0", ["/usr/bin/true"])


async def test_without_bubblewrap_there_is_a_sentence(
    settings: BrowserSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrowserError, match=r"bubblewrap is missing. Install it"):
        await Sandbox().start(identity(settings.user), {}, settings.wayland, ["/usr/bin/true"])


@pytest.mark.parametrize(
    "user", ["root", "kiosk-nobody-at-all", None] if os.geteuid() == 0 else ["root", "daemon"]
)
def test_the_browser_never_runs_as_root_or_as_nobody_known(user: str | None) -> None:
    with pytest.raises(BrowserError, match=r"never runs as root|no user|Only root"):
        identity(user)
