#!/bin/sh
# shairport-sync (receiver; UDP only) writing raw S16LE 44.1k stereo to a file.
#   shairport-sync.sh start RUNDIR OUTPUT.pcm     shairport-sync.sh stop RUNDIR
# Needs bus.sh (Debian's has no other mDNS than Avahi's) and DBUS_SYSTEM_BUS_ADDRESS from it.
# Environment: PORT (5000) NAME (lab) PASSWORD ('') UDP_BASE (6001; ten ports from there) TIMEOUT (120 s) VOLUME=ignore|honour EXTRA (such as -vv)
#   METADATA=1: what comes through its metadata pipe is gathered in RUNDIR/metadata.items
# Debian package: shairport-sync
set -eu
. "$(dirname "$(realpath "$0")")/lib.sh"
cmd=$1; run=$(realpath -m "$2")
case "$cmd" in
start)
  out=$(realpath -m "$3"); mkdir -p "$run"
  ignore=yes; [ "${VOLUME:-ignore}" = honour ] && ignore=no
  cat > "$run/shairport-sync.conf" <<C
general = {
  name = "${NAME:-lab}";
  output_backend = "stdout";
  mdns_backend = "avahi";
  port = ${PORT:-5000};
  udp_port_base = ${UDP_BASE:-6001};
  udp_port_range = 10;
  ignore_volume_control = "$ignore";
  audio_backend_buffer_desired_length_in_seconds = 0.15; // a second by default: too late for PipeWire, which gives it a quarter
$( [ -n "${PASSWORD:-}" ] && echo "  password = \"$PASSWORD\";" )
};
sessioncontrol = { allow_session_interruption = "no"; session_timeout = ${TIMEOUT:-120}; };
C
  if [ -n "${METADATA:-}" ]; then
    cat >> "$run/shairport-sync.conf" <<C
metadata = { enabled = "yes"; include_cover_art = "yes"; pipe_name = "$run/metadata.pipe"; };
C
    mkfifo "$run/metadata.pipe"
    cat <>"$run/metadata.pipe" >"$run/metadata.items" 2>/dev/null & # opened for both: it neither waits for a writer nor ends with one
    echo $! > "$run/metadata.pid"
  fi
  # shellcheck disable=SC2086 # a list of arguments
  shairport-sync -c "$run/shairport-sync.conf" -u ${EXTRA:-} >"$out" 2>"$run/shairport-sync.log" &
  echo $! > "$run/shairport-sync.pid"
  n=0; until ss -ltn 2>/dev/null | grep -q ":${PORT:-5000} "; do
    n=$((n+1)); [ $n -gt 100 ] && { cat "$run/shairport-sync.log" >&2; exit 1; }
    kill -0 "$(cat "$run/shairport-sync.pid")" 2>/dev/null || { cat "$run/shairport-sync.log" >&2; exit 1; }
    sleep 0.1; done
  ;;
stop) stop_pid "$run/shairport-sync.pid"; stop_pid "$run/metadata.pid" ;;
*) echo "usage: $0 start RUNDIR OUTPUT.pcm | stop RUNDIR" >&2; exit 2 ;;
esac
