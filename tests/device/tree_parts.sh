# shellcheck shell=bash
# What the scripts of this tier share: this machine's own mirror and index, what they need of it, and
# trees that are made once. Sourced.
#
# Uses of who sources it: $root, $cache, $log; and, for made_once, its function make_tree FOLDER.
: "${root:?who sources this sets it}" "${cache:?who sources this sets it}" "${log:?who sources this sets it}"

readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Standard output is the answer and nothing else.
say() { printf 'device: %s\n' "$1" >&2; }

die() {
  printf 'device: FAILED: %s\n' "$1" >&2
  exit 1
}

# shellcheck source-path=SCRIPTDIR source=../../provisioning/setup-debian.sh
source "$root/provisioning/setup-debian.sh"

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

# Prints the mirror, or ends.
sure_mirror() {
  local from
  from=$(mirror)
  if [[ -z $from ]]; then
    # apt tells only of mirrors whose lists it has; a fresh system has none.
    refresh_lists
    from=$(mirror)
  fi
  [[ -n $from ]] || die "apt reaches no Debian mirror here: this tier needs a Debian and its packages"
  printf '%s\n' "$from"
}

# has COMMAND...: all of them are there.
has() {
  local command
  for command in "$@"; do command -v "$command" >/dev/null || return 1; done
}

# What trees are made and machines are booted with.
host_needs() {
  has mmdebstrap || need "mmdebstrap, which makes the tree" mmdebstrap
  [[ -f $keyring ]] || need "Debian's keys" debian-archive-keyring
  has systemd-nspawn || need "what boots a machine" systemd-container
  install_missing
}

# The same, and what the virtual Pi needs: asked for once, before the long part.
pi_needs() {
  has gcc make patch flex bison bc || need "what compiles a kernel" build-essential patch flex bison bc
  has mke2fs dumpe2fs || need "what makes a disk of a tree" e2fsprogs
  has dtc || need "what makes a Pi's device tree" device-tree-compiler
  host_needs
}

# debian FOLDER CODENAME PACKAGES OPTION...: a small Debian with these packages (a list with commas) and
# those that they cannot do without, from this machine's mirror; OPTIONs are mmdebstrap's.
# $libcamera_suite, where it is set, is where libcamera comes from.
debian() {
  local folder=$1 name=$2 contents=$3 from line options=()
  shift 3
  from=$(sure_mirror)
  while IFS= read -r line; do options+=(--aptopt="$line"); done < <(apt_options)
  set -- "$@" --include="$contents" "$name" "$folder" "deb [signed-by=$keyring] $from $name main"
  if [[ -n ${libcamera_suite:-} ]]; then
    # shellcheck disable=SC2016 # mmdebstrap's own $1
    options+=(--setup-hook="mkdir -p \"\$1/etc/apt/preferences.d\"
      printf 'Package: src:libcamera\nPin: release n=%s\nPin-Priority: 600\n' $libcamera_suite \
        >\"\$1/etc/apt/preferences.d/libcamera\"")
    set -- "$@" "deb [signed-by=$keyring] $from $libcamera_suite main"
  fi
  # A tree whose making is cut off is made again: nothing has to wait for the disk.
  quietly "mmdebstrap could not make a Debian $name" \
    unshare --mount --pid --fork --kill-child --mount-proc \
    mmdebstrap --variant=minbase --mode=root --format=directory \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' "${options[@]}" \
    --dpkgopt='force-unsafe-io' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' "$@"
}

# anonymous TREE NAME: nothing of this machine's apt is left in it, and it has a name of its own.
anonymous() {
  rm -rf -- "$1"/etc/apt/{sources.list,sources.list.d/*,apt.conf.d/99mmdebstrap}
  : >"$1/etc/machine-id"
  echo "$2" >"$1/etc/hostname"
}

# hold FOLDER: nobody removes the tree in it while this process lives.
hold() {
  local held
  exec {held}<"${1%%/root*}/lock"
  flock --shared "$held"
}

# tidy FOLDER: removes trees of other inputs, unless somebody is in one: who enters holds its lock.
tidy() {
  local other
  for other in "${1%/*}"/*/; do
    if [[ $other != "$1/" && -f $other/lock ]]; then
      flock --nonblock "$other/lock" rm -rf -- "$other" || true
    fi
  done
}

# made_once FOLDER: prints where its tree is, and makes it where there is none.
made_once() {
  local folder=$1
  if [[ ! -f $folder/ready ]]; then
    ((EUID == 0)) || die "making the tree needs root"
    mkdir -p -- "$folder" || die "there is no room for the tree at $cache; see DEVICE_CACHE"
    # Two runs at once must not make one tree together.
    exec 9>"$folder/lock"
    flock 9
    if [[ ! -f $folder/ready ]]; then
      rm -rf -- "$folder/root"
      make_tree "$folder/root"
      touch "$folder/ready"
      tidy "$folder"
      say "ready: $folder/root"
    fi
    exec 9>&-
  fi
  printf '%s\n' "$folder/root"
}
