#!/usr/bin/env bash
# The kiosk's demonstration on any computer: no Pi, no camera, no network.
#
#   bash provisioning/demo.sh [options]     bash provisioning/demo.sh --help
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here

bash "$here/setup.sh" run

# Debian keeps mosquitto where only root's PATH looks.
export PATH="$PATH:/usr/sbin:/sbin"
unset PYTHONPATH PYTHONHOME
# We stay in the caller's directory, so that relative paths mean what they say.
# PYTHONSAFEPATH keeps a folder "kiosk" lying there from being imported in
# place of ours; the programs that the demo starts inherit it.
export PYTHONSAFEPATH=1
# exec: Ctrl-C and signals reach the demo itself, which stops what it started.
exec "${VENV:-${here%/*}/.venv}/bin/python" -m provisioning.demo "$@"
