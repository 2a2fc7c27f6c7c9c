#!/usr/bin/env bash
# Builds one Debian package, door-kiosk, and prints where it is. Runs on Debian, as anybody.
#
#   bash provisioning/deb/build.sh DEBIAN PROCESSOR     12 or 13; amd64 or arm64
#
# It holds wheels for that system's Python, checked by their hashes, and install.sh, which makes the
# environment from them. dpkg-deb packs it: every Debian has it, and the package has one owner, no
# conffiles and three short scripts, for which a larger tool would only be one tool more.
#
# Nothing of the other system runs here, so an arm64 package is made on a PC without emulation:
# wheels are chosen by their names, and zbarlight, which has none, is compiled across.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/provisioning/deb}
readonly venv=${VENV:-$root/.venv}
readonly lists="$root/provisioning/requirements"

say() { printf 'deb: %s\n' "$1" >&2; }

die() {
  printf 'deb: %s\n' "$1" >&2
  exit 1
}

debian=${1:-}
processor=${2:-}
case $debian in
  12) codename=bookworm python=3.11 next=3.12 zbar=libzbar0 ;;
  13) codename=trixie python=3.13 next=3.14 zbar=libzbar0t64 ;;
  *) die "usage: bash provisioning/deb/build.sh 12|13 amd64|arm64" ;;
esac
case $processor in
  amd64) machine=x86_64 ;;
  arm64) machine=aarch64 ;;
  *) die "usage: bash provisioning/deb/build.sh 12|13 amd64|arm64" ;;
esac
readonly debian processor codename python next zbar machine
readonly abi=cp${python/./}
readonly work="$root/.cache/deb/$debian-$processor"
readonly log="$work/build.log"
readonly triplet=$machine-linux-gnu

# shellcheck source-path=SCRIPTDIR source=../setup-debian.sh
source "$root/provisioning/setup-debian.sh"

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }

# fetch_wheels FOLDER: the dependencies', for the other Python and processor, each by its hash.
fetch_wheels() {
  local platform options=()
  # glibc 2.28 and older: both Debians have a newer one.
  for platform in manylinux_2_28 manylinux_2_24 manylinux_2_17 manylinux2014; do
    options+=(--platform "${platform}_$machine")
  done
  # colorama is for another system: pip asks about the one that it runs on.
  awk '/^[^ #]/ { wanted = !/^(zbarlight|colorama)==/ } wanted' "$lists/run.txt" >"$work/wheels.txt"
  quietly "pip could not fetch the wheels" \
    pip download --no-deps --require-hashes --only-binary :all: "${options[@]}" --implementation cp \
    --python-version "$python" --abi "$abi" --abi abi3 --abi none \
    --requirement "$work/wheels.txt" --dest "$1"
}

# apt_of_target COMMAND...: apt-get, as it would be there; with this machine's own mirror.
apt_of_target() {
  apt-get -o Dir::State="$work/apt" -o Dir::Cache="$work/apt" -o Dir::Etc::sourcelist="$work/sources.list" \
    -o Dir::Etc::sourceparts=/dev/null -o Dir::State::status=/dev/null -o APT::Sandbox::User= \
    -o APT::Architecture="$processor" -o APT::Architectures="$processor" --quiet "$@"
}

# unpack_headers: zbar's and Python's, and zbar's library to link with.
unpack_headers() {
  local mirror package
  # shellcheck disable=SC2016 # apt-get's own variables
  mirror=$(apt-get indextargets --format '$(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "main" && !/security/ && !uri { uri = $2 } END { print uri }')
  [[ -n $mirror ]] || die "apt reaches no Debian mirror here"
  mkdir -p "$work"/apt/{lists/partial,archives/partial}
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
    "$mirror" "$codename" >"$work/sources.list"
  quietly "the package lists of $codename $processor could not be fetched" apt_of_target update
  rm -rf -- "$work/headers"
  mkdir -- "$work/headers"
  cd -- "$work/headers"
  quietly "the headers of $codename $processor could not be fetched" \
    apt_of_target download "libpython$python-dev" libzbar-dev "$zbar"
  for package in *.deb; do dpkg -x "$package" .; done
  cd -- "$root"
}

