#!/usr/bin/env bash
# Makes a disk of a tree: one ext4 file system in a file, as boot_pi.sh boots it.
#
#   bash tests/device/pi/build_image.sh OUT.img TREE [LAYER...]
#
# TREE lies lowest. LAYERs are folders of changes above it, the newest first, as in
# boot_machine.sh: LAYER/upper is what an overlay kept. The trees themselves are only read.
#
# Added to it: /sbin/pi-init, for a boot without systemd, and /mnt, where a shared folder goes.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
# Room for what the guest writes; blocks that nobody wrote take none of this computer's.
readonly spare_mib=1024

# Runs with mounts of its own: OUT INIT SPARE-MIB LOWERS
inside() {
  set -euo pipefail
  local out=$1 init=$2 spare=$3 lowers=$4 work used
  work=$(mktemp -d -- "$out.XXXXXX")
  # The layer on top: memory, gone with this namespace.
  mount -t tmpfs tmpfs "$work"
  mkdir "$work/upper" "$work/work" "$work/root"
  mount -t overlay overlay -o "lowerdir=$lowers,upperdir=$work/upper,workdir=$work/work" "$work/root"
  install -D -m 755 "$init" "$work/root/sbin/pi-init"
  mkdir -p "$work/root/mnt"
  used=$(du -sm --apparent-size "$work/root" | cut -f 1)
  rm -f -- "$out.new"
  # A twentieth more for the file system's own tables. No journal to replay at a first boot, and no
  # tables that the guest would have to write while a test looks at its clock.
  mke2fs -q -t ext4 -L pi -m 0 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard \
    -d "$work/root" "$out.new" "$((used + used / 20 + spare))M"
  mv -f -- "$out.new" "$out"
  umount -R "$work"
  rmdir "$work"
}

main() {
  local out tree lowers layer
  out=$(realpath -m -- "$1")
  tree=$(realpath -- "$2")
  shift 2
  lowers=
  for layer in "$@"; do lowers+=$(realpath -- "$layer")/upper:; done
  mkdir -p -- "${out%/*}"
  unshare --mount --pid --fork --kill-child --mount-proc nice -n 5 \
    bash -c "$(declare -f inside); inside \"\$@\"" inside "$out" "$here/init.sh" "$spare_mib" "$lowers$tree"
}

main "$@"
