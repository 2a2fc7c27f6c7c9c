# shellcheck shell=bash
# The decoder zbarlight, for setup.sh, which sources this file. It is published
# as source only, so it is compiled here, once, and the wheel is kept.
#
# Uses of setup.sh: die, say, locked, pip, $cache, $log, $python, $venv;
# of setup-debian.sh: need, install_missing, refresh_lists, zbar_library.
: "${cache:?setup.sh sets it}" "${log:?setup.sh sets it}" "${venv:?setup.sh sets it}"

zbarlight_version() { locked run '/^zbarlight==/' | sed -nE 's/^zbarlight==([^ ;]+).*/\1/p'; }

# Prints the folder of the kept wheel: one for each version, Python and processor.
zbarlight_wheels() {
  local version soabi
  version=$(zbarlight_version)
  soabi=$("${python:?}" -I -c 'import sysconfig; print(sysconfig.get_config_var("SOABI"))')
  printf '%s\n' "$cache/wheels/zbarlight-$version-$soabi"
}

# True when the locked version is installed and finds its library.
zbarlight_works() {
  "$venv/bin/python" -I - "$(zbarlight_version)" 2>/dev/null <<'PYTHON'
import importlib.metadata, sys
import zbarlight
sys.exit(importlib.metadata.version("zbarlight") != sys.argv[1])
PYTHON
}

# need_compiler VERSION: notes what compiling for Python VERSION lacks.
need_compiler() {
  if ! echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1; then
    need "a C compiler, to build zbarlight" gcc libc6-dev
  fi
  if ! "${python:?}" -I -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'; then
    need "the headers of Python $1, to build zbarlight" "libpython$1-dev"
  fi
}

download_headers() { (cd -- "$1" && apt-get download --quiet libzbar-dev); }

# unpack_headers FOLDER: zbar's. Installing libzbar-dev would bring 300 packages
# along, of which compiling needs none.
unpack_headers() {
  local folder=$1 link
  rm -rf -- "$folder"
  mkdir -p -- "$folder"
  if ! download_headers "$folder" >"$log" 2>&1 </dev/null; then
    # A fresh system, or an image that ships without package lists.
    refresh_lists
    quietly "apt-get could not download libzbar-dev" download_headers "$folder"
  fi
  quietly "libzbar-dev could not be unpacked" dpkg -x "$folder"/libzbar-dev_*.deb "$folder"
  # The package's libzbar.so points to a neighbour that is not here. The linker
  # would take libzbar.a in its place, and the import would fail with undefined symbols.
  link=$(find "$folder" -name libzbar.so)
  [[ -n $link ]] || die "libzbar-dev has no libzbar.so: its layout has changed"
  rm -f -- "${link%.so}.a"
  ln -sf -- "$(zbar_library)" "$link"
}

# build_zbarlight VERSION WHEELS: makes the wheel in the folder WHEELS.
build_zbarlight() {
  local version=$1 wheels=$2 folder="$cache/libzbar-dev" list="$cache/zbarlight.txt" link
  command -v apt-get >/dev/null || die "this is not Debian: install zbarlight $version by hand"
  say "building zbarlight $version"
  unpack_headers "$folder"
  link=$(find "$folder" -name libzbar.so)
  locked run '/^zbarlight==/' >"$list"
  rm -rf -- "$wheels"
  # No cache: pip would take up a wheel that was once linked wrongly.
  CPATH="$folder/usr/include" LIBRARY_PATH="${link%/*}" \
    quietly "zbarlight $version could not be built" \
    pip wheel --require-hashes --no-deps --no-cache-dir --no-binary zbarlight \
    --no-build-isolation --use-pep517 --wheel-dir "$wheels" --requirement "$list"
}

# install_wheel WHEELS: by its path, since its hash is not the source's in the list.
install_wheel() { pip install --no-index --no-deps --force-reinstall "$1"/zbarlight-*.whl; }

# ensure_zbarlight VERSION: for Python VERSION, from the kept wheel or from source.
ensure_zbarlight() {
  local version wheels
  if zbarlight_works; then
    return
  fi
  version=$(zbarlight_version)
  wheels=$(zbarlight_wheels)
  if [[ -d $wheels ]] && install_wheel "$wheels" >"$log" 2>&1 && zbarlight_works; then
    return
  fi
  # Noted before, unless there was a kept wheel that proved useless.
  need_compiler "$1"
  install_missing
  build_zbarlight "$version" "$wheels"
  quietly "zbarlight $version could not be installed" install_wheel "$wheels"
  quietly "zbarlight $version was built, but cannot be imported" \
    "$venv/bin/python" -I -c 'import zbarlight'
}
