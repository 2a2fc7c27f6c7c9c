# shellcheck shell=bash
# One version in a folder of its own, for install.sh and install-server.sh, which source this file: the
# environment, and the files that go elsewhere when the version is made the current one.
#
# Uses of install.sh: say, die, is_package, is_pi, $root, $here, $home, $cache, $log, $example,
# $imports;
# of setup-debian.sh: need, install_missing, has_zbar.
: "${home:?install.sh sets it}" "${root:?install.sh sets it}" "${cache:?install.sh sets it}"

python=$(command -v python3 || true)
# The folder's environment; make_version sets it.
venv=
# What setup-zbarlight.sh reads. Only the source needs that file: the package holds a wheel.
if ! is_package; then
  venv=$home
  # shellcheck source-path=SCRIPTDIR source=setup-zbarlight.sh
  source "$root/provisioning/setup-zbarlight.sh"
fi

pip() { PIP_ROOT_USER_ACTION=ignore "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }

# locked LIST AWK-CONDITION: the requirements, hashes included, that satisfy it.
locked() { awk "/^[^ #]/ { wanted = $2 } wanted" "$here/requirements/$1.txt"; }

python_version() { "$python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

# system_has MODULE: apt's Python packages have it.
system_has() { "$python" -I -c "import importlib.util, sys; sys.exit(not importlib.util.find_spec('$1'))"; }

# ensure_system: the Debian packages that all the rest needs. The Debian package depends on them.
ensure_system() {
  if is_package; then
    return
  fi
  if [[ -z $python ]] || ! "$python" -I -c 'import ensurepip, venv' 2>/dev/null; then
    need "Python's environments" python3-venv
  fi
  has_zbar || need "the zbar library, for the decoder zbarlight" libzbar0
  install_missing
  python=$(command -v python3)
  if is_pi; then
    system_has picamera2 || need "the Pi's camera" python3-picamera2
    system_has lgpio || need "the Pi's pins" python3-lgpio
  fi
  [[ -d $(zbarlight_wheels) ]] || need_compiler "$(python_version)"
  install_missing
}

# Prints a name for what lies here: the version, and eight digits of everything that it is made of.
name_of_version() {
  local version digest parts=(kiosk ledger provisioning systemd pyproject.toml README.md LICENSE)
  ! is_package || parts=(wheels provisioning systemd)
  if is_package; then
    version=$(<"$root/version")
  else
    version=$(sed -nE 's/^__version__ = "([0-9a-z.]+)"$/\1/p' "$root/kiosk/__init__.py")
  fi
  [[ -n $version ]] || die "kiosk/__init__.py names no version: these files are not complete"
  digest=$(
    cd -- "$root"
    {
      python_version
      find "${parts[@]}" -type f ! -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -c 1-8
  )
  printf '%s-%s\n' "$version" "$digest"
}

install_from_index() {
  local list="$cache/wheels.txt"
  # zbarlight has no wheels and comes apart; all the others have, and nothing of theirs is built
  # or run while it is being installed.
  locked run '!/^zbarlight==/' >"$list"
  quietly "pip could not install requirements/run.txt" \
    pip install --require-hashes --only-binary :all: --requirement "$list"
  ensure_zbarlight "$(python_version)"
  # Needs no network: hatchling has just come from the hashed list.
  quietly "pip could not install the kiosk itself" \
    pip install --no-index --no-deps --no-build-isolation "$root"
}

install_from_wheels() {
  quietly "pip could not install the package's wheels" \
    pip install --no-index --no-deps "$root"/wheels/*.whl
}

# make_version VERSION: its folder. A folder without `complete` is of a run that was cut short.
make_version() {
  local folder="$home/$1" options=()
  venv="$folder/venv"
  rm -rf -- "$folder"
  mkdir -p -- "$folder"
  # picamera2 and lgpio are apt's: a Pi's environment sees them.
  ! is_pi || options+=(--system-site-packages)
  say "making $folder"
  quietly "Python cannot make a virtual environment" "$python" -m venv "${options[@]}" "$venv"
  if is_package; then
    install_from_wheels
  else
    install_from_index
  fi
  quietly "the environment does not work: an import fails" \
    "$venv/bin/python" -I -c "import ${imports:?}"
  cp -r -- "$root/systemd" "$folder/systemd"
  cp -- "$here/${example:?}" "$folder/"
  # On disk before the mark: the power may fail in between.
  sync -f "$folder"
  touch "$folder/complete"
}

# forget_others VERSION...: removes the folders of all other versions.
forget_others() {
  local folder
  for folder in "$home"/*/; do
    folder=${folder%/}
    if [[ ! -L $folder && " $* " != *" ${folder##*/} "* ]]; then
      rm -rf -- "$folder"
    fi
  done
}
