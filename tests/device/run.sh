#!/usr/bin/env bash
# The device tier: a clean Debian 13 with a real systemd is installed on; a virtual Pi has a kernel of
# its own, pins, and a disk whose plug is pulled; the real picamera2 and libcamera play our pictures,
# and Python 3.13 runs the whole suite, both in the device tree. Nothing here is ever skipped: what
# cannot be had is a failure, said in one line.
#
#   bash tests/device/run.sh [12|13]
#
# 12: only the first of these, on a Debian 12; for every night.
#
# Everybody starts it by `bash provisioning/test.sh --device`.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device}
# A test that hangs is ended by its own limit; this is for what no test can end.
readonly limit_s=900

if (($# > 1)) || [[ ${1:-13} != 1[23] ]]; then
  printf 'usage: bash provisioning/test.sh --device [12|13]\n' >&2
  exit 2
fi
readonly debian=${1:-13}

failures=0
trap 'exit 130' INT

# part WHAT COMMAND...: runs it, and remembers whether it passed.
part() {
  local what=$1 started=$SECONDS
  shift
  printf '\n== device: %s\n' "$what"
  # --foreground: Ctrl-C reaches the tests.
  if timeout --foreground --kill-after=60 "$limit_s" "$@" </dev/null; then
    printf 'device: %s: passed in %d s\n' "$what" "$((SECONDS - started))"
  else
    failures=$((failures + 1))
    printf 'device: FAILED: %s, after %d s\n' "$what" "$((SECONDS - started))" >&2
  fi
}

# in_tree WHAT COMMAND...: the same, inside the device tree.
in_tree() {
  local what=$1
  shift
  part "$what" bash "$here/enter.sh" "$tree" "$@"
}

if ((EUID != 0)); then
  # Mounts and namespaces need root; the tree and its cache then belong to root.
  command -v sudo >/dev/null ||
    { printf 'device: FAILED: this tier needs root, and there is no sudo\n' >&2 && exit 1; }
  exec sudo ${KIOSK_DEVICE_CACHE:+KIOSK_DEVICE_CACHE="$KIOSK_DEVICE_CACHE"} ${VENV:+VENV="$VENV"} bash "$here/run.sh" "$debian"
fi

# What the machines are installed with: this checkout, and the package that is made of it.
bash "$root/provisioning/setup.sh" dev
venv=$(cd -- "${VENV:-$root/.venv}" && pwd)
machine=$(bash "$here/build_machine.sh" "$debian")
package=$(VENV=$venv bash "$root/provisioning/deb/build.sh" "$debian" "$(dpkg --print-architecture)")
# Held while a machine runs, so that nobody removes the tree below it. Who has it alone removes what
# runs have left that were killed.
exec 8<"${machine%/*}/lock"
! flock --nonblock 8 || rm -rf -- "${machine%/*}"/run-*
flock --shared 8
scratch=$(mktemp -d -- "${machine%/*}/run-XXXXXX")
readonly venv machine package scratch
trap 'rm -rf -- "$scratch"' EXIT

# Each test boots a machine of its own, above one that was installed once; most of them wait.
cd -- "$root"
part "installed under systemd" env PYTHONDONTWRITEBYTECODE=1 DEVICE_MACHINE="$machine" \
  DEVICE_PACKAGE="$package" DEVICE_SCRATCH="$scratch" \
  "$venv/bin/python" -m pytest -q -n 3 --dist worksteal -o timeout=900 tests/device/machine
[[ $debian == 13 ]] || [[ ! -f $scratch/figures ]] || sort -- "$scratch/figures"
[[ $debian == 13 ]] || exit "$((failures != 0))"

tree=$(bash "$here/build_tree.sh")
kernel=$(bash "$here/pi/build_kernel.sh")
image=$(bash "$here/pi/build_plain.sh" "$tree")
installed=$(DEVICE_PACKAGE="$package" VENV="$venv" bash "$here/pi/build_installed.sh" "$kernel")
# As above.
exec 5<"${installed%/root/*}/lock" 6<"${image%/root/*}/lock" 7<"${kernel%/root/*}/lock"
for lock in 5 6 7; do flock --shared "$lock"; done
readonly tree kernel image installed

part "a virtual Pi" env PYTHONDONTWRITEBYTECODE=1 DEVICE_KERNEL="$kernel" DEVICE_IMAGE="$image" \
  DEVICE_INSTALLED="$installed" DEVICE_SCRATCH="$scratch" \
  "$venv/bin/python" -m pytest -q -n 3 --dist worksteal -o timeout=900 tests/device/pi
[[ ! -f $scratch/figures ]] || sort -- "$scratch/figures"

# One process: there is one camera. A hang below Python is ended by its thread.
in_tree "real picamera2" bash tests/device/plug_camera.sh \
  python -m pytest -q -o timeout=60 -o timeout_method=thread --ignore=tests/device/machine tests/device
# Twice as many workers as processors: half of the suite waits for programs to do something.
in_tree "Python 3.13" python -m pytest -q -n "$((2 * $(nproc)))" --dist worksteal -rs \
  kiosk ledger tests/unit tests/contract tests/scenario tests/fuzz tests/house tests/e2e tests/ledger

((failures == 0))
