#!/usr/bin/env bash
# "Machines" on a network of their own: network and mount namespaces on a bridge, each with its own address, /run and host name.
#   netlab.sh up STATE NAME...         makes the machines (10.77.0.1, .2, ...); STATE is a new folder
#   netlab.sh exec STATE NAME CMD...   runs a command inside one
#   netlab.sh addr STATE NAME          prints its address
#   netlab.sh wire STATE NAME ARGS     puts wire.py (delay, jitter, loss; see there) into its link
#   netlab.sh unwire STATE NAME        takes it out again, prints its counts
#   netlab.sh down STATE               ends what runs inside, removes all
# With AVAHI=1 each has a dbus-daemon and an avahi-daemon of its own.
# Needs root. Debian packages: iproute2 ethtool python3 util-linux, dbus and avahi-daemon for AVAHI=1
set -euo pipefail
verb=${1:?verb}; state=$(realpath -m "${2:?state}"); shift 2
here=$(cd "$(dirname "$0")" && pwd)
prefix=$(basename "$state" | tr -cd 'A-Za-z0-9-')
switch=$prefix-sw

inside() { # NAME CMD...
  local name=$1; shift
  nsenter -t "$(cat "$state/$name.pid")" -n -m -u -- "$@"
}

# The kernel leaves checksums and segmentation to the hardware, of which there is none here.
plain() { ethtool -K "$1" tx off rx off gso off tso off gro off >/dev/null; }

up_machine() { # NAME NUMBER
  local name=$1 number=$2
  ip netns add "$prefix-$name"
  ip -n "$switch" link add "port$number" type veth peer name eth0 netns "$prefix-$name"
  ip -n "$switch" link set "port$number" master br0 up
  echo "port$number" >"$state/$name.port"
  ip -n "$prefix-$name" link set lo up
  ip -n "$prefix-$name" addr add "10.77.0.$number/24" dev eth0
  ip -n "$prefix-$name" link set eth0 up
  ip -n "$prefix-$name" route add default dev eth0
  ip netns exec "$switch" bash -c "$(declare -f plain); plain port$number"
  ip netns exec "$prefix-$name" bash -c "$(declare -f plain); plain eth0"
  echo "10.77.0.$number" >"$state/$name.addr"
  # keeps the private /run and host name alive
  setsid ip netns exec "$prefix-$name" unshare -m -u --propagation private bash -c '
    hostname "$1"
    mount -t tmpfs tmpfs /run; mkdir -p /run/dbus /run/avahi-daemon /run/lock
    echo $$ >"$2.new"; mv "$2.new" "$2"; exec sleep 86400' holder "$name" "$state/$name.pid" </dev/null >/dev/null 2>&1 &
  until [ -s "$state/$name.pid" ]; do sleep 0.05; done
  [ "${AVAHI:-0}" != 1 ] || up_avahi "$name"
}

up_avahi() { # NAME
  local name=$1
  inside "$name" dbus-daemon --system --nofork --nopidfile </dev/null >"$state/$name.dbus.log" 2>&1 &
  until inside "$name" test -S /run/dbus/system_bus_socket; do sleep 0.1; done
  cat >"$state/$name.avahi.conf" <<X
[server]
host-name=$name
allow-interfaces=eth0
[publish]
publish-workstation=no
X
  inside "$name" avahi-daemon --no-drop-root --no-rlimits --no-chroot -f "$state/$name.avahi.conf" </dev/null >"$state/$name.avahi.log" 2>&1 &
}

end_all() { # SIGNAL
  local namespace process
  for namespace in $(ip netns list | awk '{print $1}' | grep "^$prefix-" || true); do
    for process in $(ip netns pids "$namespace"); do kill "-$1" "$process" 2>/dev/null || true; done
  done
}

case $verb in
up)
  mkdir -p "$state"
  ip netns add "$switch"
  ip -n "$switch" link add br0 type bridge mcast_snooping 0
  ip -n "$switch" link set br0 up
  number=0
  for name in "$@"; do number=$((number + 1)); up_machine "$name" $number; done ;;
exec) name=$1; shift; exec nsenter -t "$(cat "$state/$name.pid")" -n -m -u -- env -u RAOP_INTERFACES "$@" ;; # there it may be heard
addr) cat "$state/$1.addr" ;;
wire)
  name=$1; shift; port=$(cat "$state/$name.port")
  [ ! -s "$state/$name.wire" ] || "$0" unwire "$state" "$name" >/dev/null
  ip -n "$switch" link set "$port" nomaster
  ip -n "$switch" link add "a$port" type veth peer name "b$port"
  ip -n "$switch" link set "a$port" up
  ip -n "$switch" link set "b$port" master br0 up
  for i in "a$port" "b$port"; do ip netns exec "$switch" bash -c "$(declare -f plain); plain $i"; done
  ip netns exec "$switch" python3 "$here/wire.py" "$port" "a$port" "$@" </dev/null >"$state/$name.wire.log" 2>&1 &
  echo $! >"$state/$name.wire" ;;
unwire)
  name=$1; port=$(cat "$state/$name.port"); process=$(cat "$state/$name.wire")
  kill "$process" 2>/dev/null || true
  for _ in $(seq 50); do kill -0 "$process" 2>/dev/null || break; sleep 0.1; done
  cat "$state/$name.wire.log"; rm -f "$state/$name.wire"
  ip -n "$switch" link del "a$port"
  ip -n "$switch" link set "$port" master br0 ;;
down)
  end_all TERM
  for _ in $(seq 30); do [ -n "$(for n in $(ip netns list | awk '{print $1}' | grep "^$prefix-" || true); do ip netns pids "$n"; done)" ] || break; sleep 0.1; done
  end_all KILL
  for namespace in $(ip netns list | awk '{print $1}' | grep "^$prefix-" || true); do ip netns del "$namespace"; done
  rm -rf "$state" ;;
*) echo "unknown verb $verb" >&2; exit 2 ;;
esac
