#!/usr/bin/env bash
# Boots a throw-away layer above a tree, with systemd as its first process, until it powers off.
#
#   bash tests/device/boot_machine.sh [--offline] FOLDER TREE [LAYER...]
#
# FOLDER/upper gets all that the machine writes; LAYERs are such folders of earlier machines that
# have ended, the newest first. The machine has its own /tmp, /run, /dev and /var and sees nothing
# of this computer but, read-only, its certificates. Without --offline it uses this computer's
# network, apt mirror and pip index.
#
# Mounts and processes live in namespaces of their own, which the kernel takes down even when this
# script is killed.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device}

# Where this script moves itself, so that the machine's groups of processes lie below.
groups=()

join_groups() {
  local hierarchy group
  for hierarchy in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
    [[ -f $hierarchy/cgroup.procs ]] || continue
    group=$hierarchy/kiosk-device-$$
    mkdir -- "$group" || continue
    echo $$ >"$group/cgroup.procs"
    groups+=("$group")
  done
}

leave_groups() {
  local group
  for group in "${groups[@]}"; do
    echo $$ >"${group%/*}/cgroup.procs"
    # What was killed takes a moment to be gone.
    for _ in {1..50}; do
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
      sleep 0.1
    done
  done
}

# lend_network FOLDER TREE: how this computer reaches its packages, for the machine.
lend_network() {
  local cache=$1 log="$1/network.log" upper="$1/upper" codename
  # shellcheck source-path=SCRIPTDIR source=tree_parts.sh
  source "$here/tree_parts.sh"
  # shellcheck source=/dev/null disable=SC2031
  codename=$(. "$2/etc/os-release" && printf '%s' "$VERSION_CODENAME")
  mkdir -p "$upper"/etc/apt/apt.conf.d
  printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$(sure_mirror)" "$codename" >"$upper/etc/apt/sources.list"
  apt_options >"$upper/etc/apt/apt.conf.d/00-lent"
  { echo '[global]' && pip_settings | sed -E 's/^PIP_/ /; y/_ABCDEFGHIJKLMNOPQRSTUVWXYZ/-abcdefghijklmnopqrstuvwxyz/'; } \
    >"$upper/etc/pip.conf"
}

# Runs as the first process of the new namespaces: FOLDER LOWERS OPTION...
inside() {
  set -euo pipefail
  local folder=$1 lowers=$2
  shift 2
  mkdir -p "$folder"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$lowers,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
  # systemd-nspawn wants memory there, and cleans up below it.
  mount -t tmpfs tmpfs /run
  exec env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --directory="$folder/root" \
    --register=no --keep-unit --machine=kiosk-device --console=pipe "$@" --boot </dev/null
}

main() {
  local options=(--resolv-conf=copy-host --bind-ro=/etc/ssl/certs) folder lowers offline=''
  if [[ $1 == --offline ]]; then
    options=(--resolv-conf=off --private-network)
    offline=yes
    shift
  fi
  folder=$1
  shift
  # The tree is named first and lies lowest.
  lowers=$(printf '%s\n' "${@:2}" "$1" | sed '/^$/d' | paste -sd :)
  mkdir -p -- "$folder/upper"
  [[ -n $offline ]] || lend_network "$folder" "$1"
  join_groups
  trap leave_groups EXIT
  unshare --mount --pid --fork --kill-child --mount-proc \
    bash -c "$(declare -f inside); inside \"\$@\"" inside "$folder" "$lowers" "${options[@]}" &
  # Not SIGTERM, which unshare leaves to its child, and that to nobody.
  trap 'kill -KILL %1' INT TERM
  local status=0
  wait %1 || status=$?
  # 133 is systemd-nspawn's word for a machine that wants to reboot.
  return "$status"
}

main "$@"
