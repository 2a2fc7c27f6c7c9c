#!/usr/bin/env bash
# Makes the disk of a virtual Pi on which provisioning/install.sh has installed this checkout. Prints
# where it is.
#
#   bash tests/device/pi/build_installed.sh KERNEL
#
#   DEVICE_PACKAGE=file   the Debian package of this checkout; otherwise it is made
#
# KERNEL is what build_kernel.sh printed. Two parts, each made once and named after what it is made
# of. The first is Debian 13 with what a Pi has before the kiosk comes: systemd, udev, and libcamera,
# picamera2 and lgpio for the system's own Python. A Pi has the last two from apt; here they come
# from the device tree, where they were compiled. Beside them lie a broker and the ledger's packages.
#
# For the second the virtual Pi is booted, with a Pi's device tree, and installs the package: so
# install.sh finds a Pi, and gives the kiosk an environment that sees the system's packages.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device/pi}
readonly kernel=$1
readonly venv=${VENV:-$root/.venv}
cache=$(realpath -m -- "${DEVICE_CACHE:-$root/.cache/device}")/installed
readonly cache
readonly log="$cache/build.log"
readonly suite=trixie
# As in build_tree.sh.
readonly libcamera_suite=trixie-backports
readonly included=systemd-sysv,udev,dbus,kmod,iproute2,procps,e2fsprogs,python3,python3-venv,python3-libcamera,libzbar0t64,mosquitto

# shellcheck source-path=SCRIPTDIR source=../tree_parts.sh
source "$here/../tree_parts.sh"

# Prints, in one word, everything that the first part depends on.
key_before() {
  (
    cd -- "$root"
    dpkg --print-architecture
    sha256sum tests/device/{build_tree.sh,tree_parts.sh,install.sh,packages.txt,requirements.txt} \
      tests/device/shim/{pykms.py,virtual.yaml,virtual_camera.py} \
      tests/device/pi/{build_installed.sh,build_image.sh,init.sh} \
      provisioning/requirements/ledger.txt provisioning/ledger.example.toml
    sums tests/device/pi/installed
  ) | sha256sum | cut -c 1-16
}

# The same of the second part: install.sh names a version after the same files.
key_after() {
  (
    key_before
    cd -- "$root"
    sums kiosk ledger provisioning systemd pyproject.toml README.md LICENSE
  ) | sha256sum | cut -c 1-16
}

# sums FILE-OR-FOLDER...: the sums of all files, in an order of their own.
sums() { find "$@" -type f ! -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; }

# lend TREE LIST FOLDER: the packages of a list, as they are installed in the device tree.
lend() {
  local tree=$1 list=$2 folder=$3 site=/opt/app/lib/python3.13/site-packages
  mkdir -p -- "$folder"
  # A list names packages for other systems too: those are not there.
  chroot "$tree" /opt/app/bin/python -I -c '
import re, sys
from importlib.metadata import distributions
wanted = set(re.findall(r"^([a-z0-9-]+)==", sys.stdin.read(), re.MULTILINE))
for found in distributions(path=[sys.argv[1]]):
    if re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower() in wanted:
        for file in found.files:
            if ".." not in file.parts and file.suffix != ".pyc":
                print(file)' "$site" <"$list" |
    tar -C "$tree$site" -cf - --files-from - | tar -C "$folder" -xf -
}

# plug_camera TREE: as plug_camera.sh does it. This kernel has memory for cameras, so nothing stands
# in for that.
plug_camera() {
  local packages="$1/usr/lib/python3/dist-packages"
  install -D -m 644 "$here/../shim/virtual.yaml" "$1/usr/share/libcamera/pipeline/virtual/virtual.yaml"
  install -m 644 "$here/../shim/pykms.py" "$here/../shim/virtual_camera.py" "$packages"
  # In the eye only: a .pth file is read by every Python, and this one loads libcamera. Five frames a
  # second: without a pace the eye would take all that this computer has.
  echo 'import sys; "eye" in sys.orig_argv and __import__("virtual_camera").pace(0.2)' >"$packages/virtual_camera.pth"
}

