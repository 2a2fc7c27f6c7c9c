#!/usr/bin/env bash
# From an operating system to one of the city's two servers, as a service.
#
#   sudo bash provisioning/install-server.sh ledger              install, or upgrade to what lies here
#   sudo bash provisioning/install-server.sh enrolment
#   sudo bash provisioning/install-server.sh ledger --uninstall  keeps settings, keys and data
#
# Debian 12 or 13, 64-bit. As install.sh does for a kiosk, and with its parts: each version has a folder
# of its own under /opt/kiosk-ledger (or kiosk-enrolment), and the link `current` names the one that
# runs. A new one that does not become ready is left again for the one before it. A second run changes
# nothing, and says so. Both may live on one machine.
#
# Exit codes: 0 ready; 1 refused or failed, and what ran before still runs; 3 installed, and not
# ready; 4 the new version did not become ready, and the version before runs again.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/*}
readonly installed_not_ready=3
readonly rolled_back=4

# Both would let packages of another installation pass for installed ones.
unset PYTHONPATH PYTHONHOME
umask 022

role=${1:-}
case $role in
  ledger)
    unit=kiosk-ledger@.service
    services=(kiosk-ledger@1.service)
    list=ledger
    program=kiosk-ledger
    example=ledger.example.toml
    settings=/etc/kiosk-ledger/config.toml
    imports="ledger.ingest, ledger.sources.mqtt, ledger.storage.opening, psycopg"
    ;;
  enrolment)
    unit=kiosk-enrolment.service
    services=("$unit")
    list=fleet
    program=kiosk-provision
    example=enrolment.example.env
    settings=/etc/kiosk-enrolment/environment
    imports="provisioning.cli, provisioning.fleet.serve, uvicorn"
    ;;
esac
if [[ -z ${unit:-} || $# -gt 2 || ${2:---uninstall} != --uninstall ]]; then
  printf 'usage: sudo bash provisioning/install-server.sh ledger|enrolment [--uninstall]\n' >&2
  exit 2
fi
readonly role unit list program example settings imports
readonly name=kiosk-$role
readonly home=/opt/$name
readonly cache=/var/cache/$name
readonly log="$cache/install.log"
readonly shortcut=/usr/local/bin/$program
readonly enabled=/etc/systemd/system/multi-user.target.wants
readonly fleet=/var/lib/kiosk-enrolment/fleet
readonly passphrase=/etc/credstore/enrolment.passphrase

say() { printf 'install-server: %s\n' "$1"; }

die() {
  printf 'install-server: %s\n' "$1" >&2
  exit 1
}

# The parts ask: a kiosk's package has no server in it, and a server needs nothing of a Pi's own.
is_package() { false; }
is_pi() { false; }

# --- what is refused --------------------------------------------------------

refuse_what_is_not_supported() {
  local id='' codename='' processor='' why="this needs 64-bit Debian, 12 or 13"
  ((EUID == 0)) || die "this needs root: sudo bash provisioning/install-server.sh $role"
  [[ -d $root/ledger && -f $here/requirements/$list.txt ]] ||
    die "these files are a kiosk's package: a server is installed from the sources"
  [[ ! -r /etc/os-release ]] ||
    read -r id codename < <(. /etc/os-release && echo "${ID:-?} ${VERSION_CODENAME:-?}")
  [[ $id == debian && $codename =~ ^(bookworm|trixie)$ ]] || die "$why, and this is ${id:-unknown} $codename"
  processor=$(dpkg --print-architecture)
  [[ $processor =~ ^(arm64|amd64)$ ]] || die "$why, and this system is $processor"
  [[ -d /run/systemd/system ]] || die "systemd does not run here: it starts and watches the server"
  [[ -w /opt && -w /etc ]] || die "the disk is read-only"
  # Somebody's own, made by hand: it is no version of ours, and a link of ours would hide it.
  [[ ! -e $home || -L $home/current || -z $(find "$home" -maxdepth 1 -name bin) ]] ||
    die "$home was made by hand: move it away first; settings and data stay where they are"
}

# shellcheck source-path=SCRIPTDIR source=setup-debian.sh
source "$here/setup-debian.sh"
# shellcheck source-path=SCRIPTDIR source=install-version.sh
source "$here/install-version.sh"
# shellcheck source-path=SCRIPTDIR source=install-service.sh
source "$here/install-service.sh"

# --- instead of a kiosk's own -----------------------------------------------

ensure_system() {
  if [[ -z $python ]] || ! "$python" -I -c 'import ensurepip, venv' 2>/dev/null; then
    need "Python's environments" python3-venv
  fi
  install_missing
  python=$(command -v python3)
}

install_from_index() {
  local wheels="$cache/wheels.txt"
  # A server reads no codes; all the others have wheels, and nothing of theirs is built or run.
  locked "$list" '!/^zbarlight==/' >"$wheels"
  quietly "pip could not install requirements/$list.txt" \
    pip install --require-hashes --only-binary :all: --requirement "$wheels"
  quietly "pip could not install the server itself" \
    pip install --no-index --no-deps --no-build-isolation "$root"
}

# target_of FILE: where a file of the folder systemd/ROLE goes.
target_of() {
  case $1 in
    *.service) echo "/etc/systemd/system/${1##*/}" ;;
    *.sysusers) echo "/usr/lib/sysusers.d/$name.conf" ;;
    *.tmpfiles) echo "/usr/lib/tmpfiles.d/$name.conf" ;;
  esac
}

