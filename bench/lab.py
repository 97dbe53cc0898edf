"""What the benches share: the built tool, processes, machines behind links, captures and the two clocks of Linux."""
import array
import bisect
import ctypes
import math
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import wave

from report import Report, bench_arguments, machine, machine_facts  # all of it is had from here

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
PEERS = os.path.join(ROOT, "tests", "Raop.Interop.Tests", "peers")
RAOP = os.environ.get("RAOP") or os.path.join(ROOT, "artifacts", "bin", "Raop.Cli", "release", "Raop.Cli")
RATE = 44100
FIXED_LATENCY = 11025  # frames that receivers add to what a sync packet says
NTP_EPOCH = 2208988800  # seconds from 1900 to 1970


def build():
    """Builds the tool as ./raop does, once; RAOP=FILE takes another."""
    if "RAOP" in os.environ:
        return
    subprocess.run([os.path.join(ROOT, "raop"), "--version"], check=True, stdout=subprocess.DEVNULL)


def need(*programs):
    """Ends with the Debian packages that are missing."""
    packages = {"ip": "iproute2", "ss": "iproute2", "pactl": "pulseaudio-utils", "dbus-daemon": "dbus", "pw-cat": "pipewire-bin"}
    programs += ("ip",)
    missing = sorted({packages.get(p, p) for p in programs if shutil.which(p) is None})
    if missing:
        sys.exit(f"Missing: apt-get install {' '.join(missing)}")
    if os.geteuid() != 0:
        sys.exit("Captures and namespaces need root.")


def write_music(path, seconds):
    """Tones and a little noise, so that ALAC has something to do; ten seconds again and again."""
    source = random.Random(1)
    block = array.array("h")
    for i in range(10 * RATE):
        tone = 6000 * math.sin(2 * math.pi * 220 * i / RATE) + 3000 * math.sin(2 * math.pi * 1234.5 * i / RATE)
        block.extend((int(tone + source.gauss(0, 300)), int(0.8 * tone + source.gauss(0, 200))))
    data = block.tobytes()
    with wave.open(path, "wb") as f:
        f.setnchannels(2)
        f.setsampwidth(2)
        f.setframerate(RATE)
        left = seconds * RATE * 4
        while left > 0:
            f.writeframes(data[:left])
            left -= len(data)


def pcm_of(path):
    with wave.open(path) as f:
        return f.readframes(f.getnframes())


def same_music(received, source, least, may_miss=0.0):
    """Why the PCM that was received, less silence or dither before it, is not the source's beginning, or None. At least so many seconds must have
    come; so many of the first may be missing: shairport-sync begins nine packets late, in time."""
    second = RATE * 4
    at = received.find(source[second:second + 4096]) - second
    if at < -second or at % 4:
        return "what came out is nothing that was sent"
    begin, end = max(0, -at), min(len(source), len(received) - at)
    if end - begin < least * second:
        return f"only {(end - begin) / second:.1f} s of music came out"
    if source[begin:end] == received[at + begin:at + end]:
        right = begin
    else:
        right = 4 + next(i for i in range(end - 4, begin - 4, -4) if source[i:i + 4] != received[at + i:at + i + 4])
    if right <= may_miss * second:
        return None
    return f"what came out differs from what was sent until {right / second:.3f} s"


def text_of(path):
    """A file's text, or none when it has gone."""
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def processor_time(pid):
    """Seconds of user and system time of a process and all its threads, to the ns: Linux names a process's clock by its number."""
    return time.clock_gettime((~pid << 3) | 2)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else math.nan


def summary(seconds, unit=1e6, name="µs"):
    """p50, p99 and the largest of the absolute values."""
    a = [abs(v) for v in seconds]
    if not a:
        return "nothing"
    p50, p99, top = (v * unit for v in (percentile(a, 0.5), percentile(a, 0.99), max(a)))
    return f"p50 {p50:.1f}  p99 {p99:.1f}  max {top:.1f} {name}"


