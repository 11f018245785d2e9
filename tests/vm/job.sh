#!/bin/sh
# The hardware's contract suite, on the kernel's own devices. Runs inside the machine, as root.
set -eu

sh /job/tree/tests/vm/devices.sh
cp -r /job/tree /run/tree # Python imports slowly over 9p
cd /run/tree
export KIOSK_REAL_HARDWARE=1 PYTHONDONTWRITEBYTECODE=1
/opt/venv/bin/python -m tests.vm.measure >/out/measured.json
# The last test takes the GPIO chip away.
/opt/venv/bin/python -m pytest tests/hardware tests/vm/on_the_machine.py -p no:cacheprovider --junit-xml=/out/junit.xml
