#!/usr/bin/env bash
# Builds the device tree: a Debian 13 with Python 3.13, libcamera, picamera2 and the
# kiosk's own environment, to be entered with enter.sh. Prints where it is.
#
#   bash tests/device/build_tree.sh
#
#   DEVICE_CACHE=folder   keep trees there; otherwise in .cache/device
#
# A tree is named after everything it was made from, so a second run with the same
# inputs finds it. One that another input has made useless is removed.
#
# The mirror is the one that this machine's apt uses; no source is added to it. The
# resolver, the certificates and pip's index of this machine are borrowed while
# packages are fetched, and none of them is in the finished tree.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device}
cache=$(realpath -m -- "${DEVICE_CACHE:-$root/.cache/device}")
readonly cache
readonly suite=trixie
# trixie's own libcamera 0.4 is older than what picamera2 0.3.38 was made for.
readonly libcamera_suite=trixie-backports
readonly log="$cache/build.log"

# shellcheck source-path=SCRIPTDIR source=tree_parts.sh
source "$here/tree_parts.sh"

packages() { sed -nE 's/^([a-z0-9][^:]*):.*/\1/p' "$here/packages.txt"; }

# Prints, in one word, everything that the tree depends on.
key() {
  (
    cd -- "$root"
    dpkg --print-architecture
    sha256sum tests/device/{build_tree.sh,tree_parts.sh,install.sh,packages.txt,requirements.txt} \
      provisioning/setup*.sh provisioning/requirements/dev.txt
    # Of the project itself its name and its commands are installed; the rest of this file is for tools.
    awk '/^\[/ { wanted = /^\[(build-system|project|tool\.hatch)/ } wanted' pyproject.toml
  ) | sha256sum | cut -c 1-16
}

# install TREE: the kiosk's environment, in a namespace whose mounts end with it.
install() {
  local settings
  mkdir -p -- "$1/src/kiosk"
  cp -r -- "$root"/{pyproject.toml,README.md,LICENSE,kiosk,ledger,provisioning} "$1/src/kiosk/"
  cp -- "$here/requirements.txt" "$here/install.sh" "$1/src/kiosk/"
  mapfile -t settings < <(pip_settings)
  say "installing the Python packages"
  # shellcheck disable=SC2016 # the inner shell's own
  quietly "the Python packages could not be installed" \
    unshare --mount --pid --fork --kill-child bash -euc '
      tree=$1
      shift
      mount -t proc proc "$tree/proc"
      mount --bind /etc/ssl/certs "$tree/etc/ssl/certs"
      touch "$tree/etc/resolv.conf" "$tree/etc/hosts"
      mount --bind /etc/resolv.conf "$tree/etc/resolv.conf"
      mount --bind /etc/hosts "$tree/etc/hosts"
      chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        "$@" bash /src/kiosk/install.sh' \
    install "$1" "${settings[@]}" ${https_proxy:+https_proxy="$https_proxy"}
}

# forget TREE: nothing of this machine, and nothing that was needed for building only.
forget() {
  rm -rf -- "$1"/src/kiosk/{*,.[!.]*} "$1"/etc/apt/apt.conf.d/* "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/log/*
  : >"$1/etc/resolv.conf"
  printf '127.0.0.1 localhost\n' >"$1/etc/hosts"
  anonymous "$1" device
}

make_tree() {
  host_needs
  say "making a Debian 13 tree"
  # The lists stay until install.sh has used them.
  debian "$1" "$suite" "$(packages | paste -sd ,)" --skip=cleanup/apt/lists
  install "$1"
  forget "$1"
}

made_once "$cache/$(key)"
