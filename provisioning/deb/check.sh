#!/usr/bin/env bash
# Checks Debian packages of the kiosk without installing them: what they need, that their wheels are
# complete and are that system's own, and that they name nothing of the machine that made them.
#
#   bash provisioning/deb/check.sh PACKAGE...
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/provisioning/deb}
readonly venv=${VENV:-$root/.venv}

die() {
  printf 'deb: FAILED: %s\n' "$1" >&2
  exit 1
}

# needed WHEELS PYTHON PROCESSOR: pip finds everything that the kiosk asks for, there and only there.
is_complete() {
  local platform options=()
  for platform in manylinux_2_28 manylinux_2_24 manylinux_2_17 manylinux2014 linux; do
    options+=(--platform "${platform}_$3")
  done
  "$venv/bin/python" -m pip --disable-pip-version-check --no-input --isolated install --quiet --dry-run \
    --no-index --find-links "$1" --target "$1/../nowhere" --only-binary :all: "${options[@]}" \
    --implementation cp --python-version "$2" --abi "cp${2/./}" --abi abi3 --abi none 'door-kiosk[zbar]'
}

# check PACKAGE: in a folder that is gone afterwards.
check() {
  local package=$1 folder processor python machine wheels script foreign
  [[ -f $package ]] || die "$package is not there"
  folder=$(mktemp -d)
  # shellcheck disable=SC2064 # this folder, whatever the next one is
  trap "rm -rf -- '$folder'" EXIT
  dpkg-deb --raw-extract "$package" "$folder"
  wheels="$folder/usr/share/door-kiosk/wheels"
  processor=$(dpkg-deb --field "$package" Architecture)
  python=$(dpkg-deb --field "$package" Depends | sed -nE 's/^python3 \(>= ([0-9.]+)~\).*/\1/p')
  [[ $python =~ ^3\.(11|13)$ ]] || die "${package##*/} depends on Python '$python'"
  case $processor in
    amd64) machine=x86_64 ;;
    arm64) machine=aarch64 ;;
    *) die "${package##*/} is for $processor" ;;
  esac
  foreign=$(find "$wheels" -name '*.whl' ! -name '*-none-any.whl' ! -name "*_$machine.whl")
  [[ -z $foreign ]] || die "${package##*/} holds wheels for another processor: $foreign"
  is_complete "$wheels" "$python" "$machine" || die "${package##*/} does not hold all that the kiosk needs"
  for script in postinst prerm postrm; do
    sh -n "$folder/DEBIAN/$script"
    [[ -x $folder/DEBIAN/$script ]] || die "${package##*/}: $script cannot be run"
  done
  # Names of hosts and of this machine's folders have no place in what others install.
  if grep -rnE "://|$root" "$folder/DEBIAN" "$folder"/usr/share/door-kiosk/{provisioning,systemd}; then
    die "${package##*/} names a host or this machine (see above)"
  fi
  rm -rf -- "$folder"
  printf 'deb: ok: %s, Python %s, %s\n' "${package##*/}" "$python" "$(du -h "$package" | cut -f 1)"
}

(($#)) || die "usage: bash provisioning/deb/check.sh PACKAGE..."
for package in "$@"; do check "$package"; done
