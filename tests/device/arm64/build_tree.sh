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
cache=$(realpath -m -- "${DEVICE_CACHE:-$root/.cache/device}")/arm64-$debian
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
  host_needs
  say "making a Debian $debian for arm64: 4 minutes"
  debian "$1" "$codename" "python3,python3-venv,iproute2,$zbar" --architectures=arm64
  anonymous "$1" arm64
}

made_once "$cache/$(key)"
