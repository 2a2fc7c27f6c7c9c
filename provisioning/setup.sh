#!/usr/bin/env bash
# From a clean Debian machine to a virtual environment in which the kiosk runs.
#
#   bash provisioning/setup.sh [run|dev|cards|fleet]
#
# run: what the kiosk needs (the default); dev: that and the tools for checking it;
# cards: what a ward's clerk issues and prints cards with, and nothing of a kiosk;
# fleet: what a technician enrols kiosks with, prints their labels and runs a broker with.
# It installs what is missing and nothing else, says so in one line each, and
# does nothing on a second call.
#
#   PYTHON=python3.13   use this Python; otherwise the first one that is new enough
#   VENV=folder         make the environment there; otherwise in .venv
#
# picamera2 and lgpio are not its business: a Pi takes them from its own system.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/*}
readonly cache="$root/.cache"
readonly log="$cache/setup.log"
venv=$(realpath -m -- "${VENV:-$root/.venv}")
readonly venv
readonly stamp="$venv/kiosk-setup"

# Both would let packages of another installation pass for installed ones.
unset PYTHONPATH PYTHONHOME
# Debian keeps ldconfig and mosquitto where only root's PATH looks.
export PATH="$PATH:/usr/sbin:/sbin"

say() { printf 'setup: %s\n' "$1"; }

die() {
  printf 'setup: %s\n' "$1" >&2
  exit 1
}

# shellcheck source-path=SCRIPTDIR source=setup-debian.sh
source "$here/setup-debian.sh"
# shellcheck source-path=SCRIPTDIR source=setup-zbarlight.sh
source "$here/setup-zbarlight.sh"

# --- Python -----------------------------------------------------------------

is_new_enough() { "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# Prints version and installation: "3.11 /usr", for an environment those of its base.
identify() { "$1" -I -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.base_prefix)'; }

# Prints the Python to use. An environment that is there keeps its own, so that
# PYTHON has to be given once only.
choose_python() {
  local candidate
  if [[ -n ${PYTHON:-} ]]; then
    is_new_enough "$PYTHON" || die "PYTHON=$PYTHON does not run, or is older than Python 3.11"
    printf '%s\n' "$PYTHON"
    return
  fi
  for candidate in "$venv/bin/python" python3 python3.13 python3.12 python3.11; do
    if is_new_enough "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  die "no Python 3.11 or newer here: install python3, or name one with PYTHON=/path/to/python"
}

# --- the environment --------------------------------------------------------

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }

# True for an environment of this very Python that has pip and was not moved:
# its commands name its folder in their first lines.
is_healthy() {
  [[ -f $venv/bin/pip ]] &&
    head -n 2 -- "$venv/bin/pip" | grep -qF -- "$venv/bin/python" &&
    "$venv/bin/python" -I -c 'import pip' 2>/dev/null &&
    [[ $(identify "$venv/bin/python") == "$(identify "$python")" ]]
}

can_make_venv() { "$python" -I -c 'import ensurepip, venv' 2>/dev/null; }

make_venv() {
  # --clear empties the folder, so it has to be an environment already.
  if [[ -e $venv && ! -f $venv/pyvenv.cfg && -n $(ls -A -- "$venv") ]]; then
    die "$venv is there and is no virtual environment: move it away, or set VENV"
  fi
  local version=$1 base
  say "making a virtual environment for Python $version: $venv"
  # Not $python itself: it may lie in the environment that is about to be emptied.
  base=$("$python" -I -c 'import sys; print(sys._base_executable)')
  quietly "Python $version ($base) cannot make a virtual environment" \
    "$base" -m venv --clear "$venv"
}

# locked LIST AWK-CONDITION: the requirements, hashes included, that satisfy it.
locked() { awk "/^[^ #]/ { wanted = $2 } wanted" "$here/requirements/$1.txt"; }

install_packages() {
  local list="$cache/$1-wheels.txt"
  # zbarlight has no wheels and comes apart; all the others have, and nothing
  # of theirs is built or run while it is being installed.
  locked "$1" '!/^zbarlight==/' >"$list"
  say "installing the Python packages of requirements/$1.txt"
  quietly "pip could not install requirements/$1.txt" \
    pip install --require-hashes --only-binary :all: --requirement "$list"
}

