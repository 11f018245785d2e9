"""The machine: boots a disk, waits with a limit for each sign of it, and always ends it; or cuts its power.

The guest's job says how far it is by making files in its /out (`guest/kiosk-job.service`).
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.vm.image import Image

BOOTING = 180  # s, at most; about 30 under software emulation on two cores
ENDING = 60  # s, at most, from the job's end to power off
LOOK = 0.05  # s between two looks for a sign
WORDS = ("console", "journal", "log")  # files that a job may leave in /out, the most telling one last
TAIL = 6000  # characters of each
NO_CABLE = ("-nic", "none")
CABLE = ("-nic", "user,model=virtio-net-pci")  # the host's loopback is 10.0.2.2 there
FRESH = "snapshot=on"  # what is written is forgotten
KEPT = "snapshot=off,cache=writeback"  # what the guest has flushed, or its kernel has written, is kept


class MachineError(Exception):
    """The machine did not boot, or its job did not end; the message ends with its console's last lines."""


@dataclass(frozen=True)
class Outcome:
    """How the job ended: its exit status, what it printed, and seconds."""

    status: int
    log: str
    boot_seconds: float
    job_seconds: float


class Machine:
    """One boot, from `with` until its end. The guest finds `job` at /job, runs its run.sh as root, and has
    `out` at /out. Raises FileNotFoundError without QEMU.
    """

    def __init__(
        self, image: Image, job: Path, out: Path, disk: Path | None = None, nic: tuple[str, ...] = NO_CABLE
    ) -> None:
        self._out = out
        self._console = out / "console"
        drive = f"file={disk or image.disk},format=raw,if=virtio,{KEPT if disk else FRESH}"
        self._command = _command(image, job, out, self._console, drive, nic)

    def __enter__(self) -> Machine:
        """Power on; up when this returns.

        Once in a while the emulator trips over a starting kernel that patches its own code ("Oops: int3") and
        ends, or a start stands still half way. Its power is cut then, and it is started once more.
        """
        start = time.monotonic()
        try:
            self._power_on()
        except MachineError:
            self._power_on()
        self.boot_seconds = time.monotonic() - start
        return self

    def _power_on(self) -> None:
        self._process = subprocess.Popen(self._command)
        try:
            self.wait_for("booted", BOOTING)
        except BaseException:
            self.cut_power()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut_power()

    def wait_for(self, sign: str, seconds: float) -> float:
        """Wait for a file that the guest makes, not empty unless it is “booted”; how long it took, in s.

        Raises MachineError if it does not come in time, or the machine ends first.
        """
        start, file = time.monotonic(), self._out / sign
        while not (file.exists() and (sign == "booted" or file.read_text().strip())):
            if self._process.poll() is not None:
                raise MachineError(f"The machine ended before it made “{sign}”. {self.last_words()}")
            if time.monotonic() > start + seconds:
                raise MachineError(f"“{sign}” took more than {seconds:.0f} s. {self.last_words()}")
            time.sleep(LOOK)
        return time.monotonic() - start

    def wait_for_the_end(self) -> None:
        """It powers off by itself when its job has ended."""
        self._process.wait(ENDING)

    def cut_power(self) -> None:
        """Pull the plug: nothing in the guest hears of it."""
        self._process.kill()
        self._process.wait()

    def last_words(self) -> str:
        """The ends of what it said, for whoever has to find out why it failed."""
        said = [f"Its {name}:\n{_tail(self._out / name)}" for name in WORDS if (self._out / name).exists()]
        return "\n".join(said)


def run(image: Image, job: Path, out: Path, seconds: float) -> Outcome:
    """Run `job` to its end in a fresh copy of the machine. Raises MachineError if it takes too long."""
    with Machine(image, job, out) as machine:
        working = machine.wait_for("status", seconds)
        machine.wait_for_the_end()
    status = int((out / "status").read_text())
    return Outcome(status, (out / "log").read_text(errors="replace"), machine.boot_seconds, working)


def _command(
    image: Image, job: Path, out: Path, console: Path, drive: str, nic: tuple[str, ...]
) -> list[str]:
    share = "local,security_model=none,mount_tag="
    return [
        # No device that is not named here, and a processor that can what Python's wheels ask for: what
        # is not there is not emulated, and no driver looks for it.
        *("qemu-system-x86_64", "-machine", "q35,sata=off,usb=off", "-nodefaults"),
        *("-accel", "tcg", "-cpu", "Nehalem", "-smp", "2", "-m", "1024"),
        *("-display", "none", "-monitor", "none", "-serial", f"file:{console}", "-no-reboot", *nic),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
        *(
            "-append",
            "root=/dev/vda rw console=ttyS0 panic=-1 tsc=reliable systemd.show_status=0 mitigations=off",
        ),
        *("-drive", drive),
        *("-device", "virtio-rng-pci"),
        *("-virtfs", f"{share}job,path={job},readonly=on"),
        *("-virtfs", f"{share}out,path={out}"),
    ]


def _tail(file: Path) -> str:
    return file.read_text(errors="replace")[-TAIL:]
