#!/bin/sh
# dacp.py in the background.   dacp.sh start RUNDIR ID PORT     dacp.sh stop RUNDIR     Requests are in RUNDIR/requests.
set -eu
. "$(dirname "$(realpath "$0")")/lib.sh"
here=$(dirname "$(realpath "$0")"); cmd=$1; run=$(realpath -m "$2")
case "$cmd" in
start)
  mkdir -p "$run"; : > "$run/requests"
  python3 "$here/dacp.py" "$3" "$4" "$run/requests" >"$run/dacp.log" 2>&1 &
  echo $! > "$run/dacp.pid"
  n=0; until grep -q Established "$run/dacp.log"; do
    n=$((n+1)); [ $n -gt 100 ] && { cat "$run/dacp.log" >&2; exit 1; }; sleep 0.1; done
  ;;
stop) stop_pid "$run/dacp.pid" ;;
*) echo "usage: $0 start RUNDIR ID PORT | stop RUNDIR" >&2; exit 2 ;;
esac
