#!/usr/bin/env bash
# The whole suite on Python 3.13, in the device tree: with Debian 13's own mosquitto, OpenSSL, systemd
# programs and cloud-init.
#
#   bash tests/device/suite.sh 3.13 [--sample] [OPTION of pytest...]
#
# --sample: what every adapter promises, and the scenarios, alone: in a minute.
#
# Everybody starts it by `bash provisioning/test.sh --python 3.13`. It needs root, as the device tier.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
if [[ ${1:-} != 3.13 ]]; then
  printf 'usage: bash provisioning/test.sh --python 3.13 [--sample] [options for pytest]\n' >&2
  exit 2
fi
if ((EUID != 0)); then
  command -v sudo >/dev/null ||
    { printf 'device: FAILED: the device tree needs root, and there is no sudo\n' >&2 && exit 1; }
  exec sudo ${DEVICE_CACHE:+DEVICE_CACHE="$DEVICE_CACHE"} bash "$here/suite.sh" "$@"
fi
shift
what=(kiosk ledger tests/unit tests/contract tests/scenario tests/fuzz tests/house tests/e2e tests/ledger)
if [[ ${1:-} == --sample ]]; then
  what=(tests/contract tests/scenario)
  shift
fi
tree=$(bash "$here/build_tree.sh")
# Twice as many workers as processors: half of the suite waits for programs to do something.
exec bash "$here/enter.sh" "$tree" \
  python -m pytest -q -n "$((2 * $(nproc)))" --dist worksteal -rs "$@" "${what[@]}"
