#!/usr/bin/env python3
"""Makes the tagged files of this folder: python3 make-tagged.py. Needs ffmpeg, flac and metaflac; the ID3v2 tags are put together here, byte by byte."""
import base64, os, struct, subprocess

os.chdir(os.path.dirname(os.path.abspath(__file__)))
RAW = "tagged.tmp.wav"


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def ffmpeg(*arguments):
    run("ffmpeg", "-v", "error", "-y", *arguments)


def picture(name, colour, size):
    ffmpeg("-f", "lavfi", "-i", f"color={colour}:s={size}x{size},format=rgb24", "-frames:v", "1", "-update", "1", "-bitexact", name)


picture("cover.jpg", "red", 24)
picture("cover.png", "green", 24)
picture("back.png", "blue", 16)
FRONT, PNG, BACK = (open(name, "rb").read() for name in ("cover.jpg", "cover.png", "back.png"))
ffmpeg("-f", "lavfi", "-i", "sine=440:r=44100", "-af", "atrim=end_sample=500", "-ac", "1", "-c:a", "pcm_s16le", "-bitexact", RAW)

TAGS = [("title", "Süßes Lied 歌"), ("artist", "Ärzte"), ("album", "Große Œuvres"), ("album_artist", "Various"), ("composer", "Bach"),
        ("genre", "Baroque"), ("date", "1999-05-12"), ("track", "3/12"), ("disc", "1/2")]
METADATA = [word for key, value in TAGS for word in ("-metadata", f"{key}={value}")]

# FLAC: the reference programs; the back comes before the front.
run("flac", "-s", "-f", "-8", "--no-padding", "-o", "tagged.flac", RAW)
names = {"title": "TITLE", "artist": "ARTIST", "album": "ALBUM", "album_artist": "ALBUMARTIST", "composer": "COMPOSER", "genre": "GENRE", "date": "DATE"}
run("metaflac", *[f"--set-tag={names[k]}={v}" for k, v in TAGS if k in names], "--set-tag=TRACKNUMBER=3", "--set-tag=TRACKTOTAL=12",
    "--set-tag=DISCNUMBER=1", "--set-tag=DISCTOTAL=2", "--set-tag=ARTIST=Toten Hosen", "--import-picture-from=4||||back.png",
    "--import-picture-from=3||||cover.jpg", "tagged.flac")

# MP4 and MP3, AIFF with ID3, CAF, WAV: ffmpeg.
cover = ["-i", "cover.jpg", "-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic", "-metadata:s:v", "comment=Cover (front)", "-metadata:s:v", "title=front"]
png = ["cover.png" if word == "cover.jpg" else word for word in cover]
ffmpeg("-i", RAW, *cover, *METADATA, "-c:a", "alac", "-bitexact", "tagged-alac.m4a")
ffmpeg("-i", RAW, *png, *METADATA, "-c:a", "aac", "-bitexact", "tagged-aac.m4a")
ffmpeg("-i", RAW, *cover, *METADATA, "-c:a", "libmp3lame", "-id3v2_version", "3", "-bitexact", "tagged-id3v23.mp3")
ffmpeg("-i", RAW, *png, *METADATA, "-c:a", "libmp3lame", "-id3v2_version", "4", "-bitexact", "tagged-id3v24.mp3")
ffmpeg("-i", RAW, "-c:a", "libmp3lame", "-id3v2_version", "0", "-bitexact", "tagged-id3v1.mp3")
with open("tagged-id3v1.mp3", "ab") as file:  # the comment's last two bytes are zero and the track: ID3v1.1; genre 98 is Easy Listening
    file.write(b"TAG" + b"".join(word.encode("latin-1").ljust(size, b"\0") for word, size in [("Süßes Lied", 30), ("Ärzte", 30), ("Große Werke", 30), ("1999", 4)])
               + b"no comment".ljust(28, b" ") + bytes([0, 3, 98]))
ffmpeg("-i", RAW, *cover, *METADATA, "-c:a", "pcm_s16be", "-write_id3v2", "1", "tagged.aiff")
ffmpeg("-i", RAW, *METADATA, "-c:a", "alac", "-bitexact", "tagged.caf")
ffmpeg("-i", RAW, *METADATA, "-c:a", "pcm_s16le", "tagged-info.wav")

# Ogg: ffmpeg, with the pictures as fields.
def block(kind, mime, data):
    return base64.b64encode(struct.pack(">I", kind) + struct.pack(">I", len(mime)) + mime + bytes(4) + bytes(16) + struct.pack(">I", len(data)) + data).decode()


ogg = [*METADATA, "-metadata", "METADATA_BLOCK_PICTURE=" + block(3, b"image/png", PNG)]
ffmpeg("-i", RAW, *ogg, "-c:a", "libvorbis", "-bitexact", "tagged.ogg")
ffmpeg("-i", RAW, *ogg, "-c:a", "libopus", "-bitexact", "tagged.opus")
ffmpeg("-i", RAW, *METADATA, "-c:a", "flac", "-f", "ogg", "-bitexact", "tagged-flac.oga")


