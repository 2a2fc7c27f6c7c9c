#!/usr/bin/env bash
# The device tier: a clean Debian 13 with a real systemd is installed on; a virtual Pi has a kernel of
# its own, pins, and a disk whose plug is pulled; in the device tree the real picamera2 and libcamera
# play our pictures. Nothing here is ever skipped: what cannot be had is a failure, said in one line.
#
#   bash tests/device/run.sh [12|13]
#
# 12: only the first of these, on a Debian 12; for every night.
#
# Everybody starts it by `bash provisioning/test.sh --device`. Its parts run side by side, because most
# of what they do is wait; each of them makes what it needs, and what two of them need is made once.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device}
cache=$(realpath -m -- "${DEVICE_CACHE:-$root/.cache/device}")
readonly cache
readonly log="$cache/run.log"
# A test that hangs is ended by its own limit; this is for what no test can end.
readonly limit_s=900
# The machine itself is none on which this can be run, whoever asks: .ci/run tells it from a red test.
readonly exit_no_place=3

if (($# > 1)) || [[ ${1:-13} != 1[23] ]]; then
  printf 'usage: bash provisioning/test.sh --device [12|13]\n' >&2
  exit 2
fi
readonly debian=${1:-13}

if ((EUID != 0)); then
  # Mounts and namespaces need root; the tree and its cache then belong to root.
  command -v sudo >/dev/null ||
    { printf 'device: FAILED: this tier needs root, and there is no sudo\n' >&2 && exit 1; }
  exec sudo ${DEVICE_CACHE:+DEVICE_CACHE="$DEVICE_CACHE"} ${VENV:+VENV="$VENV"} bash "$here/run.sh" "$debian"
fi

# shellcheck source-path=SCRIPTDIR source=tree_parts.sh
source "$here/tree_parts.sh"

# limited COMMAND...: for the tests. --foreground: who ends us ends them.
limited() { timeout --foreground --kill-after=60 "$limit_s" "$@" </dev/null; }

# tests OPTION... FOLDER: on this computer, as they start machines; most of them wait.
tests() {
  limited env PYTHONDONTWRITEBYTECODE=1 DEVICE_PACKAGE="$package" DEVICE_SCRATCH="$scratch" \
    "$venv/bin/python" -m pytest -q -n 3 --dist worksteal -o timeout=900 "$@"
}

# Each test boots a machine of its own, above one that was installed once.
under_systemd() {
  DEVICE_MACHINE=$(bash "$here/build_machine.sh" "$debian") || return
  export DEVICE_MACHINE
  hold "$DEVICE_MACHINE"
  tests tests/device/machine
}

virtual_pi() {
  local tree
  DEVICE_KERNEL=$(bash "$here/pi/build_kernel.sh") &&
    tree=$(bash "$here/build_tree.sh") &&
    DEVICE_IMAGE=$(bash "$here/pi/build_plain.sh" "$tree") &&
    DEVICE_INSTALLED=$(DEVICE_PACKAGE=$package VENV=$venv bash "$here/pi/build_installed.sh" "$DEVICE_KERNEL") ||
    return
  export DEVICE_KERNEL DEVICE_IMAGE DEVICE_INSTALLED
  hold "$DEVICE_KERNEL" && hold "$DEVICE_IMAGE" && hold "$DEVICE_INSTALLED"
  tests tests/device/pi
}

in_tree() {
  local tree
  tree=$(bash "$here/build_tree.sh") || return
  # One process: there is one camera. A hang below Python is ended by its thread.
  limited bash "$here/enter.sh" "$tree" bash tests/device/plug_camera.sh \
    python -m pytest -q -o timeout=60 -o timeout_method=thread \
    --ignore=tests/device/machine --ignore=tests/device/pi tests/device
}

parts=()
# beside WHAT FUNCTION: runs it beside the others, as a group of processes of its own. What it says is
# kept until it has ended.
beside() {
  local TIMEFORMAT="device: $1: %0R s, and %0U + %0S s of the processors"
  set -m
  (
    trap - EXIT INT TERM
    time "$2"
  ) >"$scratch/$2.log" 2>&1 &
  set +m
  parts+=("$!" "$2" "$1")
}

# ended PID FUNCTION WHAT: waits for it, shows what it said, and tells whether it passed.
ended() {
  local status=0
  wait "$1" || status=$?
  printf '\n== device: %s\n' "$3"
  cat -- "$scratch/$2.log"
  ((status == 0)) || printf 'device: FAILED: %s\n' "$3" >&2
  return "$status"
}

# Runs at the end, and when somebody ends us: nothing of a part outlives us, and no disk of a guest.
clean_up() {
  local i
  for ((i = 0; i < ${#parts[@]}; i += 3)); do kill -TERM -- "-${parts[i]}" 2>/dev/null || true; done
  wait
  rm -rf -- "$scratch"
}

mkdir -p -- "$cache"
# What all parts do, tried once: otherwise each would fail in its own words.
trial="mount -t tmpfs none '$cache' && cd '$cache' && mkdir a b c d && mount -t overlay -o lowerdir=a,upperdir=b,workdir=c none d"
unshare --mount --pid --fork bash -c "$trial" >/dev/null 2>&1 ||
  { printf 'device: FAILED: this tier needs namespaces and overlays, and root may not make them on this machine\n' >&2 &&
    exit "$exit_no_place"; }

bash "$root/provisioning/setup.sh" dev
venv=$(cd -- "${VENV:-$root/.venv}" && pwd)
if [[ $debian == 13 ]]; then pi_needs; else host_needs; fi
sure_mirror >/dev/null

# Who has this lock alone removes what runs have left that were killed.
exec 8>"$cache/runs.lock"
! flock --nonblock 8 || rm -rf -- "$cache"/run-*/
flock --shared 8
scratch=$(mktemp -d -- "$cache/run-XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT TERM

cd -- "$root"
[[ $debian == 12 ]] || beside "real picamera2" in_tree
# What the machines are installed with: this checkout, and the package that is made of it.
package=$(VENV=$venv bash "$root/provisioning/deb/build.sh" "$debian" "$(dpkg --print-architecture)")
readonly venv package scratch
beside "installed under systemd" under_systemd
[[ $debian == 12 ]] || beside "a virtual Pi" virtual_pi
failures=0
for ((i = 0; i < ${#parts[@]}; i += 3)); do ended "${parts[@]:i:3}" || failures=$((failures + 1)); done
printf '\n'
[[ ! -f $scratch/figures ]] || sort -- "$scratch/figures"
((failures == 0))
