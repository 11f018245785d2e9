"""The first program inside the browser's sandbox: it opens the door's socket, hands it out, becomes Chromium.

It runs alone under /usr/bin/python3 inside the namespaces, before anything that a web page can touch, so it
imports the standard library only. Its arguments are the numbers of two inherited AF_UNIX sockets, the door's
port, and Chromium's command line. The first socket carries the door's listening socket out (SCM_RIGHTS), and
is then Chromium's DevTools channel: it reads from it as descriptor 3 and writes to it as descriptor 4. The
second is its one connection to the compositor, descriptor 5 (WAYLAND_SOCKET, as libwayland knows it).
"""

import fcntl
import os
import resource
import socket
import sys

DOOR = b"door"  # the one byte string that the guardian waits for, with the listening socket beside it
MOST_PROCESSES = 2048  # tasks of this user namespace; a page of ours needs about 200
BACKLOG = 128  # connections waiting at the door


def main(arguments: list[str]) -> None:
    """Open the door, send it, and become the program in `arguments[3:]`."""
    channel = socket.socket(fileno=int(arguments[0]))
    with socket.create_server(("127.0.0.1", int(arguments[2])), backlog=BACKLOG) as listener:
        socket.send_fds(channel, [DOOR], [listener.fileno()])
    # 1 and not 0: with a pipe in core_pattern, the kernel dumps at 0 and refuses at 1 (core(5)). A core of
    # Chromium would be a picture of a child's screen on a disk.
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    resource.setrlimit(resource.RLIMIT_NPROC, (MOST_PROCESSES, MOST_PROCESSES))
    # First out of the way, so that putting one in its place cannot close another.
    glass = fcntl.fcntl(int(arguments[1]), fcntl.F_DUPFD, 10)
    high = fcntl.fcntl(channel.fileno(), fcntl.F_DUPFD, 10)
    for place, descriptor in ((3, high), (4, high), (5, glass)):
        os.dup2(descriptor, place, inheritable=True)
    os.closerange(6, os.sysconf("SC_OPEN_MAX"))
    os.execv(arguments[3], arguments[3:])  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
