#!/bin/sh
# Makes a Debian root file system ($1) a host of the lab: run by mmdebstrap at the end.
set -eu
root=$1

# every host makes its own host keys and machine id when it first starts
rm -f "$root"/etc/ssh/ssh_host_*
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"
# ordinary files, written by the lab when a host is made
rm -f "$root/etc/hosts" "$root/etc/resolv.conf"
cat > "$root/etc/systemd/system/ssh-host-keys.service" <<'UNIT'
[Unit]
Description=Make the SSH host keys of this host
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
[Install]
WantedBy=multi-user.target
UNIT

# systemd leaves mount propagation alone in a container; on a server / is shared, and Pods count on it
cat > "$root/etc/systemd/system/shared-root.service" <<'UNIT'
[Unit]
Description=Share the mounts of this host with its Pods
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/usr/bin/mount --make-rshared /
[Install]
WantedBy=sysinit.target
UNIT
chroot "$root" systemctl -q enable ssh.service ssh-host-keys.service shared-root.service
# of no use without hardware
chroot "$root" systemctl -q mask systemd-udevd.service systemd-udev-trigger.service getty.target console-getty.service

# how Ansible comes in: an unprivileged user with sudo
chroot "$root" useradd --create-home --shell /bin/bash ops
install -d -m 0700 "$root/home/ops/.ssh"
chroot "$root" chown ops:ops /home/ops/.ssh
echo 'ops ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/ops"
chmod 0440 "$root/etc/sudoers.d/ops"
printf 'PasswordAuthentication no\nPermitRootLogin no\nUseDNS no\n' > "$root/etc/ssh/sshd_config.d/lab.conf"
