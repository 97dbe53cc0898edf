#!/usr/bin/env python3
"""A sender's remote control as iTunes has it, apart from playing: announces iTunes_Ctrl_ID through Avahi, answers every request with 204 and writes it down.
   dacp.py ID PORT LOG     one line a request: COMMAND ACTIVE-REMOTE
Debian packages: python3 avahi-utils. Needs DBUS_SYSTEM_BUS_ADDRESS of bus.sh."""
import http.server, signal, subprocess, sys

name, port, log = sys.argv[1], int(sys.argv[2]), sys.argv[3]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with open(log, "a") as lines:
            lines.write(f"{self.path} {self.headers.get('Active-Remote')}\n")
        self.send_response(204)
        self.send_header("DAAP-Server", "iTunes/10.6 (Mac OS X)")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
announced = subprocess.Popen(["avahi-publish-service", f"iTunes_Ctrl_{name}", "_dacp._tcp", str(port), "txtvers=1", "Ver=131075", f"DbId={name}", "OSsi=0x1F5"])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
try:
    server.serve_forever()
finally:
    announced.terminate()
