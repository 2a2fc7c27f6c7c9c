#!/usr/bin/env bash
# Builds the virtual Pi's kernel from Debian's own kernel source, as User Mode Linux: a Linux that
# is an ordinary program and needs neither a virtual machine nor modules. Prints where it is.
#
#   bash tests/device/pi/build_kernel.sh
#
# Made once, like the trees (see build_tree.sh), and named after everything that it is made of. The
# source comes from the mirror of this machine's apt and is removed afterwards.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device/pi}
cache=$(realpath -m -- "${DEVICE_CACHE:-$root/.cache/device}")/kernel
readonly cache
readonly log="$cache/build.log"
# The kernel of Debian 13.
readonly suite=trixie source_package=linux-source-6.12

# shellcheck source-path=SCRIPTDIR source=../tree_parts.sh
source "$here/../tree_parts.sh"

# Prints, in one word, everything that the kernel depends on.
key() {
  {
    dpkg --print-architecture
    sha256sum <"$here/kernel.config"
    sha256sum <"$here/kernel.patch"
    sha256sum <"$here/build_kernel.sh"
  } | sha256sum | cut -c 1-16
}

# fetch_source FOLDER: unpacks the source package there and mends it.
fetch_source() {
  local from options=()
  from=$(sure_mirror)
  while IFS= read -r line; do options+=(--aptopt="$line"); done < <(apt_options)
  say "fetching the kernel's source"
  quietly "the kernel's source could not be fetched" \
    mmdebstrap --variant=extract --mode=root --format=directory \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    "${options[@]}" --include="$source_package" "$suite" "$1/package" \
    "deb [signed-by=$keyring] $from $suite main"
  mkdir -- "$1/source"
  # Without most of what is for other machines; what configures the kernel (Kconfig) is read all the same.
  quietly "the kernel's source could not be unpacked" \
    tar -C "$1/source" --strip-components=1 --wildcards --exclude='*/arch/arm*/boot/dts/*' --exclude='*/Documentation/*.rst' \
    --exclude='*/drivers/gpu/*.[ch]' --exclude='*/drivers/net/*/*.[ch]' --exclude='*/drivers/media/*.[ch]' \
    --exclude='*/sound/*.[ch]' --exclude='*/tools/testing/*' \
    -xf "$1/package/usr/src/$source_package.tar.xz"
  rm -rf -- "$1/package"
  quietly "kernel.patch does not fit the kernel's source" \
    patch --directory="$1/source" --strip=1 --forward --input="$here/kernel.patch"
}

# configure FOLDER: what kernel.config names, and nothing that it does not need.
configure() {
  local option
  quietly "the kernel could not be configured" \
    make -C "$1/source" ARCH=um O="$1/build" KCONFIG_ALLCONFIG="$here/kernel.config" allnoconfig
  while IFS= read -r option; do
    grep -qxF -- "$option" "$1/build/.config" || die "the kernel cannot have $option"
  done < <(grep '^CONFIG_' "$here/kernel.config")
}

make_tree() {
  local work="$1/work"
  pi_needs
  mkdir -p -- "$work/build"
  fetch_source "$work"
  configure "$work"
  say "building the kernel: 4 minutes on two cores"
  quietly "the kernel could not be built" \
    nice -n 10 make -C "$work/source" ARCH=um O="$work/build" -j"$(nproc)" linux
  strip -o "$1/linux" "$work/build/linux"
  rm -rf -- "$work"
}

# Not inside printf, which would end well whatever happened.
made=$(made_once "$cache/$(key)")
printf '%s/linux\n' "$made"