install_project() {
  # Needs no network: hatchling has just come from the hashed list.
  quietly "pip could not install the project itself" \
    pip install --no-index --no-deps --no-build-isolation --editable "$root"
}

# verify MODE
verify() {
  local imports='import kiosk, ledger, zbarlight, zxingcpp'
  [[ $1 != cards ]] || imports='import provisioning.cards.printing, provisioning.poster.layout'
  [[ $1 != fleet ]] || imports='import provisioning.fleet.labels, provisioning.fleet.serve'
  quietly "the environment does not work: an import fails" "$venv/bin/python" -I -c "$imports"
  [[ -x $venv/bin/kiosk ]] || die "the environment does not work: it has no command kiosk"
}

# is_office MODE: a clerk's or a technician's machine reads no codes.
is_office() { [[ $1 == cards || $1 == fleet ]]; }

# has_readers MODE: a technician runs a broker, and a clerk needs none.
has_readers() {
  case $1 in
    cards) ;;
    fleet) has_broker ;;
    *) has_zbar && has_broker ;;
  esac
}

# --- all of it --------------------------------------------------------------

# Prints, in one word, everything that the environment depends on.
key() {
  {
    printf '%s\n' "$venv" "$root"
    identify "$python"
    cat -- "$here"/setup*.sh "$here"/requirements/*.txt "$root/pyproject.toml"
  } | sha256sum | cut -d ' ' -f 1
}

# is_done MODE: true when an earlier run has done all of it. dev includes run.
is_done() {
  local done_mode='' done_key=''
  [[ -f $stamp && -x $venv/bin/kiosk ]] && is_new_enough "$venv/bin/python" || return 1
  read -r done_mode done_key <"$stamp" || return 1
  [[ $done_mode == "$1" || $done_mode == dev ]] && [[ $done_key == "$(key)" ]] &&
    [[ $(identify "$venv/bin/python") == "$(identify "$python")" ]] &&
    has_readers "$1" && has_tracer "$1" && has_database "$1"
}

# ensure_system VERSION MODE: the Debian packages that all the rest needs.
ensure_system() {
  is_healthy || can_make_venv || need "venv and pip for Python $1" "python$1-venv"
  if is_office "$2"; then
    has_readers "$2" || need "mosquitto, the broker" mosquitto
    install_missing
    return
  fi
  has_zbar || need "the zbar library, for the decoder zbarlight" libzbar0
  has_broker || need "mosquitto, the broker of the demo and the tests" mosquitto
  has_tracer "$2" || need "strace, which records the outbox's writes for modelled power cuts" strace
  has_database "$2" || need "PostgreSQL, for the ledger's checks" postgresql
  zbarlight_works || [[ -d $(zbarlight_wheels) ]] || need_compiler "$1"
  install_missing
}

set_up() {
  local mode=$1 version
  version=$(identify "$python")
  version=${version%% *}
  rm -f -- "$stamp"
  ensure_system "$version" "$mode"
  is_healthy || make_venv "$version"
  install_packages "$mode"
  is_office "$mode" || ensure_zbarlight "$version"
  install_project
  verify "$mode"
  printf '%s %s\n' "$mode" "$(key)" >"$stamp"
  say "ready: $venv"
}

main() {
  local mode=${1:-run}
  if (($# > 1)) || [[ ! $mode =~ ^(run|dev|cards|fleet)$ ]]; then
    printf 'usage: bash provisioning/setup.sh [run|dev|cards|fleet]\n' >&2
    exit 2
  fi
  python=$(choose_python)
  readonly python
  if is_done "$mode"; then
    return
  fi
  mkdir -p -- "$cache"
  # Two checks started at once must not build one environment together.
  exec 9>"$cache/setup.lock"
  if ! flock --nonblock 9; then
    say "another setup is at work here: waiting for it"
    flock 9
  fi
  is_done "$mode" || set_up "$mode"
}

main "$@"