class Lab:
    """A folder, processes and, when asked for, machines; all gone at the end."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="bench")
        self._processes, self._undo, self._memory = [], [], None
        self.state = None
        self.wall = WallClock()
        signal.signal(signal.SIGTERM, self._stop)
        return self

    @staticmethod
    def _stop(*_):
        """What was started is ended then, too. timeout(1) says it twice."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(143)

    def __exit__(self, *_):
        for p in reversed(self._processes):
            self.end(p)
        for command in reversed(self._undo):
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wall.stop()
        if os.environ.get("KEEP"):
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._memory:
            shutil.rmtree(self._memory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def memory(self, name):
        """A file in memory, which no disk delays."""
        if not self._memory:
            self._memory = tempfile.mkdtemp(prefix="bench", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        return os.path.join(self._memory, name)

    def machines(self, *names):
        """Machines on a network of their own (netlab.sh)."""
        self.state = os.path.join(tempfile.gettempdir(), f"nl{os.getpid()}")
        self.at_end(self._netlab("down"))
        subprocess.run(self._netlab("up", *names), check=True)
        return [subprocess.run(self._netlab("addr", n), check=True, capture_output=True, text=True).stdout.strip() for n in names]

    def wire(self, name, **values):
        arguments = [f"--{k.replace('_', '-')}={v}" for k, v in values.items()]
        subprocess.run(self._netlab("wire", name, *arguments), check=True)

    def inside(self, name, command):
        return command if name is None else self._netlab("exec", name, *command)

    def start(self, command, name=None, log=None, env=None):
        out = open(self.path(log), "wb") if log else subprocess.DEVNULL
        p = subprocess.Popen(self.inside(name, command), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT if log else out,
                             env={**os.environ, **(env or {})})
        self._processes.append(p)
        return p

    def run(self, command, name=None, env=None):
        return subprocess.run(self.inside(name, command), env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=60)

    def at_end(self, command):
        self._undo.append(command)

    def end(self, p):
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()

    def receiver(self, number, port, name=None, output="null", timing=True, program=RAOP):
        """raop receive, by default to nowhere, with a timing log unless that is not wanted; back when it listens."""
        log = self.path(f"timing{number}.csv")
        base = port + 10
        p = self.start([program, "receive", "--output", output, *(["--timing-log", log] if timing else []), "--port", str(port),
                        "--udp-ports", f"{base}-{base + 9}", "--name", f"bench{number}"], name, f"receive{number}.log")
        wait_for(lambda: "listens" in self.text(f"receive{number}.log") or p.poll() is not None, f"receiver {number}")
        if p.poll() is not None:
            raise RuntimeError(f"receiver {number}: code {p.returncode}: {self.text(f'receive{number}.log').strip()}")
        return p, log

    def shairport(self, port, output):
        """shairport-sync, its PCM to a file or a pipe; its process id. It gets a bus of its own, for it knows no other mDNS than Avahi's."""
        bus, run = self.path(f"bus{port}"), self.path(f"shairport{port}")
        self.at_end([os.path.join(PEERS, "bus.sh"), "stop", bus])
        said = subprocess.run([os.path.join(PEERS, "bus.sh"), "start", bus], check=True, stdout=subprocess.PIPE, text=True).stdout
        script = os.path.join(PEERS, "shairport-sync.sh")
        self.at_end([script, "stop", run])
        subprocess.run([script, "start", run, output], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": said.strip().split("=", 1)[1], "PORT": str(port), "UDP_BASE": str(port + 10)})
        with open(os.path.join(run, "shairport-sync.pid")) as f:
            return int(f.read())

    def pulseaudio(self, number, address, port, music, name=None, **variables):
        """PulseAudio plays to a receiver; its process id and that of its player. 16.1 aborts now and then on a busy machine: then once more."""
        script, log = os.path.join(PEERS, "pulseaudio.sh"), f"pulse{number}/pulseaudio.log"
        run, env = self.path(f"pulse{number}"), {"SERVER": address, "PORT": str(port), "PA_ARGS": "-vv", **variables}
        self.at_end(self.inside(name, [script, "stop", run]))
        for _ in range(6):
            subprocess.run(self.inside(name, [script, "start", run]), env={**os.environ, **env}, check=True)
            wait_for(lambda: "State change received" in self.text(log), "PulseAudio")
            player = self.start([script, "play", run, music], name, f"pacat{number}.log", env)
            time.sleep(5)
            if "Assertion" not in self.text(log):
                return int(self.text(f"pulse{number}/pulseaudio.pid")), player.pid
            subprocess.run(self.inside(name, [script, "stop", run]), env={**os.environ, **env})
        raise RuntimeError("PulseAudio aborts again and again")

    def wait_for_music(self, *files, seconds=60):
        """Until something has been written to each: a busy machine takes its time to start a program."""
        wait_for(lambda: all(os.path.exists(f) and os.path.getsize(f) for f in files), "music", seconds)

    def capture(self, what, interface, file, name=None):
        p = self.start(["tcpdump", "-i", interface, "-U", "-B", "8192", "-w", self.path(file), what], name, file + ".log")
        wait_for(lambda: "listening on" in self.text(file + ".log"), "tcpdump")
        return p

    def text(self, file):
        return text_of(self.path(file))

    def _netlab(self, verb, *arguments):
        return [os.path.join(PEERS, "netlab.sh"), verb, self.state, *arguments]


def own_network():
    """From here on this program and what it starts have a loopback of their own, on which nobody else has a port or is heard."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "unshare")
    for command in ("link set lo up", "route add 224.0.0.0/4 dev lo"):
        subprocess.run(["ip", *command.split()], check=True)


def bench(report, run):
    """Runs a bench in a lab and ends with its report, of which whatever stops it becomes a part."""
    own_network()
    with Lab() as lab:
        try:
            run(lab)
        except (RuntimeError, OSError, subprocess.SubprocessError) as e:
            report.error(f"{getattr(e, 'stderr', None) or e}".strip())
    return report.end()


class WallClock:
    """What the wall clock shows more than the monotonic one, noted twice a second: captures and some senders use it."""

    def __init__(self):
        self._times, self._more, self._stop = [], [], threading.Event()
        self._note()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(0.5):
            self._note()

    def _note(self):
        best = None
        for _ in range(5):
            a, wall, b = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
            if best is None or b - a < best[0]:
                best = (b - a, wall, wall - (a + b) // 2)
        self._times.append(best[1])
        self._more.append(best[2])

    def stop(self):
        self._stop.set()
        self._thread.join()

    def to_monotonic(self, wall_ns):
        i = bisect.bisect(self._times, wall_ns)
        if i == 0 or i == len(self._times):
            return wall_ns - self._more[min(i, len(self._more) - 1)]
        t0, t1, m0, m1 = self._times[i - 1], self._times[i], self._more[i - 1], self._more[i]
        return wall_ns - (m0 + (m1 - m0) * (wall_ns - t0) // (t1 - t0))


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not ready after {seconds} s")
        time.sleep(0.02)


def packets(path):
    """(wall ns, protocol, source, source port, destination, destination port, TCP flags, payload) of a capture of Ethernet or any."""
    with open(path, "rb") as f:
        data = f.read()
    if len(data) < 24:
        return
    magic, = struct.unpack_from("<I", data)
    scale = 1 if magic == 0xA1B23C4D else 1000
    link, = struct.unpack_from("<I", data, 20)
    skip = {1: 14, 113: 16, 276: 20}[link]
    at = 24
    while at + 16 <= len(data):
        seconds, part, length, _ = struct.unpack_from("<4I", data, at)
        packet = data[at + 16:at + 16 + length]
        at += 16 + length
        ip = packet[skip:]
        if len(ip) < 28 or ip[0] >> 4 != 4:
            continue
        header, protocol = (ip[0] & 15) * 4, ip[9]
        total, = struct.unpack_from(">H", ip, 2)
        body = ip[header:total] if total else ip[header:]
        source, destination = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
        ports = struct.unpack_from(">HH", body)
        flags, payload = (0, body[8:]) if protocol == 17 else (body[13], body[(body[12] >> 4) * 4:])
        yield seconds * 1_000_000_000 + part * scale, protocol, source, ports[0], destination, ports[1], flags, payload


def ntp_ns(value):
    """NTP 32.32 as ns since 1970."""
    return ((value >> 32) - NTP_EPOCH) * 1_000_000_000 + ((value & 0xFFFFFFFF) * 1_000_000_000 >> 32)


class SenderLine:
    """The line of a sender, as its sync packets say: which frame is heard when, in ns of the monotonic clock."""

    def __init__(self, path, wall, is_receiver):
        syncs, against_wall, against_monotonic = [], [], []
        for at, protocol, _, _, to, port, _, b in packets(path):
            if protocol != 17 or not is_receiver(to, port, b):
                continue
            if len(b) >= 20 and b[0] & 0xEF == 0x80 and b[1] == 0xD4:
                play_now, ntp, following = struct.unpack_from(">IQI", b, 4)
                syncs.append((at, play_now, ntp_ns(ntp), following))
            elif len(b) >= 32 and b[1] == 0xD3:
                sent = ntp_ns(struct.unpack_from(">Q", b, 24)[0])
                against_wall.append(sent - at)
                against_monotonic.append(sent - wall.to_monotonic(at))
        if len(syncs) < 3 or not against_wall:
            raise RuntimeError(f"{len(syncs)} sync packets, {len(against_wall)} timing replies")
        # Whatever the clock is, it is one of the two, for all is on one machine; the replies tell which.
        wall_off, monotonic_off = percentile(against_wall, 0.5), percentile(against_monotonic, 0.5)
        self.clock = "wall" if abs(wall_off) < abs(monotonic_off) else "monotonic"
        self.clock_off = min(abs(wall_off), abs(monotonic_off)) / 1e9
        if self.clock_off > 0.002:
            raise RuntimeError(f"the sender's clock is neither the wall clock nor the monotonic one: {wall_off / 1e9} s, {monotonic_off / 1e9} s off")
        self._frame0 = syncs[0][1]
        self.first_sync, self.first_latency = syncs[0], (syncs[0][3] - syncs[0][1] & 0xFFFFFFFF) + FIXED_LATENCY
        points = []
        for _, play_now, ntp, _ in syncs:
            heard = wall.to_monotonic(ntp) if self.clock == "wall" else ntp
            points.append((self.unwrap(play_now) / RATE, heard + FIXED_LATENCY * 1e9 / RATE))
        self._fit(points)

    def unwrap(self, rtp_time):
        return (rtp_time - self._frame0 + 0x80000000 & 0xFFFFFFFF) - 0x80000000

    def _fit(self, points):
        """Some senders stamp late, none early: the line is the lower edge. Of exact ones it is each point."""
        x0, y0 = points[0]
        data = [(x - x0, (y - y0) / 1e9 - (x - x0)) for x, y in points]
        kept = data
        for _ in range(3):
            n = len(kept)
            mx, my = sum(x for x, _ in kept) / n, sum(y for _, y in kept) / n
            xx = sum((x - mx) ** 2 for x, _ in kept)
            slope = sum((x - mx) * (y - my) for x, y in kept) / xx if xx else 0.0
            late = [y - my - slope * (x - mx) for x, y in kept]
            edge = percentile(late, 0.1)
            kept = [p for p, v in zip(kept, late) if v <= percentile(late, 0.7)] if n > 20 else kept
        self.slope, offset = slope, my - slope * mx + edge
        self._at = lambda frames: y0 + ((frames / RATE - x0) * (1 + slope) + offset) * 1e9
        self.scatter = [y - offset - slope * x for x, y in data]
        self.count = len(points)

    def heard(self, rtp_time):
        return self._at(self.unwrap(rtp_time))


def read_timing(path):
    """Rows of a timing log: (RTP time, frames, due ns, written ns)."""
    rows = []
    with open(path) as f:
        next(f, None)
        for line in f:
            part = line.strip().split(",")
            if len(part) >= 4 and all(re.fullmatch(r"-?\d+", p) for p in part[:4]):
                rows.append(tuple(map(int, part[:4])))
    return rows
