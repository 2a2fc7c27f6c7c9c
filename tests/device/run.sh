#!/usr/bin/env bash
# The device tier: the real picamera2 and libcamera play our pictures, and Python 3.13
# runs the whole suite, both in the device tree. Nothing here is ever skipped: what
# cannot be had is a failure, said in one line.
#
#   bash tests/device/run.sh
#
# Everybody starts it by `bash provisioning/test.sh --device`.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
# A test that hangs is ended by its own limit; this is for what no test can end.
readonly limit_s=900

failures=0
trap 'exit 130' INT

# in_tree WHAT COMMAND...: runs it inside, and remembers whether it passed.
in_tree() {
  local what=$1 started=$SECONDS
  shift
  printf '\n== device: %s\n' "$what"
  # --foreground: Ctrl-C reaches the tests.
  if timeout --foreground --kill-after=10 "$limit_s" bash "$here/enter.sh" "$tree" "$@" </dev/null; then
    printf 'device: %s: passed in %d s\n' "$what" "$((SECONDS - started))"
  else
    failures=$((failures + 1))
    printf 'device: FAILED: %s, after %d s\n' "$what" "$((SECONDS - started))" >&2
  fi
}

if ((EUID != 0)); then
  # Mounts and namespaces need root; the tree and its cache then belong to root.
  command -v sudo >/dev/null ||
    { printf 'device: FAILED: this tier needs root, and there is no sudo\n' >&2 && exit 1; }
  exec sudo ${KIOSK_DEVICE_CACHE:+KIOSK_DEVICE_CACHE="$KIOSK_DEVICE_CACHE"} bash "$here/run.sh"
fi

tree=$(bash "$here/build_tree.sh")
readonly tree

# One process: there is one camera. A hang below Python is ended by its thread.
in_tree "real picamera2" bash tests/device/plug_camera.sh \
  python -m pytest -q -o timeout=60 -o timeout_method=thread tests/device
# Twice as many workers as processors: half of the suite waits for programs to do something.
in_tree "Python 3.13" python -m pytest -q -n "$((2 * $(nproc)))" --dist worksteal -rs \
  kiosk ledger tests/unit tests/contract tests/scenario tests/fuzz tests/house tests/e2e tests/ledger

((failures == 0))
