#!/bin/sh
# The hardware's contract suite, on the kernel's own devices. Runs inside the machine, as root.
set -eu

modprobe kiosk-gpio-sim
modprobe mac80211_hwsim radios=2
modprobe uinput

bank=/sys/kernel/config/gpio-sim/kiosk/bank0
mkdir -p "$bank"
echo 28 >"$bank/num_lines"
echo 1 >"${bank%/bank0}/live"

# gpiozero asks which Pi this is, to know its pins; a Pi 4 Model B.
{ cat /proc/cpuinfo; printf 'Revision\t: c03111\n'; } >/run/cpuinfo
mount --bind /run/cpuinfo /proc/cpuinfo
udevadm settle

cp -r /job/tree /run/tree # Python imports slowly over 9p
cd /run/tree
export KIOSK_REAL_HARDWARE=1 PYTHONDONTWRITEBYTECODE=1
/opt/venv/bin/python -m tests.vm.measure >/out/measured.json
# The last test takes the GPIO chip away.
/opt/venv/bin/python -m pytest tests/hardware tests/vm/on_the_machine.py -p no:cacheprovider --junit-xml=/out/junit.xml
