#!/usr/bin/env python3
"""A bad network in user space, for kernels without netem: carries Ethernet frames between two interfaces of the current network
namespace and delays, reorders, drops and doubles them, both ways, from a seed.

  wire.py A B [--delay-ms 20] [--jitter-ms 8] [--loss 0.01] [--burst 1] [--dup 0] [--seed 1] [--seconds 600]

Jitter is normal, clipped at a delay of 0, for each frame on its own, so that frames overtake each other. --burst N loses N in a row.
Offloads must be off on both interfaces and their other ends (netlab.sh does it). Prints counts at its end.
"""
import argparse
import heapq
import random
import select
import signal
import socket
import struct
import time

ETH_P_ALL = 3
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1
PACKET_OUTGOING = 4


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("a")
    parser.add_argument("b")
    for name, default in (("delay-ms", 0.0), ("jitter-ms", 0.0), ("loss", 0.0), ("dup", 0.0), ("seconds", 600.0)):
        parser.add_argument("--" + name, type=float, default=default)
    parser.add_argument("--burst", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def open_interface(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.bind((name, 0))
    s.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("IHH8s", socket.if_nametoindex(name), PACKET_MR_PROMISC, 0, b""))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.setblocking(False)
    return s


class Wire:
    def __init__(self, o):
        self.o, self.random = o, random.Random(o.seed)
        a, b = open_interface(o.a), open_interface(o.b)
        self.other = {a: b, b: a}
        self.to_lose = {a: 0, b: 0}
        self.queue, self.number, self.running = [], 0, True
        self.counts = {"in": 0, "lost": 0, "dup": 0, "out": 0}

    def run(self):
        end = time.monotonic() + self.o.seconds
        while self.running and time.monotonic() < end:
            self.send_due()
            wait = max(0.0, min(0.2, self.queue[0][0] - time.monotonic())) if self.queue else 0.2
            for s in select.select(list(self.other), [], [], wait)[0]:
                self.read(s)

    def send_due(self):
        while self.queue and self.queue[0][0] <= time.monotonic():
            _, _, to, frame = heapq.heappop(self.queue)
            try:
                to.send(frame)
                self.counts["out"] += 1
            except OSError:
                pass  # the machine behind it has gone

    def read(self, s):
        for _ in range(64):
            try:
                frame, address = s.recvfrom(65535)
            except BlockingIOError:
                return
            if address[2] == PACKET_OUTGOING:
                continue
            self.counts["in"] += 1
            if self.is_lost(s):
                self.counts["lost"] += 1
                continue
            due = time.monotonic() + max(0.0, self.random.gauss(self.o.delay_ms, self.o.jitter_ms)) / 1e3
            self.put(due, s, frame)
            if self.random.random() < self.o.dup:
                self.counts["dup"] += 1
                self.put(due + 0.003, s, frame)

    def is_lost(self, s):
        if self.to_lose[s] > 0:
            self.to_lose[s] -= 1
            return True
        if self.random.random() < self.o.loss / self.o.burst:
            self.to_lose[s] = self.o.burst - 1
            return True
        return False

    def put(self, due, s, frame):
        self.number += 1  # of two that are due at once the first goes first
        heapq.heappush(self.queue, (due, self.number, self.other[s], frame))

    def stop(self, *_):
        self.running = False


wire = Wire(options())
signal.signal(signal.SIGTERM, wire.stop)
signal.signal(signal.SIGINT, wire.stop)
wire.run()
print(wire.counts, flush=True)
