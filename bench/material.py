"""Music to measure with: pieces from Debian packages, unpacked once into the user's cache and never installed, and the one in testdata/music.

    python3 -B bench/material.py      makes it, says where it is

16 bit, 44.1 kHz, stereo, bare samples (.s16).
"""
import glob
import os
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
SECONDS, QUICK_SECONDS = 40, 10
RAW = ["-ar", "44100", "-ac", "2", "-f", "s16le"]

# name: package, file in it, second at which the piece begins. The first two were coded with 256 kbit/s and more, the next two with about 100.
TRACKS = {
    "hell": ("hyperrogue-music", "usr/share/hyperrogue/music/hr3-hell.ogg", 30),
    "jungle": ("hyperrogue-music", "usr/share/hyperrogue/music/hr3-jungle.ogg", 30),
    "neverball": ("neverball-common", "usr/share/games/neverball/bgm/track2.ogg", 20),
    "frozen": ("frozen-bubble-data", "usr/share/games/frozen-bubble/snd/frozen-mainzik-1p.ogg", 30),
    "midi": ("planetblupi-music-midi", "usr/share/planetblupi/music/music002.mid", 20),
}
SOUNDFONT = ("timgm6mb-soundfont", "usr/share/sounds/sf2/TimGM6mb.sf2")


def folder():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "raop-bench", f"music-{SECONDS}")


def cut(source, at, to, before=()):
    part = to + ".part"
    subprocess.run(["ffmpeg", "-v", "error", "-y", *before, "-ss", str(at), "-t", str(SECONDS), "-i", source, *RAW, part], check=True, stdin=subprocess.DEVNULL)
    if os.path.getsize(part) < QUICK_SECONDS * 44100 * 4:
        raise RuntimeError(f"{source}: too short")
    os.replace(part, to)


def unpack(package, work):
    """The package's files; downloaded, not installed."""
    target = os.path.join(work, package)
    if not os.path.isdir(target):
        subprocess.run(["apt-get", "download", "-qq", package], cwd=work, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        deb, = glob.glob(os.path.join(work, package + "_*.deb"))
        subprocess.run(["dpkg", "-x", deb, target], check=True)
        os.remove(deb)
    return target


def make_track(name, work, to):
    package, path, at = TRACKS[name]
    source = os.path.join(unpack(package, work), path)
    if path.endswith(".mid"):
        font = os.path.join(unpack(SOUNDFONT[0], work), SOUNDFONT[1])
        rendered = os.path.join(work, name + ".wav")
        subprocess.run(["fluidsynth", "-q", "-ni", "-r", "44100", "-g", "0.6", "-F", rendered, font, source], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        source = rendered
    cut(source, at, to)


def make(say=print):
    """Makes what is missing. Returns what could not be had, a line each."""
    home, problems = folder(), []
    os.makedirs(home, exist_ok=True)
    missing = [name for name in TRACKS if not os.path.exists(os.path.join(home, name + ".s16"))]
    with tempfile.TemporaryDirectory(prefix="material") as work:
        os.chmod(work, 0o755)  # apt-get downloads as another user
        for name in missing:
            say(f"material: {name}, from the package {TRACKS[name][0]}")
            try:
                make_track(name, work, os.path.join(home, name + ".s16"))
            except (OSError, RuntimeError, subprocess.CalledProcessError) as e:
                reason = (getattr(e, "stderr", None) or str(e)).strip().split("\n")[-1]
                problems.append(f"material: {name} ({TRACKS[name][0]}): {reason}")
    make_speech(home, problems)
    shipped = os.path.join(home, "bach.s16")
    if not os.path.exists(shipped):
        cut(os.path.join(ROOT, "testdata", "music", "bach-bwv846-prelude.flac"), 0, shipped)
    return problems


def make_speech(home, problems):
    to = os.path.join(home, "speech.s16")
    if os.path.exists(to):
        return
    if not shutil.which("espeak-ng"):
        problems.append("material: speech: espeak-ng is missing")
        return
    with open(os.path.join(ROOT, "LICENSE"), encoding="utf-8") as f:
        words = f.read()
    spoken = to + ".wav"
    subprocess.run(["espeak-ng", "-v", "en", "-w", spoken, words], check=True, stdin=subprocess.DEVNULL)
    cut(spoken, 0, to)
    os.remove(spoken)


def pieces(work, quick):
    """(music, speech and the like) as files in a folder; those of the second kind are no music, and each has a purpose."""
    home, seconds = folder(), QUICK_SECONDS if quick else SECONDS
    music, other = [], {}
    for path in sorted(glob.glob(os.path.join(home, "*.s16"))):
        name = os.path.basename(path)[:-4]
        to = os.path.join(work, name + ".s16")
        with open(path, "rb") as f, open(to, "wb") as g:
            g.write(f.read(seconds * 44100 * 4))
        if name == "speech":
            other[name] = to
        else:
            music.append(to)
    source = random.Random(1)
    with open(music[0], "rb") as f:
        start = f.read(4 * 3)
        odd = start + f.read(4 * (44100 + 1))
    for name, data in (("noise", source.randbytes(4 * 44100 * 5)), ("silence", bytes(4 * 44100 * 40)), ("odd", odd), ("three", start)):
        other[name] = os.path.join(work, name + ".s16")
        with open(other[name], "wb") as f:
            f.write(data)
    return music, other


if __name__ == "__main__":
    for problem in make():
        print(problem, file=sys.stderr)
    print(folder())
