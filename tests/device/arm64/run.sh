#!/usr/bin/env bash
# Our package for 64-bit ARM, on a system for 64-bit ARM: its programs run, by emulation. For every
# night and every release; some minutes.
#
#   bash tests/device/arm64/run.sh [12|13]
#
# Everybody starts it by `bash provisioning/test.sh --arm64`. Like the rest of the device tier it
# needs root and never skips.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device/arm64}
if (($# > 1)) || [[ ${1:-13} != 1[23] ]]; then
  printf 'usage: bash provisioning/test.sh --arm64 [12|13]\n' >&2
  exit 2
fi
readonly debian=${1:-13}
readonly emulator=/usr/bin/qemu-aarch64-static
readonly formats=/proc/sys/fs/binfmt_misc
# A Pi 4's processor. The emulator's own choice signs pointers in software, ten times as slow.
readonly processor=cortex-a72

cache=$(realpath -m -- "${DEVICE_CACHE:-$root/.cache/device}")
readonly cache
readonly log="$cache/arm64.log"
readonly pictures="$root/.cache/arm64-pictures"

# shellcheck source-path=SCRIPTDIR source=../tree_parts.sh
source "$here/../tree_parts.sh"

((EUID == 0)) || die "this needs root"
mkdir -p -- "$cache"
[[ -x $emulator ]] || need "an emulator of ARM processors" qemu-user-static
command -v arch-test >/dev/null || need "what asks whether the emulator works" arch-test
install_missing

# Linux hands programs for ARM to the emulator. Fixed (F): it is found from inside the tree too.
mountpoint --quiet "$formats" || mount -t binfmt_misc binfmt_misc "$formats"
if [[ ! -e $formats/qemu-aarch64 ]]; then
  printf '%s' ':qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:'"$emulator"':F' >"$formats/register"
  trap 'echo -1 >"$formats/qemu-aarch64"' EXIT
fi
export QEMU_CPU=$processor

bash "$root/provisioning/setup.sh" dev
venv=$(cd -- "${VENV:-$root/.venv}" && pwd)
package=$(VENV=$venv bash "$root/provisioning/deb/build.sh" "$debian" arm64)
tree=$(bash "$here/build_tree.sh" "$debian")
rm -rf -- "$pictures"
(cd -- "$root" && "$venv/bin/python" -m tests.device.arm64.pictures "$pictures")
readonly venv package tree

# The repository is at /src/kiosk in there.
bash "$root/tests/device/enter.sh" "$tree" env "QEMU_CPU=$processor" \
  bash tests/device/arm64/inside.sh "${package#"$root/"}" "${pictures#"$root/"}"