make_before() {
  local tree from="$1/tree"
  host_needs
  tree=$(bash "$here/../build_tree.sh")
  say "making a virtual Pi, without the kiosk"
  mkdir -p -- "$from"
  debian "$from" "$suite" "$included"
  anonymous "$from" pi
  # On a Pi this group is there before anything is installed.
  chroot "$from" groupadd --system gpio
  printf '127.0.0.1 localhost\n' >"$from/etc/hosts"
  # Held while the tree is read, so that nobody removes it.
  exec 8<"${tree%/*}/lock"
  flock --shared 8
  lend "$tree" "$here/../requirements.txt" "$from/usr/lib/python3/dist-packages"
  quietly "there is no environment for the ledger" chroot "$from" python3 -m venv /opt/kiosk-ledger
  lend "$tree" "$root/provisioning/requirements/ledger.txt" \
    "$from/opt/kiosk-ledger/lib/python3.13/site-packages"
  exec 8<&-
  plug_camera "$from"
  # As apt does it on a Pi: the eye may write nowhere, and would compile at each start.
  quietly "the Python packages could not be compiled" \
    chroot "$from" python3 -m compileall -q /usr/lib/python3/dist-packages /opt/kiosk-ledger/lib
  install -D -m 644 "$root/provisioning/ledger.example.toml" "$from/etc/kiosk-ledger/config.toml"
  cp -r -- "$here"/installed/{etc,usr} "$from/"
  quietly "the test's units could not be enabled" systemctl --root="$from" enable \
    device-agent.service device-listen.service device-ledger.service
  # Nobody logs in here, and there is no module to load: a second of each boot.
  quietly "units that nobody needs could not be masked" systemctl --root="$from" mask \
    e2scrub_reap.service systemd-logind.service systemd-user-sessions.service getty.target \
    modprobe@{configfs,dm_mod,drm,efi_pstore,fuse,loop}.service
  quietly "the disk could not be made" bash "$here/build_image.sh" "$1/pi.img" "$from"
  # Only the disk is wanted.
  rm -rf -- "$from"
}

# What the virtual Pi does: installs, and powers off. The key is somebody's who installs a kiosk.
install_it() {
  cat <<'END'
{
  install -d -m 700 /var/lib/kiosk
  (umask 077 && printf '5e%.0s' $(seq 32) >/var/lib/kiosk/site.key)
  dpkg --install --force-depends /mnt/kiosk.deb
  /opt/kiosk-ledger/bin/pip --disable-pip-version-check install --no-index --no-deps \
    /usr/share/door-kiosk/wheels/door_kiosk-*.whl
  systemctl is-active kiosk.service kiosk-eye.service
} >/mnt/installing.log 2>&1 && touch /mnt/done
systemctl poweroff --no-block
END
}

make_after() {
  local package=${DEVICE_PACKAGE:-} share="$1/share"
  [[ -n $package ]] ||
    package=$(VENV=$venv bash "$root/provisioning/deb/build.sh" 13 "$(dpkg --print-architecture)")
  say "installing the kiosk on a virtual Pi"
  mkdir -p -- "$share/pictures"
  # The guest's other users come no further.
  chmod 700 -- "$share"
  cp --sparse=always -- "$before/pi.img" "$1/pi.img"
  cp -- "$package" "$share/kiosk.deb"
  install_it >"$share/0.sh"
  touch -- "$share/0.asked"
  (
    cd -- "$root"
    "$venv/bin/python" -c '
import sys
from pathlib import Path
from tests.device.pi import board, pictures
folder = Path(sys.argv[1])
board.write(board.PI_5, folder / "pi.dtb")
pictures.put(folder / "share/pictures", pictures.NOBODY)' "$1"
  )
  # This disk is written, so it is a further one, and takes the place of the first.
  quietly "the virtual Pi did not power off" timeout 300 bash "$here/boot_pi.sh" \
    --dtb "$1/pi.dtb" --share "$share" --memory 1G --disk "$1/pi.img" --append root=/dev/ubdb \
    "$1/boot" "$kernel" "$before/pi.img"
  if [[ ! -f $share/done ]]; then
    tail -n 25 -- "$share/installing.log" >&2
    die "the virtual Pi did not install the kiosk"
  fi
  rm -rf -- "$share" "${1:?}/boot" "$1/pi.dtb"
}

make_tree() { "make_$making" "$1"; }

mkdir -p -- "$cache"
making=before
before=$(made_once "$cache-before/$(key_before)")
making=after
# Not inside printf, which would end well whatever happened.
made=$(made_once "$cache/$(key_after)")
printf '%s/pi.img\n' "$made"
