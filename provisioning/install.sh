#!/usr/bin/env bash
# From an operating system to a kiosk that is ready.
#
#   sudo bash provisioning/install.sh               install, or upgrade to what lies here
#   sudo bash provisioning/install.sh --uninstall   keeps settings, keys and outbox
#   sudo bash provisioning/install.sh --uninstall --purge   erases these too
#
# Raspberry Pi OS or Debian, 64-bit, 12 or 13. Each version has a folder of its own under
# /opt/door-kiosk, and the link `current` names the one that runs. A new one that does not become
# ready is left again for the one before it. A second run changes nothing, and says so.
#
# The Debian package runs this file too: it lies beside wheels then, and needs no network.
#
# Exit codes: 0 ready; 1 refused or failed, and what ran before still runs; 3 installed, and not
# ready; 4 the new version did not become ready, and the version before runs again.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/*}
readonly home=/opt/door-kiosk
readonly settings=/etc/kiosk/config.toml
readonly cache=/var/cache/door-kiosk
readonly shortcut=/usr/local/bin/kiosk
readonly services=(kiosk.service kiosk-eye.service)
readonly example=kiosk.example.toml
# What a whole environment can import.
readonly imports="kiosk.app.wiring, zbarlight, zxingcpp"
readonly log="$cache/install.log"
readonly installed_not_ready=3
readonly rolled_back=4

# Both would let packages of another installation pass for installed ones.
unset PYTHONPATH PYTHONHOME
umask 022

say() { printf 'install: %s\n' "$1"; }

die() {
  printf 'install: %s\n' "$1" >&2
  exit 1
}

# is_package: these files come from the Debian package.
is_package() { [[ -d $root/wheels ]]; }

is_pi() { grep -qsF 'Raspberry Pi' /proc/device-tree/model; }

# --- what is refused --------------------------------------------------------

refuse_what_is_not_supported() {
  local id='' codename='' processor='' why="this needs 64-bit Raspberry Pi OS or Debian, 12 or 13"
  ((EUID == 0)) || die "this needs root: sudo bash provisioning/install.sh"
  [[ ! -r /etc/os-release ]] ||
    read -r id codename < <(. /etc/os-release && echo "${ID:-?} ${VERSION_CODENAME:-?}")
  [[ $id == debian && $codename =~ ^(bookworm|trixie)$ ]] || die "$why, and this is ${id:-unknown} $codename"
  processor=$(dpkg --print-architecture)
  [[ $processor =~ ^(arm64|amd64)$ ]] || die "$why, and this system is $processor"
  [[ -d /run/systemd/system ]] || die "systemd does not run here: it starts and watches the kiosk"
  [[ -w /opt && -w /etc ]] ||
    die "the disk is read-only: turn its overlay off (raspi-config), install, and turn it on again"
}

refuse_two_ways_of_installing() {
  # shellcheck disable=SC2016 # dpkg-query's own variable
  if ! is_package && [[ $(dpkg-query -W -f '${db:Status-Want}' door-kiosk 2>/dev/null) == install ]]; then
    die "this kiosk is the Debian package door-kiosk: upgrade or remove it with apt"
  fi
}

# shellcheck source-path=SCRIPTDIR source=setup-debian.sh
source "$here/setup-debian.sh"
# shellcheck source-path=SCRIPTDIR source=install-version.sh
source "$here/install-version.sh"
# shellcheck source-path=SCRIPTDIR source=install-service.sh
source "$here/install-service.sh"

# --- all of it --------------------------------------------------------------

# The first settings: the example. Where there is no Pi, the pieces that need one are drawn.
write_settings() {
  [[ ! -e $settings ]] || return 0
  local from="$home/$1/$example"
  install -d -m 755 /etc/kiosk
  if is_pi; then
    install -m 640 -g kiosk-link -- "$from" "$settings"
  else
    sed 's/^kind = "picamera2"/kind = "synthetic"/; s/^pins = "lgpio"/pins = "mock"/' "$from" |
      install -m 640 -g kiosk-link /dev/stdin "$settings"
    say "this is no Pi: the camera is drawn and the pins are mock pins"
  fi
  changed=yes
  say "wrote $settings: an example, to be edited"
}

# Keys that somebody put there before the kiosk had a user become the kiosk's own.
take_key() {
  local key
  for key in /var/lib/kiosk/site.key /var/lib/kiosk/enrolled.key; do
    if [[ -f $key && ! -L $key && $(stat --format=%U -- "$key") == root ]]; then
      chown --no-dereference kiosk:kiosk -- "$key"
      chmod 600 -- "$key"
      changed=yes
    fi
  done
}

# not_ready REASON: installed, and what a person has to do now.
not_ready() {
  say "installed, but not ready: $1" >&2
  say "then: sudo systemctl restart kiosk; log: journalctl -u kiosk -u kiosk-eye" >&2
  exit "$installed_not_ready"
}

# roll_back BEFORE: the version before runs again, or nothing does.
roll_back() {
  say "the new version is not ready: back to ${1##*/}" >&2
  activate "$1"
  if restart_until_ready; then
    say "not upgraded: ${1##*/} runs again" >&2
  else
    say "not upgraded, and ${1##*/} is not ready either: journalctl -u kiosk -u kiosk-eye" >&2
  fi
  exit "$rolled_back"
}

# upgrade_to VERSION: from what runs now, if anything does.
upgrade_to() {
  local version=$1 before='' worked=''
  before=$(current_version)
  ! are_ready || worked=yes
  if [[ -n $before && $before != "$version" ]]; then
    check_settings "$version" ||
      die "not upgraded: the new version cannot use $settings (see above); ${before##*/} runs on"
  fi
  activate "$version"
  write_settings "$version"
  take_key
  if [[ -z $changed && -n $worked ]]; then
    say "nothing to do: $version is installed and ready"
    return
  fi
  check_settings "$version" || not_ready "edit $settings (see above)"
  say "starting $version"
  if restart_until_ready; then
    forget_others "$version" "$before"
    say "ready: $version"
  elif [[ -n $worked && $before != "$version" ]]; then
    roll_back "$before"
  else
    not_ready "see the lines above"
  fi
}

main() {
  local uninstall='' purge='' word
  for word in "$@"; do
    case $word in
      --uninstall) uninstall=yes ;;
      --purge) purge=yes ;;
      *) uninstall=usage ;;
    esac
  done
  if [[ $uninstall == usage || (-n $purge && -z $uninstall) ]]; then
    printf 'usage: sudo bash provisioning/install.sh [--uninstall [--purge]]\n' >&2
    exit 2
  fi
  refuse_what_is_not_supported
  refuse_two_ways_of_installing
  exec 9>/run/lock/door-kiosk-install.lock
  flock --nonblock 9 || die "another installation is at work: try again when it has ended"
  if [[ -n $uninstall ]]; then
    remove_service
    [[ -z $purge ]] || remove_what_was_kept
    return
  fi
  mkdir -p -- "$cache" "$home"
  ensure_system
  local version
  version=$(name_of_version)
  [[ -f $home/$version/complete ]] || make_version "$version"
  upgrade_to "$version"
}

main "$@"
