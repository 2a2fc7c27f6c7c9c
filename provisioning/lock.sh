#!/usr/bin/env bash
# Writes the lists in requirements/ again, from pyproject.toml and bench.in.
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

# compile LIST SOURCE OPTION...: one list, for every Python and platform that we support.
compile() {
  local list="$lists/$1.txt" source="$2"
  shift 2
  # The file that is there is uv's preference; without it every version moves.
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
    "$@" --output-file "$list" "$source"
  sed -i "1i # Made by provisioning/lock.sh from ${source##*/}. Do not edit." "$list"
  if grep -nE '://|^-' "$list"; then
    die "$list names an index or a host (see above)"
  fi
}

uv=$(find_uv)
readonly uv
cd "$root"
readonly ours=(--extra zbar --group build)
compile dev pyproject.toml "${ours[@]}" --extra ledger --extra cards --extra fleet --group dev "$@"
# The run list takes dev's versions: the tests speak for what is deployed.
compile run pyproject.toml "${ours[@]}" --constraint "$lists/dev.txt" "$@"
# What the receiving end runs on: no zbar, and what it stores with.
compile ledger pyproject.toml --extra ledger --group build --constraint "$lists/dev.txt" "$@"
# What a ward's clerk issues and prints cards with: no zbar, no broker, no compiler.
compile cards pyproject.toml --extra cards --group build --constraint "$lists/dev.txt" "$@"
# What a technician enrols kiosks with, and prints their labels.
compile fleet pyproject.toml --extra fleet --extra cards --group build \
  --constraint "$lists/dev.txt" "$@"
# The peers of the benchmarks. bench.in names all that they need; one of them asks for far more.
compile bench "$lists/bench.in" --no-deps "$@"
