#!/usr/bin/env bash
# Makes everything that a release consists of, and proves it.
#
#   bash provisioning/release.sh            packages for Debian 12 and 13, amd64 and arm64, in dist/
#   bash provisioning/release.sh --quick    the same without the device tier
#
# Before it: give the version its day in CHANGELOG.md, and MADE_S in kiosk/onboarding/onboarded.py the
# same one; kiosks with this software then take no onboarding code that is older. A test compares both.
#
# The device tier installs this checkout by install.sh, and the package for this processor by apt,
# on a clean Debian 13 under a real systemd; the other three packages are checked and not installed.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/*}
readonly dist="$root/dist"

if (($# > 1)) || [[ ${1:-} != '' && $1 != --quick ]]; then
  printf 'usage: bash provisioning/release.sh [--quick]\n' >&2
  exit 2
fi

bash "$here/setup.sh" run
packages=()
for debian in 12 13; do
  for processor in amd64 arm64; do
    packages+=("$(bash "$here/deb/build.sh" "$debian" "$processor")")
  done
done
bash "$here/deb/check.sh" "${packages[@]}"
[[ ${1:-} == --quick ]] || bash "$here/test.sh" --device

rm -rf -- "$dist"
mkdir -p -- "$dist"
cp -- "${packages[@]}" "$dist/"
(cd -- "$dist" && sha256sum -- *.deb >SHA256SUMS)
printf 'release: made in %s\n' "$dist"
cat -- "$dist/SHA256SUMS"
