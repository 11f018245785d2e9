"""The disk of a Debian 13 machine, made from the mirror that this system's own apt uses, and kept.

`python tests/vm/image.py` makes it and prints where it is. It is made again when anything in guest/ or in
this file changes. It lives outside the tree, in $XDG_CACHE_HOME/supervised-kiosk-vm; deleting that is safe.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITE = "trixie"
DISK_SIZE = "3G"  # sparse
KEPT = 3  # images, of 0.7 GB each
MAKING_PREFIX = "making-"
MAKING = 900  # s, at most, for any one step of making it

# Debian 13 has no lgpio (Raspberry Pi OS has): it comes from PyPI as source, because it has no wheel for
# Python 3.13. What the kiosk needs, and the tests' mail server, come as wheels for the machine's Python.
LGPIO = "lgpio==0.2.2.0"
MAIL = "aiosmtpd>=1.4.6"
WHEELS = (
    *("--only-binary", ":all:", "--implementation", "cp", "--python-version", "3.13"),
    *("--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64"),
)

STAYS = (
    *("dbus", "iw", "kmod", "linux-image-amd64", "rfkill", "systemd", "systemd-sysv", "udev"),
    *("bubblewrap", "hostapd", "iproute2", "nftables", "wpasupplicant"),
    *("python3", "python3-evdev", "python3-hypothesis", "python3-pytest", "python3-pytest-timeout"),
)
TO_BUILD_WITH = (
    *("gcc", "libc6-dev", "linux-headers-amd64", "linux-source", "make", "swig", "xz-utils"),
    *("python3-dev", "python3-pip", "python3-setuptools", "python3-venv", "python3-wheel"),
)


class CannotBuild(Exception):
    """The image cannot be made here; the message says what to do."""


@dataclass(frozen=True)
class Image:
    """What QEMU needs to boot the machine."""

    kernel: Path
    initrd: Path
    disk: Path

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return self.kernel.is_file() and self.initrd.is_file() and self.disk.is_file()


def image() -> Image:
    """The machine's image, made now if it is not there yet (some minutes). Raises CannotBuild."""
    folder = _cache() / _recipe()
    made = Image(folder / "vmlinuz", folder / "initrd.img", folder / "disk.img")
    if not made.complete:
        _cache().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=MAKING_PREFIX, dir=_cache()) as making:
            _make(Path(making))
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for file in (made.kernel, made.initrd, made.disk):
                Path(making, file.name).rename(file)
    made.disk.touch()
    _forget_old()
    return made


def _forget_old() -> None:
    """Keeps the images that were used last: two branches may be at work."""
    disks = sorted(_cache().glob("*/disk.img"), key=lambda disk: disk.stat().st_mtime)
    for disk in disks[:-KEPT]:
        if not disk.parent.name.startswith(MAKING_PREFIX):
            shutil.rmtree(disk.parent)


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "supervised-kiosk-vm"


def _recipe() -> str:
    """A name that changes with everything that decides what is in the image."""
    files = [Path(__file__), *sorted((HERE / "guest").iterdir())]
    parts = [*(file.read_bytes() for file in files), "\n".join(_needed()).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _needed() -> list[str]:
    """What the kiosk's package says that it needs."""
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())["project"]
    return [str(requirement) for requirement in project["dependencies"]]


def mirror() -> str:
    """The Debian mirror that this system's apt is configured with. Raises CannotBuild if it has none."""
    wanted = ["--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian"]
    listed = subprocess.run(["apt-get", "indextargets", *wanted], capture_output=True, text=True, check=False)
    if listed.returncode != 0 or not listed.stdout:
        raise CannotBuild("apt here knows no Debian mirror: run `apt-get update` on a Debian system first.")
    return listed.stdout.splitlines()[0]


def _make(folder: Path) -> None:
    wheels = folder / "wheels"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(wheels)]
    reach = "install pip, and let it reach its package index"
    _run([*pip, "--no-deps", "--no-binary", "lgpio", LGPIO], reach)
    _run([*pip, *WHEELS, *_needed(), MAIL], reach)
    _run(
        [
            *("mmdebstrap", "--quiet", "--variant=apt", "--aptopt=Apt::Install-Recommends false"),
            f"--include={','.join(STAYS + TO_BUILD_WITH)}",
            f"--customize-hook=copy-in {HERE / 'guest'} {wheels} /opt",
            f'--customize-hook=chroot "$1" sh /opt/guest/make.sh {" ".join(TO_BUILD_WITH)}',
            f"--customize-hook=copy-out /vmlinuz-made /initrd-made {folder}",
            '--customize-hook=rm "$1/vmlinuz-made" "$1/initrd-made"',
            *(SUITE, str(folder / "root.tar"), mirror()),
        ],
        "run `apt-get install mmdebstrap`",
    )
    (folder / "vmlinuz-made").rename(folder / "vmlinuz")
    (folder / "initrd-made").rename(folder / "initrd.img")
    script = 'cd "$1" && mkdir root && tar -C root -xf root.tar && mke2fs -q -t ext4 -d root disk.img "$2"'
    as_root = [] if os.geteuid() == 0 else ["mmdebstrap", "--unshare-helper"]
    _run([*as_root, "sh", "-c", script, "sh", str(folder), DISK_SIZE], "run `apt-get install e2fsprogs`")


def _run(command: list[str], todo: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MAKING)
    except FileNotFoundError as error:
        raise CannotBuild(f"{command[0]} is missing: {todo}.") from error
    except subprocess.TimeoutExpired as error:
        raise CannotBuild(
            f"{command[0]} took longer than {MAKING} s: try again on a quieter machine."
        ) from error
    if done.returncode != 0:
        raise CannotBuild(
            f"{command[0]} failed; {todo}. It said:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )


if __name__ == "__main__":
    print(image().disk.parent)
