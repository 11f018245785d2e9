#!/bin/sh
# The kernel's own simulated devices, inside the machine: a GPIO chip, two Wi-Fi radios, uinput; and a Pi's name.
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
