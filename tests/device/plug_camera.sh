#!/usr/bin/env bash
# Runs inside the tree: plugs in libcamera's virtual camera, then runs a command.
#
#   bash tests/device/plug_camera.sh COMMAND...
set -euo pipefail

shim=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/shim
readonly shim
readonly library=/usr/lib/dma_heap.so

gcc -shared -fPIC -O2 -Wall -Wextra -Werror -o "$library" "$shim/dma_heap.c"
# Not LD_PRELOAD: the kiosk starts its eye with an environment of its own.
echo "$library" >/etc/ld.so.preload

# A .pth file for the same reason: every Python reads it. It lies where python3-libcamera does,
# which an environment's own packages come before.
printf '%s\nimport virtual_camera\n' "$shim" >/usr/lib/python3/dist-packages/virtual_camera.pth

folder=/usr/share/libcamera/pipeline/virtual
mkdir -p "$folder" /run/pictures
cp "$shim/virtual.yaml" "$folder/"

DEVICE_TIER=1 exec "$@"
