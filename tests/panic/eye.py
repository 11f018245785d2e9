"""An eye on the glass, in a process of its own: since when has everything on it been dark?

It looks at the X server's own framebuffer (`Xvfb -fbdir`, an XWD file in shared memory), so it knows nothing
of the kiosk, takes no time of the compositor's, and sees what a camera before the glass would see.

Spoken to in lines: `watch SECONDS` is answered by `looking` after a first look, and in the end by
`dark NS LIGHT BLINK`: NS is time.monotonic_ns() of the first look since which it has been dark (0 if it is
not), LIGHT how many looks found light, BLINK the longest time between two looks, in ns. The eye goes before
every other process, so a long blink is the machine's own: somebody outside had its cores.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import time
from pathlib import Path

PAUSE = 0.0005  # s between two looks
ROWS = 24  # looked at, evenly from the top; the bottom third carries the panic screen's small lines
POINTER = 16  # px at the bottom: the observer's own pointer is parked in the corner
LOOKED_AT = 0.66  # of the height


class Eye:
    """Looks at the framebuffer in `file`. Raises ValueError if that is no 32-bit picture."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._picture = mmap.mmap(opened.fileno(), 0)
        head = struct.unpack_from(">25I", self._picture)
        header_size, self.width, self.height, bits, line = head[0], head[4], head[5], head[11], head[12]
        colours = head[19]  # XWDFileHeader in X11/XWDFile.h: ncolors entries of 12 bytes follow the header
        if bits != 32:
            raise ValueError(f"{file} has {bits} bits a pixel, not 32.")
        start = header_size + colours * 12
        rows = [int(self.height * LOOKED_AT * n / ROWS) for n in range(ROWS)]
        self._slices = [slice(start + y * line, start + y * line + self.width * 4) for y in rows]
        self._whole = slice(start, start + (self.height - POINTER) * line)
        # What the fourth byte of a pixel is, the X server leaves to whoever paints.
        self._blacks = (b"\0\0\0\xff" * self.width, bytes(4 * self.width))

    def dark(self) -> bool:
        """Whether nothing but black is on the glass now."""
        return all(self._picture[row] in self._blacks for row in self._slices)

    def black(self) -> bool:
        """Whether every pixel is black, the panic screen's lines too; slower than `dark`."""
        whole = self._picture[self._whole]
        return not any(whole[colour::4].strip(b"\0") for colour in range(3))

    def watch(self, seconds: float) -> tuple[int, int, int]:
        """Since when it is dark, how many looks found light, and the longest blink."""
        last = time.monotonic_ns()
        end = last + int(seconds * 1e9)
        since = light = blink = 0
        while (now := time.monotonic_ns()) < end:
            last, blink = now, max(blink, now - last)
            if not self.dark():
                since, light = 0, light + 1
            elif not since:
                since = now
            time.sleep(PAUSE)
        return since, light, blink


def punctual() -> bool:
    """Ask to run before all other processes, so that load delays what is seen and not the seeing.

    What this one starts is as urgent as anybody.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(10))
    except PermissionError:
        return False
    return True


def main() -> None:
    """Answer on stdout what is asked on stdin, until it ends."""
    eye = Eye(Path(sys.argv[1]))
    print("punctual" if punctual() else "ordinary", flush=True)
    for line in sys.stdin:
        before = not eye.dark()
        print("looking", flush=True)
        since, light, blink = eye.watch(float(line.split()[1]))
        print("dark", since, before + light, blink, flush=True)


if __name__ == "__main__":
    main()