# compile_zbarlight FOLDER: its wheel, in the folder of wheels.
compile_zbarlight() {
  local compiler=gcc include="$work/headers/usr/include" compiled built library newest
  [[ $processor == "$(dpkg --print-architecture)" ]] || compiler=$triplet-gcc
  built=$(compgen -G "$root/.cache/wheels/zbarlight-*/zbarlight-*.whl" | head -n 1)
  [[ -n $built ]] || die "zbarlight was not built here yet: bash provisioning/setup.sh"
  library=$(find "$work/headers" -name 'libzbar.so.0' | head -n 1)
  rm -rf -- "$work/zbarlight"
  unzip -q -o "$built" -d "$work/zbarlight"
  compiled="$work/_zbarlight.cpython-${python/./}-$triplet.so"
  quietly "zbarlight could not be compiled for $processor" \
    "$compiler" -shared -fPIC -O2 -Wl,-z,relro -I"$include/python$python" -I"$include" \
    "$work/zbarlight/zbarlight/_zbarlight.c" "$library" -o "$compiled"
  newest=$(grep -aoE 'GLIBC_2\.[0-9]+' "$compiled" | sort -V | tail -n 1)
  # Debian 12's own: what was compiled on a newer system may ask for more.
  [[ $(printf '%s\n' "$newest" GLIBC_2.36 | sort -V | tail -n 1) == GLIBC_2.36 ]] ||
    die "zbarlight came out for $newest: build on Debian 12"
  "$venv/bin/python" "$here/zbarlight_wheel.py" "$built" "$compiled" "$abi-$abi-linux_$machine" "$1" >"$log"
}

needs() {
  [[ -x $venv/bin/pip ]] || die "there is no environment yet: bash provisioning/setup.sh"
  command -v unzip >/dev/null || need "unzip" unzip
  if [[ $processor == "$(dpkg --print-architecture)" ]]; then
    command -v gcc >/dev/null || need "a C compiler" gcc libc6-dev
  else
    command -v "$triplet-gcc" >/dev/null || need "a C compiler for $processor" "gcc-${triplet/_/-}" "libc6-dev-$processor-cross"
  fi
  install_missing >&2
}

# pack VERSION: puts everything where it belongs and makes the package.
pack() {
  local version=$1 tree="$work/tree" share="$work/tree/usr/share/door-kiosk" name
  mkdir -p "$tree/DEBIAN" "$share/provisioning" "$tree/usr/share/doc/door-kiosk"
  printf '%s\n' "$version" >"$share/version"
  cp -r -- "$root/systemd" "$share/"
  cp -- "$root"/provisioning/{install.sh,install-version.sh,install-service.sh,setup-debian.sh,kiosk.example.toml} \
    "$share/provisioning/"
  cp -- "$root/LICENSE" "$tree/usr/share/doc/door-kiosk/copyright"
  sed -e "s/@VERSION@/$version+deb$debian/; s/@PROCESSOR@/$processor/; s/@PYTHON@/$python/" \
    -e "s/@NEXT@/$next/; s/@ZBAR@/$zbar/" "$here/control" >"$tree/DEBIAN/control"
  install -m 755 -- "$here"/{postinst,prerm,postrm} "$tree/DEBIAN/"
  chmod -R u=rwX,go=rX "$tree"
  name="door-kiosk_$version+deb${debian}_$processor.deb"
  mkdir -p "$root/.cache/deb/made"
  quietly "dpkg-deb could not make the package" \
    dpkg-deb --build --root-owner-group -Zxz "$tree" "$root/.cache/deb/made/$name"
  printf '%s\n' "$root/.cache/deb/made/$name"
}

main() {
  local wheels="$work/tree/usr/share/door-kiosk/wheels" version
  rm -rf -- "$work/tree"
  mkdir -p -- "$wheels"
  needs
  version=$(sed -nE 's/^__version__ = "([0-9a-z.]+)"$/\1/p' "$root/kiosk/__init__.py")
  say "making the package for Debian $debian, $processor"
  fetch_wheels "$wheels"
  unpack_headers
  compile_zbarlight "$wheels"
  quietly "the kiosk's own wheel could not be made" \
    pip wheel --no-index --no-deps --no-build-isolation --wheel-dir "$wheels" "$root"
  pack "$version"
}

main
