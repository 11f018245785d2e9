"""Guardians without the second of imports: imported once here, forked for each life. Nothing is replaced.

Spoken to in lines: each line is a guardian's command line in JSON and is answered by `born PID`; when that
life has ended, by `ended STATUS` (a negative signal number for one that was killed).
"""

from __future__ import annotations

import json
import os
import sys

from kiosk.guardian import __main__ as guardian
from kiosk.guardian import addresses


def main() -> None:
    """Fork as often as asked, one life at a time."""
    addresses.masked("mailto://127.0.0.1/")  # Apprise loads its services when it is first asked for one
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            sys.argv = ["guardian", *json.loads(line)]
            os._exit(guardian.main())
        print("born", pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
