# shellcheck shell=bash
# Debian packages, for setup.sh and others that source this file: find what the system
# lacks, and install it without starting anything, and without a word unless it fails.
#
# Uses of theirs: die, say, $log.
: "${log:?who sources this sets it}"

# quietly REASON COMMAND...: no output when it succeeds, its last lines when it fails.
quietly() {
  local reason=$1
  shift
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 15 -- "$log" >&2
    die "$reason"
  fi
}

# Prints the path of zbar's library, or nothing.
zbar_library() { ldconfig -p | awk '$1 == "libzbar.so.0" && !path { path = $NF } END { print path }'; }

has_zbar() { [[ -n $(zbar_library) ]]; }

has_broker() { command -v mosquitto >/dev/null; }

# has_tracer MODE: only the checks trace anything, a kiosk does not.
has_tracer() { [[ $1 != dev ]] || command -v strace >/dev/null; }

# has_database MODE: only the ledger's checks start one; Debian keeps it off everybody's PATH.
has_database() {
  [[ $1 != dev ]] || compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null ||
    command -v initdb >/dev/null
}

# Runs as root, in a shell of its own (see apt_install): installs Debian packages.
root_install() {
  set -euo pipefail
  local policy=/usr/sbin/policy-rc.d mark="# door-kiosk: temporary"
  if [[ " $* " == *" mosquitto "* || " $* " == *" postgresql "* ]]; then
    # Debian starts a broker for the whole system as it installs one. Exit code
    # 101 of this file is Debian's way to say no. A file of somebody else's stays;
    # one of ours is left over from a run that was killed.
    if [[ ! -e $policy ]] || grep -qsF "$mark" "$policy"; then
      trap 'rm -f /usr/sbin/policy-rc.d' EXIT
      printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
      chmod 755 "$policy"
    fi
  fi
  local install=(apt-get install --yes --quiet --no-install-recommends
    -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold)
  export DEBIAN_FRONTEND=noninteractive
  if [[ " $* " == *" postgresql "* ]]; then
    # A server's package makes a database of the whole system, which would start
    # at the next boot and hold port 5432. This file of the part below it says no.
    "${install[@]}" postgresql-common
    sed -Ei 's/^#? ?create_main_cluster *=.*/create_main_cluster = false/' \
      /etc/postgresql-common/createcluster.conf
  fi
  "${install[@]}" "$@"
  if [[ " $* " == *" mosquitto "* ]]; then
    # It would start at the next boot. The link is what systemctl removes; without
    # systemctl (a container) it would lie there for the day when systemd arrives.
    systemctl disable mosquitto ||
      rm -f /etc/systemd/system/multi-user.target.wants/mosquitto.service
  fi
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo "$@"
  fi
}

lists_are_fresh=
refresh_lists() {
  [[ -z $lists_are_fresh ]] || return 0
  lists_are_fresh=yes
  # One unreachable source of many is no reason to stop: installing will tell.
  as_root apt-get update --quiet -o DPkg::Lock::Timeout=300 >"$log" 2>&1 </dev/null ||
    say "warning: apt-get update did not fully succeed"
}

# apt_install PACKAGE...
apt_install() {
  command -v apt-get >/dev/null ||
    die "this is not Debian: install by other means what Debian calls: $*"
  ((EUID == 0)) || command -v sudo >/dev/null ||
    die "there is no sudo: run once as root: apt-get install --no-install-recommends $*"
  refresh_lists
  local packages=("$@")
  if [[ " $* " == *" libzbar0 "* ]] && apt-cache show libzbar0t64 >/dev/null 2>&1; then
    # Debian 13's name for the same library.
    packages=("${packages[@]/#libzbar0/libzbar0t64}")
  fi
  say "installing Debian packages: ${packages[*]}"
  # The functions of this shell do not exist in root's: it is handed the text.
  quietly "apt-get could not install ${packages[*]}" \
    as_root bash -c "$(declare -f root_install); root_install \"\$@\"" setup "${packages[@]}"
}

missing=()
# need WHAT PACKAGE...: notes what the system lacks, and who provides it.
need() {
  say "missing: $1"
  missing+=("${@:2}")
}

# Installs everything that was noted, at once: one question for a password, and
# one complete answer for who has to ask somebody else.
install_missing() {
  ((${#missing[@]})) || return 0
  apt_install "${missing[@]}"
  if [[ " ${missing[*]} " == *" mosquitto "* ]]; then
    say "mosquitto's system service is left off: the demo and the tests start their own"
  fi
  missing=()
}
