#!/usr/bin/env bash
# Builds a Debian for 64-bit ARM, as a Pi's system is one: what our package depends on and nothing of
# ours. Prints where it is.
#
#   bash tests/device/arm64/build_tree.sh 12|13
#
# Made once, like the other trees (see ../build_tree.sh). Its programs run by emulation.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device/arm64}
readonly debian=$1
cache=$(realpath -m -- "${KIOSK_DEVICE_CACHE:-$root/.cache/device}")/arm64-$debian
readonly cache
readonly log="$cache/build.log"

# shellcheck source-path=SCRIPTDIR source=../tree_parts.sh
source "$here/../tree_parts.sh"

case $debian in
  12) codename=bookworm zbar=libzbar0 ;;
  13) codename=trixie zbar=libzbar0t64 ;;
  *) die "which Debian, 12 or 13?" ;;
esac

key() { sha256sum <"$here/build_tree.sh" | cut -c 1-16; }

make_tree() {
  local from options=()
  host_needs
  from=$(sure_mirror)
  while IFS= read -r line; do options+=(--aptopt="$line"); done < <(apt_options)
  say "making a Debian $debian for arm64: 4 minutes"
  quietly "mmdebstrap could not make the tree" \
    unshare --mount --pid --fork --kill-child --mount-proc \
    mmdebstrap --variant=minbase --mode=root --format=directory --architectures=arm64 \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    "${options[@]}" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --include="python3,python3-venv,iproute2,$zbar" "$codename" "$1" \
    "deb [signed-by=$keyring] $from $codename main"
  rm -f -- "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/apt.conf.d/99mmdebstrap
}

made_once "$cache/$(key)"
