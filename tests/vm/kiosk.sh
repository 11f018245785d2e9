#!/bin/sh
# The installed kiosk, on a machine of its own. Runs inside the machine, as root, once after each start; what it
# installs at the first stays on the disk. /job/stage names the tests of this start.
set -eu

# What the service says is told to the host as it happens, for power may go at any time; on a failure its state too.
journalctl --boot --follow --lines=all --unit=kiosk-guardian --unit=kiosk-bench >/out/journal 2>&1 &
trap '[ $? = 0 ] || systemctl status --no-pager --lines=0 --full kiosk-guardian kiosk-bench systemd-networkd' EXIT

cp -r /job/tree /run/tree # Python imports slowly over 9p
cd /run/tree
if [ ! -e /etc/kiosk/kiosk.yaml ]; then
    /opt/venv/bin/pip --isolated install --quiet --no-index --no-deps /job/wheels/*.whl
    packages=$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    mkdir -p /opt/supervised-kiosk
    ln -s /opt/venv /opt/supervised-kiosk/kiosk
    cp -r "$packages"/assets/rootfs/* /
    systemd-sysusers
    install -d -m 700 /etc/kiosk /var/lib/kiosk
    install -m 600 /job/config/* /etc/kiosk
    mv /etc/kiosk/key /var/lib/kiosk
    # No session gets as far as its browser here: the filter is asked before, and never answers.
    ln -s /usr/bin/false /usr/bin/chromium
    mkdir -p /opt/bench
    cp -r tests /opt/bench
    cp -r tests/vm/rootfs/* /
    cp /job/bench/* /etc/kiosk-bench
    systemctl daemon-reload
    systemctl enable systemd-networkd kiosk-guardian # at the next start it comes by itself
    systemctl start systemd-networkd kiosk-guardian
    sync
fi
stage=$(cat /job/stage)
export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
/opt/venv/bin/python -m pytest "tests/vm/$stage.py" -v -x -p no:cacheprovider --timeout=240
