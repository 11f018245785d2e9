"""Runs one job in the machine: boots it, waits with a limit for each stage, and always ends it."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.vm.image import Image

BOOTING = 300  # s, at most; about 30 under software emulation on two cores
ENDING = 60  # s, at most, from the job's end to power off


class MachineError(Exception):
    """The machine did not boot, or its job did not end; the message ends with its console's last lines."""


@dataclass(frozen=True)
class Outcome:
    """How the job ended: its exit status, what it printed, and seconds."""

    status: int
    log: str
    boot_seconds: float
    job_seconds: float


def run(image: Image, job: Path, out: Path, seconds: float) -> Outcome:
    """Runs `job`/run.sh as root in a fresh copy of the machine; it finds `job` at /job and `out` at /out.

    Raises MachineError if the boot or the job take too long, or FileNotFoundError without QEMU.
    """
    console = out / "console"
    machine = subprocess.Popen(_command(image, job, out, console))
    try:
        started = time.monotonic()
        _wait(machine, out / "booted", BOOTING, console)
        booted = time.monotonic()
        _wait(machine, out / "status", seconds, console)
        ended = time.monotonic()
        machine.wait(ENDING)
    finally:
        machine.kill()
        machine.wait()
    status = int((out / "status").read_text())
    return Outcome(status, (out / "log").read_text(errors="replace"), booted - started, ended - booted)


def _command(image: Image, job: Path, out: Path, console: Path) -> list[str]:
    share = "local,security_model=none,mount_tag="
    return [
        *("qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "1024"),
        *("-display", "none", "-monitor", "none", "-serial", f"file:{console}", "-nic", "none", "-no-reboot"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
        *("-append", "root=/dev/vda rw console=ttyS0 panic=-1 systemd.show_status=0 mitigations=off"),
        *("-drive", f"file={image.disk},format=raw,if=virtio,snapshot=on"),
        *("-device", "virtio-rng-pci"),
        *("-virtfs", f"{share}job,path={job},readonly=on"),
        *("-virtfs", f"{share}out,path={out}"),
    ]


def _wait(machine: subprocess.Popen[bytes], sign: Path, seconds: float, console: Path) -> None:
    """Waits for the file that the guest makes, looking twice a second."""
    limit = time.monotonic() + seconds
    while not (sign.exists() and (sign.name != "status" or sign.read_text().strip())):
        ended = machine.poll() is not None
        if ended or time.monotonic() > limit:
            what = "ended early" if ended else f"took more than {seconds:.0f} s"
            tail = console.read_text(errors="replace")[-3000:] if console.exists() else ""
            raise MachineError(f"The machine {what} before it made “{sign.name}”. Its console:\n{tail}")
        time.sleep(0.5)
