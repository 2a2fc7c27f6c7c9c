#!/usr/bin/env bash
# Builds the device tree: a Debian 13 with Python 3.13, libcamera, picamera2 and the
# kiosk's own environment, to be entered with enter.sh. Prints where it is.
#
#   bash tests/device/build_tree.sh
#
#   KIOSK_DEVICE_CACHE=folder   keep trees there; otherwise in .cache/device
#
# A tree is named after everything it was made from, so a second run with the same
# inputs finds it. One that another input has made useless is removed.
#
# The mirror is the one that this machine's apt uses; no source is added to it. The
# resolver, the certificates and pip's index of this machine are borrowed while
# packages are fetched, and none of them is in the finished tree.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/tests/device}
cache=$(realpath -m -- "${KIOSK_DEVICE_CACHE:-$root/.cache/device}")
readonly cache
readonly suite=trixie
# trixie's own libcamera 0.4 is older than what picamera2 0.3.38 was made for.
readonly libcamera_suite=trixie-backports
readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg
readonly log="$cache/build.log"

# Standard output is the answer and nothing else.
say() { printf 'device: %s\n' "$1" >&2; }

die() {
  printf 'device: FAILED: %s\n' "$1" >&2
  exit 1
}

# quietly REASON COMMAND...: no output when it succeeds, its last lines when it fails.
quietly() {
  local reason=$1
  shift
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 15 -- "$log" >&2
    die "$reason"
  fi
}

# shellcheck source-path=SCRIPTDIR source=../../provisioning/setup-debian.sh
source "$root/provisioning/setup-debian.sh"

packages() { sed -nE 's/^([a-z0-9][^:]*):.*/\1/p' "$here/packages.txt"; }

# Prints, in one word, everything that the tree depends on.
key() {
  (
    cd -- "$root"
    dpkg --print-architecture
    sha256sum tests/device/{build_tree.sh,install.sh,packages.txt,requirements.txt} \
      provisioning/setup*.sh provisioning/requirements/dev.txt pyproject.toml
  ) | sha256sum | cut -c 1-16
}

# Prints the mirror of this machine's own Debian, the one that its apt uses.
mirror() {
  local codename
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016 # apt-get's own variables
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="$codename" '$1 == release && $2 == "main" && !uri { uri = $3 } END { print uri }'
}

# Prints this machine's settings for fetching packages, as apt options: a proxy, above all.
apt_options() {
  apt-config dump --format '%F "%v";%n' Acquire::http Acquire::https Acquire::Check-Valid-Until \
    Acquire::Check-Date | grep -v ' "";$' || true
}

# Prints this machine's settings for pip, one NAME=VALUE a line. What lies in a folder
# of this machine is left out: the tree does not see it.
pip_settings() {
  { python3 -m pip config list 2>/dev/null || true; } |
    sed -nE "s/^[a-z:]+\.((extra-)?index-url|trusted-host|proxy|(default-)?timeout)='(.*)'$/\1=\4/p" |
    while IFS='=' read -r name value; do
      [[ $value == *file:* ]] || printf 'PIP_%s=%s\n' "$(tr a-z- A-Z_ <<<"$name")" "$value"
    done
}

host_needs() {
  [[ -x $(command -v mmdebstrap) ]] || need "mmdebstrap, which makes the tree" mmdebstrap
  [[ -f $keyring ]] || need "Debian's keys" debian-archive-keyring
  install_missing
}

# bootstrap TREE: Debian itself.
bootstrap() {
  local from options=()
  from=$(mirror)
  if [[ -z $from ]]; then
    # apt tells only of mirrors whose lists it has; a fresh system has none.
    refresh_lists
    from=$(mirror)
  fi
  [[ -n $from ]] || die "apt reaches no Debian mirror here: this tier needs a Debian and its packages"
  while IFS= read -r line; do options+=(--aptopt="$line"); done < <(apt_options)
  say "making a Debian 13 tree"
  # The lists stay until install.sh has used them.
  quietly "mmdebstrap could not make the tree" \
    unshare --mount --pid --fork --kill-child --mount-proc \
    mmdebstrap --variant=minbase --mode=root --format=directory --skip=cleanup/apt/lists \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    "${options[@]}" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --setup-hook="mkdir -p \"\$1/etc/apt/preferences.d\"
      printf 'Package: src:libcamera\nPin: release n=%s\nPin-Priority: 600\n' $libcamera_suite \
        >\"\$1/etc/apt/preferences.d/libcamera\"" \
    --include="$(packages | paste -sd ,)" "$suite" "$1" \
    "deb [signed-by=$keyring] $from $suite main" \
    "deb [signed-by=$keyring] $from $libcamera_suite main"
}

# install TREE: the kiosk's environment, in a namespace whose mounts end with it.
install() {
  local settings
  mkdir -p -- "$1/src/kiosk"
  cp -r -- "$root"/{pyproject.toml,README.md,LICENSE,kiosk,ledger,provisioning} "$1/src/kiosk/"
  cp -- "$here/requirements.txt" "$here/install.sh" "$1/src/kiosk/"
  mapfile -t settings < <(pip_settings)
  say "installing the Python packages"
  # shellcheck disable=SC2016 # the inner shell's own
  quietly "the Python packages could not be installed" \
    unshare --mount --pid --fork --kill-child bash -euc '
      tree=$1
      shift
      mount -t proc proc "$tree/proc"
      mount --bind /etc/ssl/certs "$tree/etc/ssl/certs"
      touch "$tree/etc/resolv.conf" "$tree/etc/hosts"
      mount --bind /etc/resolv.conf "$tree/etc/resolv.conf"
      mount --bind /etc/hosts "$tree/etc/hosts"
      chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        "$@" bash /src/kiosk/install.sh' \
    install "$1" "${settings[@]}" ${https_proxy:+https_proxy="$https_proxy"}
}

# forget TREE: nothing of this machine, and nothing that was needed for building only.
forget() {
  rm -rf -- "$1"/src/kiosk/{*,.[!.]*} "$1"/etc/apt/{sources.list,sources.list.d/*,apt.conf.d/*} \
    "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/log/*
  : >"$1/etc/resolv.conf"
  printf '127.0.0.1 localhost\n' >"$1/etc/hosts"
  echo device >"$1/etc/hostname"
}

# Removes trees of other inputs, unless somebody is in one: enter.sh holds its lock.
tidy() {
  local other
  for other in "$cache"/*/; do
    if [[ $other != "$1/" && -f $other/lock ]]; then
      flock --nonblock "$other/lock" rm -rf -- "$other" || true
    fi
  done
}

main() {
  local home
  home="$cache/$(key)"
  if [[ ! -f $home/ready ]]; then
    ((EUID == 0)) || die "making the tree needs root"
    mkdir -p -- "$home" || die "there is no room for the tree at $cache; see KIOSK_DEVICE_CACHE"
    # Two runs at once must not make one tree together.
    exec 9>"$home/lock"
    flock 9
    if [[ ! -f $home/ready ]]; then
      rm -rf -- "$home/root"
      host_needs
      bootstrap "$home/root"
      install "$home/root"
      forget "$home/root"
      touch "$home/ready"
      tidy "$home"
      say "ready: $home/root"
    fi
    exec 9>&-
  fi
  printf '%s\n' "$home/root"
}

main
