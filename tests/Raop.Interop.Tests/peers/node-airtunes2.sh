#!/bin/sh
# node-airtunes2 2.5.0 (npm; sender; UDP, encrypted).
#   node-airtunes2.sh install     once a machine: npm install into NPM_DIR, and its native codec built
#   node-airtunes2.sh start RUNDIR     node-airtunes2.sh play RUNDIR FILE.pcm     node-airtunes2.sh stop RUNDIR
# Environment of start: SERVER (127.0.0.1) PORT (5000) PASSWORD ('') VOL (100) DEBUG
#   TITLE ARTIST ALBUM COVER (a file) POSITION DURATION (s): what it tells of the music, once it plays; none of it without TITLE
#   NPM_DIR (raop/node-airtunes2-2.5.0 in XDG_CACHE_HOME or ~/.cache)
# Debian packages: nodejs npm libnode-dev g++
# The published package names dependencies by git address; `overrides` puts the registry's own in their place (they serve pairing
# and discovery only), and its prebuilt codec is a macOS file, so it is built here.
set -eu
. "$(dirname "$(realpath "$0")")/lib.sh"
here=$(dirname "$(realpath "$0")"); cmd=$1; npm=${NPM_DIR:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/raop/node-airtunes2-2.5.0}
case "$cmd" in
install)
  [ ! -d "$npm/node_modules" ] || exit 0
  mkdir -p "$(dirname "$npm")"
  new=$(mktemp -d "$npm.XXXXXX"); trap 'rm -rf "$new"' EXIT; cd "$new"
  cat > package.json <<'J'
{"name":"lab","version":"1.0.0","private":true,"dependencies":{"node-airtunes2":"2.5.0"},
"overrides":{"axlsign":"npm:axlsign@*","chacha-js":"npm:chacha-js@*","mdns-js":"npm:mdns-js@*",
"prebuild-install":"npm:prebuild-install@*","@yao-pkg/pkg":"npm:noop2@*"}}
J
  npm install --ignore-scripts --no-audit --no-fund --no-update-notifier
  # Without its codec the module falls back to one in JavaScript. As its binding.gyp says, without node-gyp, which wants a newer node than Debian's.
  headers=$(dirname "$(dirname "$(realpath "$(command -v node)")")")/include/node; [ -d "$headers" ] || headers=/usr/include/node
  cd node_modules/node-airtunes2; mkdir -p build/Release
  for part in aes_utils base64; do cc -O2 -w -fPIC -c "src/$part.c" -o "build/$part.o"; done
  c++ -std=c++20 -O2 -w -fPIC -shared -DNODE_GYP_MODULE_NAME=airtunes -DBUILDING_NODE_EXTENSION "-I$headers" \
    src/codec.cc src/bindings.cc build/aes_utils.o build/base64.o -o build/Release/airtunes.node
  node -e "require('./build/Release/airtunes')"
  cd "$new"; rm -rf "$npm"; mv "$new" "$npm"; trap - EXIT
  ;;
start)
  [ -d "$npm/node_modules" ] || { echo "no $npm: node-airtunes2.sh install makes it" >&2; exit 1; }
  run=$(realpath -m "$2"); mkdir -p "$run"
  for name in SERVER PORT PASSWORD VOL DEBUG TITLE ARTIST ALBUM COVER POSITION DURATION; do eval "printf '%s=%s\n' $name \"'\${$name:-}'\""; done > "$run/environment"
  ;;
play)
  run=$(realpath -m "$2"); . "$run/environment"; export DEBUG TITLE ARTIST ALBUM COVER POSITION DURATION
  NODE_PATH="$npm/node_modules" node --no-deprecation "$here/node-airtunes2.js" \
    "${SERVER:-127.0.0.1}" "${PORT:-5000}" "$3" "${PASSWORD:-}" "${VOL:-100}" >"$run/node-airtunes2.log" 2>&1 &
  echo $! > "$run/node-airtunes2.pid"; wait "$(cat "$run/node-airtunes2.pid")" ;;
stop) run=$(realpath -m "$2"); stop_pid "$run/node-airtunes2.pid" ;;
*) echo "usage: $0 install | start|play|stop RUNDIR [FILE]" >&2; exit 2 ;;
esac