# activate VERSION: its unit and its user take the place of those before.
activate() {
  local file
  for file in "$home/$1/systemd/$role"/*; do
    place "$file" "$(target_of "$file")" || true
  done
  if [[ $(current_version) != "$1" ]]; then
    # Replaced at once: whatever happens, one of the two versions is the current one.
    ln -sfn -- "$1" "$current.new"
    mv -T -- "$current.new" "$current"
    changed=yes
  fi
  if [[ $(readlink -- "$shortcut" || true) != "$current/venv/bin/$program" ]]; then
    ln -sfn -- "$current/venv/bin/$program" "$shortcut"
    changed=yes
  fi
  [[ -n $changed ]] || return 0
  quietly "the user could not be made" systemd-sysusers "$name.conf"
  systemctl daemon-reload
}

# --- all of it --------------------------------------------------------------

# The workers that somebody enabled; on a first run there is one.
enabled_services() {
  local link
  for link in "$enabled/${unit%.service}"*.service; do
    [[ ! -L $link ]] || printf '%s\n' "${link##*/}"
  done
}

write_settings() {
  [[ ! -e $settings ]] || return 0
  install -D -m 640 -g "$name" -- "$home/$1/$example" "$settings"
  changed=yes
  say "wrote $settings: an example, to be edited"
}

# Folders, and who may read what lies in them: also what somebody put there meanwhile.
own_files() {
  install -d -m 700 /etc/credstore
  quietly "the folders could not be made" systemd-tmpfiles --create "$name.conf"
  # A fleet that root has copied here.
  if [[ $role == enrolment && ! -L $fleet && $(stat --format=%U -- "$fleet" 2>/dev/null) == root ]]; then
    chown --recursive --no-dereference "$name:$name" -- "$fleet"
    chmod --recursive go= -- "$fleet"
    changed=yes
  fi
}

# not_ready REASON: installed, and what a person has to do now.
not_ready() {
  say "installed, but not ready: $1" >&2
  say "then: sudo systemctl restart ${services[*]}; log: journalctl -u '${unit/@/@*}'" >&2
  exit "$installed_not_ready"
}

# missing_file: what has to be there before the first start, and is not.
missing_file() {
  [[ $role == enrolment ]] || return 0
  if [[ ! -f $fleet/fleet.json ]]; then
    echo "put the fleet's folder, without root.key, at $fleet, owned by $name"
  elif [[ ! -f $passphrase ]]; then
    echo "put the issuing keys' passphrase into $passphrase, mode 600"
  fi
}

# roll_back BEFORE: the version before runs again, or nothing does.
roll_back() {
  say "the new version is not ready: back to $1" >&2
  activate "$1"
  if restart_until_ready; then
    say "not upgraded: $1 runs again" >&2
  else
    say "not upgraded, and $1 is not ready either: journalctl -u '${unit/@/@*}'" >&2
  fi
  exit "$rolled_back"
}

# upgrade_to VERSION: from what runs now, if anything does.
upgrade_to() {
  local version=$1 before='' worked='' missing service
  before=$(current_version)
  ! are_ready || worked=yes
  activate "$version"
  write_settings "$version"
  own_files
  if [[ -z $changed && -n $worked ]]; then
    say "nothing to do: $version is installed and ready"
    return
  fi
  systemctl --quiet enable "${services[@]}"
  missing=$(missing_file)
  [[ -z $missing ]] || not_ready "$missing"
  say "starting $version: ${services[*]}"
  if restart_until_ready; then
    forget_others "$version" "$before"
    for service in "${services[@]}"; do
      say "$service: $(systemctl show --value --property=StatusText "$service")"
    done
    say "ready: $version"
  elif [[ -n $worked && $before != "$version" ]]; then
    roll_back "$before"
  else
    not_ready "see the lines above, and edit $settings"
  fi
}

# uninstall: everything but settings, keys and data, and the user that owns them.
uninstall() {
  local file left=()
  systemctl --quiet disable "${services[@]}" 2>/dev/null || true
  # Those too that somebody started and did not enable.
  systemctl --quiet stop "${unit/@/@*}" 2>/dev/null || true
  for file in "/etc/systemd/system/$unit" "$shortcut" "/usr/lib/sysusers.d/$name.conf" \
    "/usr/lib/tmpfiles.d/$name.conf" "$home" "$cache"; do
    [[ ! -e $file && ! -L $file ]] || left+=("$file")
  done
  if ((!${#left[@]})); then
    say "nothing to do: no $role server is installed"
    return
  fi
  rm -rf -- "${left[@]}"
  systemctl daemon-reload
  say "removed; kept: /etc/$name and /var/lib/$name, with settings, keys and data"
}

main() {
  local version found
  refuse_what_is_not_supported
  exec 9>"/run/lock/$name-install.lock"
  flock --nonblock 9 || die "another installation is at work: try again when it has ended"
  found=$(enabled_services)
  [[ -z $found ]] || mapfile -t services <<<"$found"
  if [[ -n ${2:-} ]]; then
    uninstall
    return
  fi
  mkdir -p -- "$cache" "$home"
  ensure_system
  version=$(name_of_version)
  [[ -f $home/$version/complete ]] || make_version "$version"
  upgrade_to "$version"
}

main "$@"
