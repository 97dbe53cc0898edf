#!/usr/bin/env python3
"""Renders bars 1 to 4 of J. S. Bach's Prelude in C major, BWV 846 (1722), and a closing chord to 16-bit stereo PCM.

The score is in the public domain; it is entered below bar by bar. Each bar holds five notes, low to high; its figure
1 2 3 4 5 3 4 5 is played twice, the two lowest notes held. The sound is a plucked string model (Karplus and Strong 1983,
with a fractional delay for tuning) under a feedback-delay-network reverberation. Plain Python, no packages, a fixed
seed: it gives the same bytes again (README.md has their digest).

    ./render.py prelude.raw            # 44,100 Hz, 16 bit, two channels, little-endian
"""
import array
import math
import random
import sys

RATE = 44_100
STEP = 0.195          # seconds between sixteenth notes
LEAD = 0.25           # seconds of near-silence before the first note
TAIL = 2.6            # seconds that the last chord rings
PEAK = 10 ** (-3 / 20)

BARS = [
    "C4 E4 G4 C5 E5",
    "C4 D4 A4 D5 F5",
    "B3 D4 G4 D5 F5",
    "C4 E4 G4 C5 E5",
]
LAST_CHORD = "C4 E4 G4 C5 E5 G5 C6"  # not Bach's: a close for these four bars


def frequency(name):
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[name[0]] + name.count("#")
    return 440.0 * 2 ** ((step + 12 * (int(name[-1]) + 1) - 69) / 12)


def score():
    """(seconds, name, seconds held, loudness) of every note."""
    at = LEAD
    for number, bar in enumerate(BARS):
        notes = bar.split()
        swell = 0.80 + 0.20 * math.sin(math.pi * (number + 1) / (len(BARS) + 1))
        for half in range(2):
            for place, note in enumerate((0, 1, 2, 3, 4, 2, 3, 4)):
                held = (8 - place) * STEP if place < 2 else 1.6 * STEP
                accent = (1.0, 0.85, 0.72, 0.75, 0.82, 0.68, 0.72, 0.80)[place]
                yield at, notes[note], held, swell * accent * (1.0 if half == 0 else 0.93)
                at += STEP
    for place, name in enumerate(LAST_CHORD.split()):
        yield at + place * STEP * 1.1, name, TAIL, 0.85
    yield at, "C3", TAIL, 0.7


def pluck(hertz, held, loudness, dice):
    """One string: noise, softened and combed by the place of plucking, then round the loop that loses a little each time."""
    period = RATE / hertz - 0.5                      # the loop's averaging delays by half a sample
    length = int(period)
    fraction = period - length
    noise = [dice.uniform(-1, 1) for _ in range(length + 1)]
    for _ in range(14):
        noise = [(noise[i - 1] + 2 * noise[i] + noise[(i + 1) % len(noise)]) / 4 for i in range(len(noise))]
    offset = max(1, int(len(noise) * 0.18))
    noise = [noise[i] - noise[i - offset] for i in range(len(noise))]
    power = math.sqrt(sum(v * v for v in noise) / len(noise))
    line = [v / power for v in noise]
    decay = 10 ** (-3 / (hertz * (2.4 if hertz > 300 else 3.2)))       # 60 dB in that many seconds
    release = int(held * RATE)
    total = release + int(0.35 * RATE)
    damping = math.exp(-1 / (0.07 * RATE))
    out, gain, previous, at = [], loudness, 0.0, 0
    size = len(line)
    for i in range(total):
        current = line[at]
        following = line[(at + 1) % size]
        delayed = current * fraction + following * (1 - fraction) if size > length else current
        if i >= release:
            gain *= damping
        out.append(delayed * gain * min(1.0, i / 60))
        line[at] = decay * 0.5 * (delayed + previous)
        previous = delayed
        at = (at + 1) % size
    return out


def reverberate(left, right):
    """Four damped delay lines that feed each other; a small room."""
    lengths = (1553, 1877, 2251, 2557)
    lines = [[0.0] * n for n in lengths]
    low = [0.0] * 4
    positions = [0] * 4
    wet_left, wet_right = [0.0] * len(left), [0.0] * len(left)
    for i in range(len(left)):
        taps = [lines[k][positions[k]] for k in range(4)]
        total = sum(taps) * 0.5
        for k in range(4):
            low[k] += 0.45 * ((taps[k] - total) - low[k])
            lines[k][positions[k]] = (left[i] if k % 2 == 0 else right[i]) + 0.80 * low[k]
            positions[k] = (positions[k] + 1) % lengths[k]
        wet_left[i] = taps[0] - taps[3]
        wet_right[i] = taps[1] - taps[2]
    return wet_left, wet_right


def main(path):
    dice = random.Random(846)
    notes = list(score())
    frames = int((max(at for at, *_ in notes) + TAIL + 0.5) * RATE)
    left, right = [0.0] * frames, [0.0] * frames
    for at, name, held, loudness in notes:
        hertz = frequency(name)
        side = max(-1.0, min(1.0, math.log2(hertz / 330) * 0.55))      # low strings left, high ones right
        gain_left, gain_right = math.cos((side + 1) * math.pi / 4), math.sin((side + 1) * math.pi / 4)
        start = int(at * RATE)
        for i, value in enumerate(pluck(hertz, held, loudness, dice)):
            if start + i >= frames:
                break
            left[start + i] += gain_left * value
            right[start + i] += gain_right * value
    wet_left, wet_right = reverberate(left, right)
    left = [dry + 0.22 * wet for dry, wet in zip(left, wet_left)]
    right = [dry + 0.22 * wet for dry, wet in zip(right, wet_right)]
    fade = int(0.8 * RATE)
    for i in range(fade):
        shape = 0.5 - 0.5 * math.cos(math.pi * i / fade)
        left[frames - 1 - i] *= shape
        right[frames - 1 - i] *= shape
    scale = PEAK * 32767 / max(max(map(abs, left)), max(map(abs, right)))
    samples = array.array("h")
    for l, r in zip(left, right):
        samples.append(round(l * scale))
        samples.append(round(r * scale))
    if sys.byteorder == "big":
        samples.byteswap()
    with open(path, "wb") as file:
        file.write(samples.tobytes())
    print(f"{frames} frames, {frames / RATE:.3f} s")


if __name__ == "__main__":
    main(sys.argv[1])
