#!/bin/sh
# The first process of a virtual Pi without systemd, /sbin/pi-init in its image: mounts what every
# Linux has, runs `main.sh` of the folder that this computer shares with it, and powers off.
#
# The folder is at /mnt. What main.sh prints is on the console; its exit code is in /mnt/status.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=/root
LANG=C.UTF-8
export PATH HOME LANG

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t configfs configfs /sys/kernel/config
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
for folder in /run /tmp /dev/shm; do
  mkdir -p "$folder"
  mount -t tmpfs tmpfs "$folder"
done
mkdir -p /dev/pts
mount -t devpts -o ptmxmode=0666 devpts /dev/pts
# Python's multiprocessing and bash's <(...) look here.
ln -s /proc/self/fd /dev/fd
ip link set lo up

share=
read -r words </proc/cmdline
for word in $words; do
  case $word in pi.share=*) share=${word#pi.share=} ;; esac
done
if mount -t hostfs -o "hostfs=$share" none /mnt; then
  cd /tmp && sh /mnt/main.sh </dev/null
  echo $? >/mnt/status
fi
sync
# There is no systemd to ask: it turns the machine off itself.
exec systemctl poweroff --force --force
