#!/usr/bin/env bash
# Makes the virtual environment of the benchmarks: the kiosk as it is deployed, and its peers.
#
#   bash benchmarks/setup.sh
#
#   VENV=folder   make it there; otherwise in .venv-bench
#
# The readers that the kiosk is compared with live here and nowhere else: none of them is needed
# at a door. One that cannot be built is left out with a line; the benchmark says that it is missing.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/*}
readonly list="$root/provisioning/requirements/bench.txt"
readonly log="$root/.cache/setup-bench.log"
venv=$(realpath -m -- "${VENV:-$root/.venv-bench}")
readonly venv
readonly stamp="$venv/kiosk-setup-bench"

say() { printf 'setup-bench: %s\n' "$1"; }

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }

# part AWK-CONDITION: the requirements, hashes included, that satisfy it.
part() { awk "/^[^ #]/ { wanted = $1 } wanted" "$list"; }

# attempt WHAT COMMAND...: true when it succeeds; its last lines and a notice when it does not.
attempt() {
  local what=$1
  shift
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 15 -- "$log" >&2
    say "$what"
    return 1
  fi
}

# install_quirc: the one peer without wheels. cmake and ninja come from the same list.
install_quirc() {
  part '/^pyquirc==/' >"$root/.cache/bench-source.txt"
  PATH="$venv/bin:$PATH" attempt "pyquirc cannot be built here (it needs g++): left out" \
    pip install --require-hashes --no-deps --no-binary pyquirc --no-build-isolation \
    --use-pep517 --requirement "$root/.cache/bench-source.txt" || true
}

main() {
  local key
  VENV=$venv bash "$root/provisioning/setup.sh" run
  key=$(cat -- "$list" "$here/setup.sh" "$venv/kiosk-setup" | sha256sum | cut -d ' ' -f 1)
  if [[ -f $stamp && $(<"$stamp") == "$key" ]]; then
    return
  fi
  part '!/^pyquirc==/' >"$root/.cache/bench-wheels.txt"
  say "installing the other readers"
  attempt "the packages of requirements/bench.txt could not be installed" \
    pip install --require-hashes --no-deps --only-binary :all: \
    --requirement "$root/.cache/bench-wheels.txt"
  install_quirc
  printf '%s\n' "$key" >"$stamp"
  say "ready: $venv/bin/python -m benchmarks.eye --help"
}

main
