#!/usr/bin/env bash
# Writes requirements/run.txt and requirements/dev.txt again from pyproject.toml.
#
#   bash provisioning/lock.sh             keep every version that still fits
#   bash provisioning/lock.sh --upgrade   take the newest ones (other options go to uv as well)
#
# The lists name versions and hashes, never where to fetch them from: that is
# for the pip configuration of each machine. A lock file would name the host.
set -euo pipefail
# Without it a failure inside $(...) goes unseen.
shopt -s inherit_errexit

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly lists="provisioning/requirements"

die() {
  printf 'lock: %s\n' "$1" >&2
  exit 1
}

# Prints the path of a uv; fetches one into .cache when the machine has none.
find_uv() {
  local own="$root/.cache/uv"
  if command -v uv; then
    return
  fi
  if [[ ! -x $own/bin/uv ]]; then
    python3 -m venv --clear "$own" >&2
    "$own/bin/python" -m pip install --quiet --disable-pip-version-check uv >&2
  fi
  printf '%s\n' "$own/bin/uv"
}

# compile LIST OPTION...: one list, for every Python and platform that we support.
compile() {
  local list="$lists/$1.txt"
  shift
  # The file that is there is uv's preference; without it every version moves.
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
    --extra zbar --group build "$@" --output-file "$list" pyproject.toml
  sed -i '1i # Made by provisioning/lock.sh from pyproject.toml. Do not edit.' "$list"
  if grep -nE '://|^-' "$list"; then
    die "$list names an index or a host (see above)"
  fi
}

uv=$(find_uv)
readonly uv
cd "$root"
compile dev --group dev "$@"
# The run list takes dev's versions: the tests speak for what is deployed.
compile run --constraint "$lists/dev.txt" "$@"
