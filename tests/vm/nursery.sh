#!/bin/sh
# The nursery's side of the air, inside the machine: the second radio in a network of its own.
set -eu

ip netns add nursery
iw phy "$(cat /sys/class/net/wlan1/phy80211/name)" set netns name nursery
mkdir -p /run/nursery/inbox
# Not waited for: they are no part of the start.
systemctl start --no-block kiosk-access-point kiosk-wifi
