#!/usr/bin/env bash
# Runs inside the device tree while it is built: the kiosk's environment in /opt/app,
# by the same setup.sh as everywhere, and the Pi's own packages beside it.
set -euo pipefail

readonly app=/opt/app
readonly list=/src/kiosk/requirements.txt
# Published as source only; the rest has wheels, and nothing of it is run here. The list is
# complete, so pip looks for nothing more (--no-deps).
readonly sources='/^(lgpio|pidng|python-prctl)==/'

if [[ ! -f $list ]]; then
  echo "install.sh: runs inside the device tree only: bash provisioning/test.sh --device" >&2
  exit 1
fi

pip() { "$app/bin/pip" --disable-pip-version-check --no-input "$@"; }

# locked AWK-CONDITION: the requirements, hashes included, that satisfy it.
locked() { awk "/^[^ #]/ { wanted = $1 } wanted" "$list"; }

# Debian's python3-libcamera must be seen; setup.sh keeps an environment that is there.
python3 -m venv --system-site-packages "$app"
VENV=$app bash /src/kiosk/provisioning/setup.sh dev

locked "!$sources" >/tmp/wheels.txt
locked "$sources" >/tmp/sources.txt
pip install --require-hashes --no-deps --only-binary :all: --requirement /tmp/wheels.txt
# PYPI=1: lgpio links its C library in; Debian has none to link against.
PYPI=1 pip install --require-hashes --no-deps --no-build-isolation --use-pep517 \
  --no-cache-dir --requirement /tmp/sources.txt
rm -rf /tmp/wheels.txt /tmp/sources.txt /root/.cache

# Seen here, or the tree is not finished: the versions that this tier is about.
"$app/bin/python" -I - <<'PYTHON'
import sys
from importlib.metadata import version

import libcamera
import lgpio

assert sys.version_info[:2] == (3, 13), sys.version
assert version("picamera2") == "0.3.38", version("picamera2")
major, minor = libcamera.CameraManager.singleton().version.lstrip("v").split(".")[:2]
assert (int(major), int(minor)) >= (0, 7), libcamera.CameraManager.singleton().version
assert lgpio.get_module_version()
PYTHON
