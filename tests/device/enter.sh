#!/usr/bin/env bash
# Runs a command inside a throw-away copy of the device tree: as root, with this
# repository read-only at /src, and with no network but the loopback.
#
#   bash tests/device/enter.sh TREE COMMAND...
#
# Whatever the command writes is gone when it ends, and so are its mounts and its
# processes: they live in namespaces of their own, which the kernel takes down even
# when this script is killed.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device}

# Runs as the first process of the new namespaces: TREE COMMAND...
inside() {
  set -euo pipefail
  local tree=$1 root=$2 run="${1%/*}/run"
  shift 2
  mount -t tmpfs tmpfs "$run"
  mkdir "$run/upper" "$run/work" "$run/root"
  mount -t overlay overlay -o "lowerdir=$tree,upperdir=$run/upper,workdir=$run/work" "$run/root"
  cd -- "$run/root"
  mount -t proc proc proc
  # No /sys and no /dev of this machine: its own webcam would be camera 0.
  mkdir -p dev/shm dev/pts
  mount -t tmpfs tmpfs dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  ln -sf pts/ptmx dev/ptmx
  mkdir -p src/kiosk
  mount --bind "$root" src/kiosk
  mount -o remount,bind,ro src/kiosk
  # The photographs that lie beside the repository, where there are any.
  if [[ -d ${root%/*}/shared ]]; then
    mkdir src/shared
    mount --bind "${root%/*}/shared" src/shared
    mount -o remount,bind,ro src/shared
  fi
  chroot . ip link set lo up
  # What Python, Hypothesis and lgpio would write into the folder they are started in goes to /tmp.
  # Not exec: the first process has to bury what the command leaves behind.
  chroot . env -i PATH=/opt/app/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    PYTHONPYCACHEPREFIX=/tmp/pycache HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis LG_WD=/tmp \
    bash -c 'cd /src/kiosk && exec "$@"' enter "$@"
}

main() {
  local tree=$1
  shift
  mkdir -p -- "${tree%/*}/run"
  # Held while somebody is in the tree, so that nobody removes it.
  exec 9<"${tree%/*}/lock"
  flock --shared 9
  # The functions of this shell do not exist in the new one: it is handed the text.
  # exec: who kills this script kills unshare, and that its child.
  exec unshare --mount --net --pid --fork --kill-child \
    bash -c "$(declare -f inside); inside \"\$@\"" inside "$tree" "$root" "$@"
}

main "$@"
