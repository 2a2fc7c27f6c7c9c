# shellcheck shell=bash
# What a version puts outside of its folder, and its two services, for install.sh, which sources
# this file: users, units, limits; start, ready, remove. install-server.sh takes place, state and
# restart_until_ready from here, and has its own of the others.
#
# Uses of install.sh: say, $home, $settings, $log, $cache, $shortcut, $services.
: "${home:?install.sh sets it}" "${settings:?install.sh sets it}"

readonly current="$home/current"
# A start takes 20 s where the eye stays silent; a slow Pi takes its time as well.
readonly patience_s=90
# Ready means ready for so long, in the same run.
readonly settle_s=3
# So often may a service that is starting die; a lost camera dies more often than that.
readonly most_restarts=3
# Whether this run has changed anything.
changed=

# Prints the version that `current` names, or nothing.
current_version() {
  [[ ! -L $current ]] || basename -- "$(readlink -- "$current")"
}

# target_of FILE: where a file of the folder systemd/ goes.
target_of() {
  case ${1##*/} in
    *.service | *.timer | *.socket) echo "/etc/systemd/system/${1##*/}" ;;
    *.sysusers) echo /usr/lib/sysusers.d/kiosk.conf ;;
    *.tmpfiles) echo /usr/lib/tmpfiles.d/kiosk.conf ;;
    kiosk-journal.conf) echo /etc/systemd/journald.conf.d/kiosk.conf ;;
    kiosk-watchdog.conf) echo /etc/systemd/system.conf.d/kiosk-watchdog.conf ;;
  esac
}

# place SOURCE TARGET: copies what differs; true when it did.
place() {
  if cmp -s -- "$1" "$2"; then
    return 1
  fi
  install -D -m 644 -- "$1" "$2"
  changed=yes
}

# our_units: those that came with a version that is here. Others may be called kiosk-something too, as
# a ledger's on the same machine.
our_units() {
  local file
  for file in "$home"/*/systemd/*.{service,timer,socket}; do
    [[ ! -f /etc/systemd/system/${file##*/} ]] || printf '%s\n' "/etc/systemd/system/${file##*/}"
  done | sort -u
}

# activate VERSION: its units, users and limits take the place of those before.
activate() {
  local folder="$home/$1" file target journal='' watchdog=''
  for file in "$folder"/systemd/*; do
    target=$(target_of "$file")
    if [[ -n $target ]] && place "$file" "$target"; then
      [[ $file != *-journal.conf ]] || journal=yes
      [[ $file != *-watchdog.conf ]] || watchdog=yes
    fi
  done
  for file in $(our_units); do
    if [[ ! -f $folder/systemd/${file##*/} ]]; then
      rm -f -- "$file"
      changed=yes
    fi
  done
  if [[ $(current_version) != "$1" ]]; then
    # Replaced at once: whatever happens, one of the two versions is the current one.
    ln -sfn -- "$1" "$current.new"
    mv -T -- "$current.new" "$current"
    changed=yes
  fi
  if [[ $(readlink -- "$shortcut" || true) != "$current/venv/bin/kiosk" ]]; then
    ln -sfn -- "$current/venv/bin/kiosk" "$shortcut"
    changed=yes
  fi
  [[ -n $changed ]] || return 0
  quietly "users and groups could not be made" systemd-sysusers kiosk.conf
  quietly "the folders could not be made" systemd-tmpfiles --create kiosk.conf
  systemctl daemon-reload
  [[ -z $journal ]] || systemctl try-restart systemd-journald.service
  # The hardware's watchdog is systemd's own: only a new start of systemd takes it.
  [[ -z $watchdog ]] || systemctl daemon-reexec
  systemctl --quiet enable kiosk.service
}

# check_settings VERSION: can the kiosk, as its own user, use the settings? Says what is wrong.
check_settings() {
  local program="$home/$1/venv/bin/kiosk"
  systemd-run --quiet --pipe --wait --collect --property=User=kiosk --property=Group=kiosk-link \
    --property=SupplementaryGroups="kiosk gpio" --property=LoadCredential=kiosk.uplink.password \
    --property=LoadCredential=kiosk.uplink.key_file \
    "$program" config check --config "$settings" </dev/null
}

# state: one line a service: how it is, since which start, how often it died.
state() {
  local service
  for service in "${services[@]}"; do
    systemctl show --property=ActiveState,InvocationID,NRestarts "$service" | sort | cut -d = -f 2 | paste -sd ' '
  done
}

are_ready() { [[ $(state | grep -c '^active ') -eq ${#services[@]} ]]; }

# restart_until_ready: both services; false when they do not become ready, or do not stay so.
restart_until_ready() {
  local deadline=$((SECONDS + patience_s)) held='' since=0 now
  systemctl reset-failed "${services[@]}" 2>/dev/null || true
  systemctl restart --no-block "${services[@]}"
  while ((SECONDS < deadline)); do
    now=$(state)
    if are_ready; then
      [[ $now == "$held" ]] || { held=$now since=$SECONDS; }
      ((SECONDS - since < settle_s)) || return 0
    else
      held=''
      ! grep -qE '^failed ' <<<"$now" || break
      # The third word of a line.
      ! awk -v most="$most_restarts" '$3 >= most { found = 1 } END { exit !found }' <<<"$now" || break
    fi
    sleep 0.5
  done
  systemctl show --property=Id,StatusText "${services[@]}" >&2
  journalctl --no-pager --quiet --output=cat --lines=12 "${services[@]/#/--unit=}" >&2
  return 1
}

# remove_service: everything but settings, keys and outbox.
remove_service() {
  local file left=()
  systemctl --quiet disable --now kiosk.service kiosk-eye.service kiosk-eye-later.timer \
    kiosk-network.socket 2>/dev/null || true
  for file in $(our_units) "$shortcut" \
    /usr/lib/{sysusers,tmpfiles}.d/kiosk.conf /etc/systemd/journald.conf.d/kiosk.conf \
    /etc/systemd/system.conf.d/kiosk-watchdog.conf "$home" "$cache"; do
    [[ ! -e $file && ! -L $file ]] || left+=("$file")
  done
  if ((!${#left[@]})); then
    say "nothing to do: no kiosk is installed"
    return
  fi
  rm -rf -- "${left[@]}"
  systemctl daemon-reload
  systemctl daemon-reexec
  say "removed; kept: /etc/kiosk and /var/lib/kiosk, with settings, keys and outbox"
}

# remove_what_was_kept: settings, keys, outbox, and the users that owned them.
remove_what_was_kept() {
  local name
  rm -rf -- /etc/kiosk /var/lib/kiosk
  for name in kiosk kiosk-eye; do
    ! getent passwd "$name" >/dev/null || userdel "$name"
  done
  for name in kiosk kiosk-eye kiosk-link; do
    ! getent group "$name" >/dev/null || groupdel "$name"
  done
  say "erased: /etc/kiosk and /var/lib/kiosk"
}
