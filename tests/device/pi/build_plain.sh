#!/usr/bin/env bash
# Makes the plain virtual Pi: the device tree as a disk, without systemd as its first process. Prints
# where it is.
#
#   bash tests/device/pi/build_plain.sh TREE
#
# TREE is what build_tree.sh printed. Made once for each tree.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device/pi}
cache=$(realpath -m -- "${DEVICE_CACHE:-$root/.cache/device}")/plain
readonly cache
readonly log="$cache/build.log"
readonly tree=$1

# shellcheck source-path=SCRIPTDIR source=../tree_parts.sh
source "$here/../tree_parts.sh"

# Prints, in one word, everything that the disk depends on; the tree's folder is named after its own.
key() {
  {
    printf '%s\n' "$(basename -- "${tree%/root}")"
    sha256sum <"$here/build_image.sh"
    sha256sum <"$here/init.sh"
  } | sha256sum | cut -c 1-16
}

make_tree() {
  say "making the virtual Pi's disk"
  mkdir -p -- "$1"
  # Held while the tree is read, so that nobody removes it.
  exec 8<"${tree%/*}/lock"
  flock --shared 8
  quietly "the disk could not be made" bash "$here/build_image.sh" "$1/pi.img" "$tree"
  exec 8<&-
}

# Not inside printf, which would end well whatever happened.
made=$(made_once "$cache/$(key)")
printf '%s/pi.img\n' "$made"
