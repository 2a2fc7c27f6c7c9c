#!/usr/bin/env bash
# Runs inside the arm64 tree: unpacks PACKAGE, makes its environment as install.sh does, and tries it
# on PICTURES.
#
#   bash tests/device/arm64/inside.sh PACKAGE PICTURES
#
# Without systemd, which cannot run there: dpkg would take the package and leave it for later.
set -euo pipefail

readonly venv=/opt/door-kiosk/venv share=/usr/share/door-kiosk
dpkg --unpack --force-depends "$1" >/dev/null
python3 -m venv "$venv"
"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-index --no-deps "$share"/wheels/*.whl
# Not from the repository, which is the working directory.
cd /tmp
PATH="$venv/bin:$PATH" "$venv/bin/python" -I /src/kiosk/tests/device/arm64/smoke.py "/src/kiosk/$2"
