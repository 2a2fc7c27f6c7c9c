#!/usr/bin/env bash
# Builds a clean Debian with systemd and nothing of ours, to be booted with boot_machine.sh and
# installed on. Prints where it is.
#
#   bash tests/device/build_machine.sh [12|13]
#
# As with build_tree.sh: made once, from the mirror of this machine's apt, of which nothing is in
# the finished tree.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device}
readonly debian=${1:-13}
cache=$(realpath -m -- "${DEVICE_CACHE:-$root/.cache/device}")/machine-$debian
readonly cache
readonly log="$cache/build.log"

# shellcheck source-path=SCRIPTDIR source=tree_parts.sh
source "$here/tree_parts.sh"

case $debian in
  12) codename=bookworm ;;
  13) codename=trixie ;;
  *) die "which Debian, 12 or 13?" ;;
esac

# systemd-sysv boots, dbus is what systemctl asks, the certificates are a mirror's; iproute2 and
# procps are what a person would look with. No Python: install.sh brings it.
readonly included=systemd-sysv,dbus,ca-certificates,iproute2,procps

# Prints, in one word, everything that the tree depends on.
key() {
  {
    dpkg --print-architecture
    sha256sum <"$here/build_machine.sh"
  } | sha256sum | cut -c 1-16
}

make_tree() {
  host_needs
  say "making a clean Debian $debian"
  debian "$1" "$codename" "$included"
  anonymous "$1" machine
}

made_once "$cache/$(key)"
