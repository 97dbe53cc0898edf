#!/bin/sh
# Avahi's tools, as other people use them.
#   avahi.sh browse TYPE                       everything of a type, resolved, once, one parsable line each
#   avahi.sh address HOST 4|6                  its address of a family
#   avahi.sh publish NAME TYPE PORT [TXT...]   announces until it is ended
#   avahi.sh up RUNDIR HOST [alone]            a D-Bus and an Avahi in a machine of netlab.sh, which ends them; alone: nobody else gets port 5353
# Clients of a private bus need DBUS_SYSTEM_BUS_ADDRESS. Debian packages: dbus avahi-daemon avahi-utils
set -eu
cmd=$1; shift
case "$cmd" in
browse) exec timeout 20 avahi-browse -rpt "$1" ;;
address) exec timeout 20 avahi-resolve -n "-$2" "$1" ;;
publish) name=$1; type=$2; port=$3; shift 3; exec avahi-publish -s "$name" "$type" "$port" "$@" ;;
up)
  run=$1; host=$2; alone=no; [ "${3:-}" != alone ] || alone=yes
  mkdir -p "$run"
  dbus-daemon --system --nofork --nopidfile </dev/null >"$run/dbus.log" 2>&1 &
  n=0; until [ -S /run/dbus/system_bus_socket ]; do n=$((n+1)); [ $n -gt 100 ] && { echo "no bus" >&2; exit 1; }; sleep 0.1; done
  printf '[server]\nhost-name=%s\nallow-interfaces=eth0\ndisallow-other-stacks=%s\n[publish]\npublish-workstation=no\n' "$host" "$alone" >"$run/avahi.conf"
  avahi-daemon --no-drop-root --no-rlimits --no-chroot -f "$run/avahi.conf" </dev/null >"$run/avahi.log" 2>&1 &
  n=0; until grep -q 'Server startup complete' "$run/avahi.log" 2>/dev/null; do
    n=$((n+1)); [ $n -gt 200 ] && { cat "$run/avahi.log" >&2; exit 1; }; sleep 0.1; done
  ;;
*) echo "usage: $0 browse|address|publish|up" >&2; exit 2 ;;
esac
