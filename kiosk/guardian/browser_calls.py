"""The system calls that nobody inside the browser's walls may make, as a program for the kernel (seccomp(2)).

Chromium filters its own renderers; this stands round everything else too: its other processes, and whatever
takes their place. A call that is refused looks as if this kernel did not know it. Namespaces of users and
processes stay open, because Chromium's own sandbox is made of them.
"""

from __future__ import annotations

import errno
import platform
import struct
import sys
from collections.abc import Mapping

from kiosk.errors import BrowserError

SOCKETS = {
    1: (0,),  # AF_UNIX
    2: (0, 6, 17),  # AF_INET: TCP and UDP, named or not
    10: (0, 6, 17),  # AF_INET6
    16: (0, 15),  # AF_NETLINK: which networks there are; which devices come and go
}
"""What a socket may be (socket(2)), its family and protocol: in a namespace of its own, none of these leaves
it but by the door. Not so AF_VSOCK, which ends at a hypervisor, or AF_BLUETOOTH. AF_PACKET, AF_ALG and the
rest are the kernel's least trodden ground, as are other protocols of these: SCTP, say, or nf_tables over
netlink."""

REFUSED = {
    "io_uring_setup": "would make sockets past this filter",
    "io_uring_enter": "would make sockets past this filter",
    "io_uring_register": "would make sockets past this filter",
    "bpf": "programs in the kernel",
    "perf_event_open": "watches other programs",
    "userfaultfd": "helps to win races in the kernel",
    "add_key": "keys are not kept apart by namespaces",
    "request_key": "keys are not kept apart by namespaces",
    "keyctl": "keys are not kept apart by namespaces",
    "open_by_handle_at": "opens files by number, past every folder",
    "mount": "what is seen inside stays as it was built",
    "umount2": "what is seen inside stays as it was built",
    "pivot_root": "what is seen inside stays as it was built",
    "open_tree": "what is seen inside stays as it was built",
    "move_mount": "what is seen inside stays as it was built",
    "fsopen": "what is seen inside stays as it was built",
    "fsmount": "what is seen inside stays as it was built",
    "mount_setattr": "what is seen inside stays as it was built",
}

# The kernel's numbers: asm/unistd_64.h, and asm-generic/unistd.h for what is newer and for arm64.
_NEWER = {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428}
_NEWER |= {"move_mount": 429, "fsopen": 430, "fsmount": 432, "mount_setattr": 442}
NUMBERS: Mapping[str, Mapping[str, int]] = {
    "x86_64": _NEWER
    | {"socket": 41, "socketpair": 53, "pivot_root": 155, "mount": 165, "umount2": 166, "add_key": 248}
    | {"request_key": 249, "keyctl": 250, "perf_event_open": 298, "open_by_handle_at": 304, "bpf": 321}
    | {"userfaultfd": 323},
    "aarch64": _NEWER
    | {"umount2": 39, "mount": 40, "pivot_root": 41, "socket": 198, "socketpair": 199, "add_key": 217}
    | {"request_key": 218, "keyctl": 219, "perf_event_open": 241, "open_by_handle_at": 265, "bpf": 280}
    | {"userfaultfd": 282},
}
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
X32 = 0x40000000  # a second set of numbers for the same calls on x86_64

NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
FIRST_ARGUMENT, THIRD_ARGUMENT = 16, 32  # their low words, little-endian
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # linux/bpf_common.h
ALLOW, FAIL = 0x7FFF0000, 0x00050000  # linux/seccomp.h

Step = tuple[int, int, int, int]  # code, steps to skip if it holds, and if not, operand


def program(machine: str = "") -> bytes:
    """The filter for this machine, as bubblewrap's --seccomp takes it.

    Raises BrowserError for a machine whose numbers are not known.
    """
    machine = machine or (platform.machine() if sys.maxsize > 1 << 32 else "32 bits")
    if machine not in NUMBERS:
        raise BrowserError(
            f"The browser's walls are not known for this machine ({machine}).",
            "Use a 64-bit system on x86 or ARM: on a Pi, Raspberry Pi OS (64-bit).",
        )
    return b"".join(struct.pack("=HBBI", *step) for step in steps(machine))


def steps(machine: str) -> list[Step]:
    """The same, step by step: each call is looked at in turn, and what nothing stops is allowed."""
    numbers = NUMBERS[machine]
    unknown = (RETURN, 0, 0, FAIL | errno.ENOSYS)
    made: list[Step] = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, ARCHITECTURES[machine]), unknown]
    made += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, X32), unknown]
    for name in REFUSED:
        made += [(EQUAL, 0, 1, numbers[name]), unknown]
    made += [(EQUAL, 2, 0, numbers["socket"]), (EQUAL, 1, 0, numbers["socketpair"]), (RETURN, 0, 0, ALLOW)]
    made += [(LOAD, 0, 0, FIRST_ARGUMENT)]
    for family, protocols in SOCKETS.items():
        made += [(EQUAL, 0, 2 * len(protocols) + 2, family), (LOAD, 0, 0, THIRD_ARGUMENT)]
        for protocol in protocols:
            made += [(EQUAL, 0, 1, protocol), (RETURN, 0, 0, ALLOW)]
        made += [(RETURN, 0, 0, FAIL | errno.EPROTONOSUPPORT)]
    return [*made, (RETURN, 0, 0, FAIL | errno.EAFNOSUPPORT)]
