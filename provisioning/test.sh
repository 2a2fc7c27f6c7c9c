#!/usr/bin/env bash
# Runs every check of this repository, and says at the end which ones passed.
#
#   bash provisioning/test.sh [options for pytest]
#   bash provisioning/test.sh --device        the device tier alone: docs/explanation/device-tier.md
#   bash provisioning/test.sh --device 12     of it, what installs, on Debian 12: for every night
#   bash provisioning/test.sh --python 3.13   the whole suite on Debian 13's Python: for every night;
#                                             with --sample a part of it, in a minute
#   bash provisioning/test.sh --arm64 [12]    our package on a system for ARM, by emulation: the same
#
# One red check does not hide the next one: all of them run.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly root=${here%/*}

case ${1:-} in
  --device) exec bash "$root/tests/device/run.sh" "${@:2}" ;;
  --python) exec bash "$root/tests/device/suite.sh" "${@:2}" ;;
  --arm64) exec bash "$root/tests/device/arm64/run.sh" "${@:2}" ;;
esac

names=()
verdicts=()
failures=0

# check NAME COMMAND...: runs it under a heading and remembers how it ended.
check() {
  local name=$1 verdict=passed started=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if ! "$@" </dev/null; then
    verdict=FAILED
    failures=$((failures + 1))
  fi
  names+=("$name")
  verdicts+=("$verdict $((SECONDS - started)) s")
}

summary() {
  local i
  printf '\n== summary\n'
  for i in "${!names[@]}"; do
    printf '  %-24s %s\n' "${names[i]}" "${verdicts[i]}"
  done
}

# A check may catch Ctrl-C itself; without this the next one would start.
trap 'exit 130' INT

bash "$here/setup.sh" dev
# An absolute path: the checks run in the root, VENV is relative to the caller.
venv=$(cd -- "${VENV:-$root/.venv}" && pwd)
readonly bin="$venv/bin"
# Debian keeps mosquitto where only root's PATH looks.
export PATH="$PATH:/usr/sbin:/sbin"
unset PYTHONPATH PYTHONHOME
cd "$root"

check "ruff check" "$bin/ruff" check .
check "ruff format --check" "$bin/ruff" format --check .
check "mypy" "$bin/mypy"
check "lint-imports" "$bin/lint-imports"
check "docs.generate --check" "$bin/python" -m docs.generate --check
# Random order is pytest-randomly's default. No test at all is exit code 5: a failure.
check "pytest" "$bin/pytest" -n auto "$@"

summary
((failures == 0))
