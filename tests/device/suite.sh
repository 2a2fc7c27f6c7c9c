#!/usr/bin/env bash
# The whole suite on Python 3.13, in the device tree: with Debian 13's own mosquitto, OpenSSL, systemd
# programs and cloud-init.
#
#   bash tests/device/suite.sh 3.13 [OPTION of pytest...]
#
# Everybody starts it by `bash provisioning/test.sh --python 3.13`. It needs root, as the device tier.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
if [[ ${1:-} != 3.13 ]]; then
  printf 'usage: bash provisioning/test.sh --python 3.13 [options for pytest]\n' >&2
  exit 2
fi
((EUID == 0)) || { printf 'device: FAILED: the device tree needs root\n' >&2 && exit 1; }
tree=$(bash "$here/build_tree.sh")
# Twice as many workers as processors: half of the suite waits for programs to do something.
exec bash "$here/enter.sh" "$tree" \
  python -m pytest -q -n "$((2 * $(nproc)))" --dist worksteal -rs "${@:2}" \
  kiosk ledger tests/unit tests/contract tests/scenario tests/fuzz tests/house tests/e2e tests/ledger
