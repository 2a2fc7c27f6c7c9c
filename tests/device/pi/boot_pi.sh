#!/usr/bin/env bash
# Boots a virtual Pi until it powers off: Linux as a program (see build_kernel.sh), on a disk that is
# never written.
#
#   bash tests/device/pi/boot_pi.sh [OPTION...] FOLDER KERNEL IMAGE
#
#   --init PATH       the guest's first process; without it systemd
#   --dtb FILE        its device tree (see board.py)
#   --share FOLDER    a folder that the guest may mount (hostfs); init.sh does, at /mnt. The guest's
#                     root is this computer's root there, so it is a scratch folder and nothing else
#   --disk FILE       a further disk, written in place: /dev/ubdb, then /dev/ubdc, ...
#   --memory 512M     what the guest has
#   --append "WORDS"  further words for the kernel
#   --timed yes       the guest goes before this computer's other work: for who measures its times
#
# FOLDER keeps what the guest writes over IMAGE (disk.cow), what it says (console.log), and `pid`:
# SIGKILL to that process pulls the plug. So does any end of this script. A second boot with the same
# FOLDER finds the disk as the first one left it.
set -euo pipefail

options=() init='' dtb='' share='' memory=512M append='' letter=1 scheduled=()

fail() {
  printf 'boot_pi.sh: %s\n' "$1" >&2
  exit 2
}

while (($#)); do
  case $1 in
  --init) init=$2 ;;
  --dtb) dtb=$2 ;;
  --share) share=$2 ;;
  --disk) options+=("ubd$((letter++))=$(realpath -- "$2")") ;;
  --memory) memory=$2 ;;
  --append) append=$2 ;;
  --timed) scheduled=(chrt --rr 1) ;;
  --*) fail "there is no option $1" ;;
  *) break ;;
  esac
  shift 2
done
(($# == 3)) || fail "which FOLDER, KERNEL and IMAGE?"
folder=$(realpath -m -- "$1")
kernel=$(realpath -- "$2")
image=$(realpath -- "$3")
mkdir -p -- "$folder"

[[ -z $dtb ]] || options+=("dtb=$(realpath -- "$dtb")")
[[ -z $share ]] || options+=("pi.share=$(realpath -- "$share")")
[[ -z $init ]] || options+=("init=$init")
read -ra words <<<"$append"

# The guest's memory is a file of TMPDIR without a name: on a disk it would be written there.
TMPDIR=$folder
[[ $(stat -f -c %T /dev/shm 2>/dev/null) != tmpfs ]] || TMPDIR=/dev/shm
export TMPDIR

# Left by an earlier boot of this folder; the kernel would take it for a second one.
rm -rf -- "$folder/pi"

# Processes of a guest are processes of this computer, and the guest makes a group of its own. In a
# namespace none of them outlives the first, and that one does not outlive this script. The first is
# a shell: a kernel that panics ends by a signal to itself, which the first process never gets.
setpriv --pdeathsig=KILL unshare --mount --pid --fork --kill-child --mount-proc \
  bash -c '"$@"; exit $?' guest "${scheduled[@]}" \
  "$kernel" "umid=pi" "uml_dir=$folder" "ubd0=$folder/disk.cow,$image" root=/dev/ubda rw \
  "mem=$memory" con0=null,fd:1 con=null ssl=null console=tty0 quiet panic=-1 \
  "${options[@]}" "${words[@]}" </dev/null >"$folder/console.log" 2>&1 &
guest=$!
echo "$guest" >"$folder/pid"
# The namespace's first process: whoever waits for it, as unshare does, has waited for all the others,
# and only then is nobody's lock left on the disk.
trap 'pkill -KILL -P "$guest" || kill -KILL "$guest"' INT TERM
status=0
wait "$guest" || status=$?
# A trap ends the waiting, too.
while kill -0 "$guest" 2>/dev/null; do wait "$guest" || status=$?; done
exit "$status"
