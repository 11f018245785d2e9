#!/bin/sh
# Runs inside the new system, once: builds the kernel module and the Python packages that Debian lacks, and
# then takes away what was only needed to build them (the packages named in the arguments).
set -eu
export DEBIAN_FRONTEND=noninteractive

kernel=$(basename /lib/modules/*)
source=/opt/gpio-sim
mkdir -p "$source"
tar -C "$source" -xf /usr/src/linux-source-*.tar.xz --strip-components=3 --wildcards \
    'linux-source-*/drivers/gpio/gpio-sim.c' 'linux-source-*/kernel/irq/irq_sim.c'

# irq_to_desc is not exported to modules; this is the exported function that does the same.
sed -i 's/handle_simple_irq(irq_to_desc(\(.*\)));/generic_handle_irq(\1);/' "$source/irq_sim.c"
# A pull-up must not move a line whose contact is closed to ground, as it would not on a real pin: asking for a
# bias succeeds and leaves the level to the contact, which is the file "pull".
sed -i 's/return gpio_sim_apply_pull(chip, offset, [01]);/return 0;/' "$source/gpio-sim.c"
# Both in one module, which shares the simulated interrupts' functions with nobody.
cat >"$source/Kbuild" <<'KBUILD'
obj-m := kiosk-gpio-sim.o
kiosk-gpio-sim-y := gpio-sim.o irq_sim.o
KBUILD
make -C "/lib/modules/$kernel/build" M="$source" modules
install -D -m 644 "$source/kiosk-gpio-sim.ko" "/lib/modules/$kernel/extra/kiosk-gpio-sim.ko"
depmod "$kernel"

python3 -m venv --system-site-packages /opt/venv
PYPI=1 /opt/venv/bin/pip --isolated install --no-cache-dir --no-index --no-build-isolation \
    --find-links /opt/wheels lgpio /opt/wheels/*.whl

install -m 644 /opt/guest/kiosk-job.service /etc/systemd/system/
systemctl enable kiosk-job.service
systemctl disable hostapd.service wpa_supplicant.service systemd-networkd.service
systemctl mask getty@.service serial-getty@.service apt-daily.timer apt-daily-upgrade.timer fstrim.timer \
    e2scrub_reap.service systemd-networkd-wait-online.service dpkg-db-backup.timer
echo kiosk-under-test >/etc/hostname

# Only what this machine boots with: a small initrd is unpacked sooner under emulation.
echo 'MODULES=list' >/etc/initramfs-tools/conf.d/small
printf 'virtio_pci\nvirtio_blk\next4\n' >>/etc/initramfs-tools/modules
update-initramfs -u -k "$kernel"
cp "/boot/vmlinuz-$kernel" /vmlinuz-made
cp "/boot/initrd.img-$kernel" /initrd-made

apt-get purge -y --auto-remove "$@" >/dev/null
rm -rf "$source" /opt/wheels /opt/guest /usr/src/linux-* /var/cache/apt/*.bin
# mmdebstrap dates all that it packs back to its own start: what pip compiled would count as older than its source,
# and every program in there would compile everything anew at each start.
/opt/venv/bin/python -m compileall -q -f --invalidation-mode unchecked-hash /opt/venv/lib
/opt/venv/bin/python -c 'import ada_url, aiosmtpd, apprise, evdev, gpiozero, hypothesis, lgpio, pydantic, pytest'
rm -f .lgd-nfy*