# ID3v2 by hand, after id3.org's documents.
def seven(n):
    return bytes([n >> 21 & 127, n >> 14 & 127, n >> 7 & 127, n & 127])


def text(encoding, value):
    return bytes([encoding]) + value.encode({0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}[encoding])


def zero(encoding):
    return b"\0\0" if encoding in (1, 2) else b"\0"


def apic(encoding, kind, data, mime=b"image/jpeg\0", description="Bild ü"):
    return bytes([encoding]) + mime + bytes([kind]) + text(encoding, description)[1:] + zero(encoding) + data


def frame2(name, content):
    return name.encode() + len(content).to_bytes(3, "big") + content


def frame3(name, content, flags=0, plain=False):
    return name.encode() + len(content).to_bytes(4, "big") + struct.pack(">H", flags) + content


def frame4(name, content, flags=0):
    return name.encode() + seven(len(content)) + struct.pack(">H", flags) + content


def unsynchronise(data):
    out = bytearray()
    for i, byte in enumerate(data):
        out.append(byte)
        if byte == 0xFF and (i + 1 == len(data) or data[i + 1] >= 0xE0 or data[i + 1] == 0):
            out.append(0)
    return bytes(out)


def tag(version, body, flags=0, padding=20):
    body += bytes(padding)
    return b"ID3" + bytes([version, 0, flags]) + seven(len(body)) + body


def save(name, data):
    open(name, "wb").write(data)


# 2.2, Latin-1, numeric genre with refinement, PIC: back in PNG, then front in JPEG
save("id3v22-latin1.id3", tag(2, frame2("TT2", text(0, "Süßes Lied")) + frame2("TP1", text(0, "Ärzte") + b"\0") + frame2("TAL", text(0, "Alb\u00fcm"))
     + frame2("TP2", text(0, "Various")) + frame2("TCM", text(0, "Bach")) + frame2("TCO", text(0, "(40)Alt. Rock")) + frame2("TYE", text(0, "1999"))
     + frame2("TRK", text(0, "3/12")) + frame2("TPA", text(0, "1/2")) + frame2("PIC", apic(0, 4, BACK, b"PNG")) + frame2("PIC", apic(0, 3, FRONT, b"JPG"))))
# 2.3, UTF-16 with marks of both orders, extended header, the whole of it unsynchronised, "(17)"
be = lambda value: b"\x01\xfe\xff" + value.encode("utf-16-be")
body = (struct.pack(">IHI", 6, 0, 20) + frame3("TIT2", text(1, "Süßes Lied 歌")) + frame3("TPE1", be("Ärzte") + b"\0\0") + frame3("TALB", text(1, "ÿþ Albüm"))
        + frame3("TPE2", text(1, "Various")) + frame3("TCOM", text(1, "Bach")) + frame3("TCON", text(0, "(17)")) + frame3("TYER", text(0, "1999"))
        + frame3("TRCK", text(0, "3/12")) + frame3("TPOS", text(0, "1/2")) + frame3("XXXX", b"\xff\xe0\xff\x00")
        + frame3("APIC", b"\x07" + apic(1, 3, FRONT), flags=0x20))
save("id3v23-utf16.id3", tag(3, unsynchronise(body), flags=0xC0))
# 2.4, UTF-8 and UTF-16BE, extended header, two artists, genre by number, one frame unsynchronised with its length before it
pic = apic(2, 3, FRONT)
body = (seven(6) + b"\x01\x00" + frame4("TIT2", text(3, "Süßes Lied 歌")) + frame4("TPE1", text(3, "Ärzte\0Toten Hosen\0")) + frame4("TALB", text(2, "Albüm"))
        + frame4("TPE2", text(2, "Various\0")) + frame4("TCOM", text(3, "Bach")) + frame4("TCON", text(3, "40\0Krautrock")) + frame4("TDRC", text(3, "1999-05-12T10:00"))
        + frame4("TRCK", text(3, "3/12")) + frame4("TPOS", text(3, "1/2")) + frame4("APIC", apic(3, 4, BACK, b"image/png\0"))
        + frame4("APIC", seven(len(pic)) + unsynchronise(pic), flags=0x0003))
save("id3v24-utf8.id3", tag(4, body, flags=0x40))
# 2.4 as iTunes wrote it: sizes of eight bits a byte; the picture is longer than 127 bytes
save("id3v24-itunes.id3", tag(4, frame3("TIT2", text(0, "Plain")) + frame3("APIC", apic(0, 3, FRONT, description="")) + frame3("TALB", text(0, "After"))))

wav = open(RAW, "rb").read()
id3 = open("id3v23-utf16.id3", "rb").read()
chunk = b"id3 " + struct.pack("<I", len(id3)) + id3 + bytes(len(id3) & 1)
save("tagged-id3.wav", wav[:4] + struct.pack("<I", len(wav) - 8 + len(chunk)) + wav[8:] + chunk)
os.remove(RAW)
