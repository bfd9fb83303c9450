#!/usr/bin/env python3
"""Compares what wakemill reads of coded files with what ffmpeg decodes, sample by sample.

    coded_files.py [--wakemill BINARY] [--work FOLDER] [--part N]

ffmpeg's encoders make the files: every format that wakemill reads, rates from 8 to 48 kHz, constant
and variable rates, with tags and pictures, trimmed without loss (edit lists), joined, cut, padded. Each
is read by `wakemill render --decoded` at its own rate, so without resampling, and by ffmpeg. They must
have the same length and lie on the same place: every sample within the codec's bound. `EXACT` names the
formats of which ffmpeg gives more or less than was encoded in some files: there it must be exactly what
was encoded (of M4A: the same samples, up to the end that its edit list names in milliseconds). What was cut short must be refused.

Needs ffmpeg with libmp3lame, libvorbis and libopus; --part N takes every Nth file only.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np

ONE_AT_A_TIME = Lock()
RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
LENGTHS = (0.21, 1.0, 2.437)

# Largest difference of a sample to ffmpeg's. Decoders of the lossy formats may differ in the last bits
# of their arithmetic; ffmpeg's of Opus and AAC in more, through noise that each draws for itself.
BOUNDS = {"wav": 0, "flac": 0, "aiff": 0, "alac": 0, "mp3": 1e-4, "ogg": 1e-4, "m4a": 1e-3, "aac": 5e-3,
          "opus": 2e-3, "webm": 2e-3, "mka": 2e-3}

# Where decoders differ for a known reason: ffmpeg's table of the scale factor bands of layer III at 24 kHz has
# 330 where LAME and symphonia have 332.
MP3_AT_24_KHZ = 5e-2

# Where ffmpeg (5.1) gives more or less than was encoded, wakemill must give exactly what was encoded.
EXACT = {
    "m4a": "ffmpeg keeps the whole of the last frame, the edit list ends within it",
    "ogg": "ffmpeg misses the end of the first or only page, and of a part before another",
    "mp3": "ffmpeg takes a large tag at the end for another file and keeps the encoder's padding",
}


def ffmpeg(*arguments):
    line = ["ffmpeg", "-v", "error", "-y", "-nostdin", *map(str, arguments)]
    done = subprocess.run(line, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(line)}:\n{done.stderr.decode()}")
    return done.stdout


def voice(rate, seconds, channels=1):
    """Something like speech: harmonics that glide, in syllables, over a little noise."""
    n = round(rate * seconds)
    rng = np.random.default_rng(n * channels + rate)
    t = np.arange(n) / rate
    pitch = 120 + 40 * np.sin(2 * np.pi * 1.3 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    tone = sum(np.sin(k * phase) / k for k in range(1, 20) if k * 160 < rate / 2)
    syllables = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * t)
    mono = 0.2 * tone * syllables + 0.005 * rng.standard_normal(n)
    other = [0.1 * rng.standard_normal(n) for _ in range(channels - 1)]
    return (np.stack([mono, *other], 1).clip(-1, 1) * 32767).astype("<i2")


def plain(folder, rate, seconds, channels=1):
    path = folder / f"plain_{rate}_{seconds}_{channels}.wav"
    with ONE_AT_A_TIME:
        if not path.exists():
            raw = voice(rate, seconds, channels).tobytes()
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "s16le", "-ar", str(rate), "-ac", str(channels),
                            "-i", "-", str(path)], input=raw, check=True)
    return path


@dataclass
class Made:
    """A file, how it is made, and the samples that were encoded."""

    kind: str
    rate: int
    path: Path
    make: object
    source: object


class Files:
    """Makes files, each at its kind and rate."""

    def __init__(self, folder, part):
        self.folder, self.sources, self.part, self.made, self.count = folder, folder / "plain", part, [], 0
        self.sources.mkdir(parents=True)

    def add(self, kind, rate, extension, make, source):
        self.count += 1
        if self.count % self.part:
            return
        path = self.folder / str(rate) / f"{kind}_{self.count:04}.{extension}"
        path.parent.mkdir(exist_ok=True)
        self.made.append(Made(kind, rate, path, make, source))

    def encode(self, kind, rate, seconds, extension, *options, channels=1, after=None):
        def make(path):
            ffmpeg("-i", plain(self.sources, rate, seconds, channels), *options, path)
            if after:
                path.write_bytes(after(path.read_bytes()))
        self.add(kind, rate, extension, make, lambda: voice(rate, seconds, channels)[:, 0])

    def join(self, kind, rate, extension, options, first=(), second=()):
        def make(path):
            parts = []
            for seconds, more in ((0.6, first), (1.1, second)):
                part = path.with_name(f"{path.stem}_part.{extension}")
                ffmpeg("-i", plain(self.sources, rate, seconds), *options, *more, part)
                parts.append(part.read_bytes())
                part.unlink()
            path.write_bytes(b"".join(parts))
        self.add(kind, rate, extension, make, lambda: np.concatenate([voice(rate, s)[:, 0] for s in (0.6, 1.1)]))

    def trim(self, rate, start, length):
        """A piece of an M4A, cut without decoding it: an edit list says which."""
        def make(path):
            whole = path.with_name(f"{path.stem}_whole.m4a")
            ffmpeg("-i", plain(self.sources, rate, 3.07), "-c:a", "aac", whole)
            ffmpeg("-ss", start, "-t", length, "-i", whole, "-c", "copy", path)
            whole.unlink()
        cut = slice(round(start * rate), round((start + length) * rate))
        self.add("m4a", rate, "m4a", make, lambda: voice(rate, 3.07)[cut, 0])


def id3(size):
    """An ID3v2 tag with a picture of so many bytes."""
    frame = b"APIC" + (size + 14).to_bytes(4, "big") + b"\0\0" + b"\0image/jpeg\0\3\0" + jpeg(size)
    n = len(frame)
    return b"ID3\x03\0\0" + bytes([n >> 21 & 127, n >> 14 & 127, n >> 7 & 127, n & 127]) + frame


def jpeg(size):
    """Bytes as those of a picture: full of what looks like the beginning of an MPEG frame."""
    data = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    data[::97] = 255
    data[1::97] = 0xFB
    return data.tobytes()


def ape(size):
    """An APEv2 tag with a cover, header and footer."""
    item = size.to_bytes(4, "little") + (2).to_bytes(4, "little") + b"Cover Art (Front)\0" + jpeg(size)
    def edge(flags):
        return (b"APETAGEX" + (2000).to_bytes(4, "little") + (len(item) + 32).to_bytes(4, "little")
                + (1).to_bytes(4, "little") + flags.to_bytes(4, "little") + bytes(8))
    return edge(0xA0000000) + item + edge(0x80000000)


ID3V1 = b"TAG" + b"a title".ljust(125, b"\0")


def make_all(files):
    for rate in RATES:
        for seconds in LENGTHS:
            for codec in ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"):
                files.encode("wav", rate, seconds, "wav", "-c:a", codec)
            files.encode("flac", rate, seconds, "flac")
            files.encode("aiff", rate, seconds, "aiff")
            files.encode("alac", rate, seconds, "m4a", "-c:a", "alac")
            files.encode("mp3", rate, seconds, "mp3", "-b:a", "48k")
            files.encode("mp3", rate, seconds, "mp3", "-q:a", "4")
            files.encode("mp3", rate, seconds, "mp3", "-b:a", "48k", "-write_xing", "0")
            files.encode("ogg", rate, seconds, "ogg", "-c:a", "libvorbis")
            files.encode("m4a", rate, seconds, "m4a", "-c:a", "aac")
            files.encode("aac", rate, seconds, "aac", "-c:a", "aac")
        files.encode("wav", rate, 1.0, "wav", channels=2)
        files.encode("flac", rate, 1.0, "flac", channels=2)
        files.encode("mp3", rate, 1.0, "mp3", channels=2)
        files.encode("ogg", rate, 1.0, "ogg", "-c:a", "libvorbis", channels=2)
        files.encode("m4a", rate, 1.0, "m4a", "-c:a", "aac", channels=2)
        for tag in (id3(100), id3(9000)):
            files.encode("mp3", rate, 1.0, "mp3", after=lambda data, tag=tag: tag + data)
        for tail in (ID3V1, ape(7000), ape(7000) + ID3V1, ape(40)):
            files.encode("mp3", rate, 1.0, "mp3", after=lambda data, tail=tail: data + tail)
            files.encode("mp3", rate, 1.0, "mp3", "-write_xing", "0", after=lambda data, tail=tail: data + tail)
        files.join("mp3", rate, "mp3", ("-b:a", "48k"))
        files.join("mp3", rate, "mp3", ("-b:a", "48k"), second=("-write_xing", "0", "-id3v2_version", "0"))
        files.join("mp3", rate, "mp3", ("-b:a", "48k", "-write_xing", "0", "-id3v2_version", "0"))
        files.join("aac", rate, "aac", ("-c:a", "aac"))
        files.join("ogg", rate, "ogg", ("-c:a", "libvorbis"))
        files.encode("cut", rate, 1.0, "mp3", after=lambda data: data[:len(data) * 2 // 3])
        files.encode("cut", rate, 1.0, "flac", after=lambda data: data[:len(data) * 2 // 3])
        files.encode("cut", rate, 1.0, "wav", after=lambda data: data[:len(data) * 2 // 3])
        files.encode("cut", rate, 1.0, "m4a", "-movflags", "faststart", after=lambda data: data[:len(data) * 2 // 3])
        files.encode("wav", rate, 1.0, "wav", after=open_ended)
        files.encode("m4a", rate, 2.437, "m4a", "-c:a", "aac", "-movflags", "faststart")
        files.encode("m4a", rate, 2.437, "mp4", "-c:a", "aac")
        files.encode("m4a", rate, 2.437, "m4a", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov")
        for start, length in ((0.5, 1.04), (1.0, 0.3), (0.25, 5)):
            files.trim(rate, start, length)
    for rate in (8000, 12000, 16000, 24000, 48000):
        for seconds in LENGTHS:
            files.encode("opus", 48000, seconds, "opus", "-ar", rate, "-c:a", "libopus")
            files.encode("webm", 48000, seconds, "webm", "-c:a", "libopus")


def open_ended(wav):
    """As a writer into a pipe leaves it that did not know the length."""
    head, data, rest = wav.partition(b"data")
    return head + data + (0x7FFFFFFF).to_bytes(4, "little") + rest[4:]


def reference(path):
    return np.frombuffer(ffmpeg("-i", path, "-map", "0:a:0", "-af", "pan=mono|c0=c0", "-f", "f32le", "-"), "<f4")


def read(wakemill, folder, rate, path):
    pipeline = folder / f"{rate}.toml"
    if not pipeline.exists():
        pipeline.write_text(f'output = "none"\naudio.sample_rate = {rate}\nfeatures.mel_model = "none.onnx"\n[augment]\nenabled = false\n'
                            f'[[split]]\nname = "all"\ninput = {json.dumps(str(folder / str(rate) / "*"))}\n')
    out = folder / "read" / f"{path.name}_{rate}.wav"
    done = subprocess.run([wakemill, "render", pipeline, "--split", "all", "--clip", path.name, "--decoded", "-o", out],
                          capture_output=True, text=True)
    if done.returncode:
        return re.sub(r"\s+", " ", done.stderr.strip().replace(str(path), ""))
    samples = np.frombuffer(out.read_bytes().partition(b"data")[2][4:], "<f4")
    out.unlink()
    return samples


def judge(made, wakemill, folder):
    """What is wrong, or nothing; and whether wakemill is exact where ffmpeg is not."""
    found = read(wakemill, folder, made.rate, made.path)
    if made.kind == "cut":
        return (None if isinstance(found, str) else f"{len(found)} samples of a file that is cut"), False
    expected = reference(made.path)
    if isinstance(found, str):
        return f"ffmpeg reads {len(expected)} samples; {found}", False
    if len(found) == len(expected):
        worst = float(np.abs(found.astype(float) - expected).max())
        bound = MP3_AT_24_KHZ if (made.kind, made.rate) == ("mp3", 24000) else BOUNDS[made.kind]
        if worst <= bound:
            return None, False
        problem = f"a sample {worst:.1e} off"
    else:
        problem = f"{len(found)} samples, ffmpeg {len(expected)} ({len(found) - len(expected):+})"
    shorter = len(expected) - len(found)
    if made.kind == "m4a" and 0 < shorter < 1024 and np.abs(expected[:len(found)] - found).max() <= BOUNDS["m4a"]:
        return None, True
    source = made.source()
    if made.kind in EXACT and len(found) == len(source) and lag(found, source) == 0:
        return None, True
    return f"{problem}; {len(source)} were encoded", False


def lag(a, b):
    """By how many samples one signal is later than the other."""
    size = 2 * max(len(a), len(b))
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    peak = int(product.argmax())
    return peak if peak < size // 2 else peak - size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wakemill", default="target/release/wakemill", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--part", type=int, default=1)
    arguments = parser.parse_args()
    if not shutil.which("ffmpeg"):
        sys.exit("not run: there is no ffmpeg here")
    folder = arguments.work or Path(tempfile.mkdtemp(prefix="codecs."))
    shutil.rmtree(folder, ignore_errors=True)
    files = Files(folder, arguments.part)
    make_all(files)
    (folder / "read").mkdir()
    wakemill = arguments.wakemill.resolve()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda made: made.make(made.path), files.made))
        judged = list(pool.map(lambda made: judge(made, wakemill, folder), files.made))
    wrong = [(made, problem) for made, (problem, _) in zip(files.made, judged) if problem]
    for made, problem in wrong:
        print(f"{made.rate} Hz, {made.path.name}: {problem}")
    print(f"{len(judged) - len(wrong)} of {len(judged)} files are right")
    for kind, reason in EXACT.items():
        count = sum(exact for made, (_, exact) in zip(files.made, judged) if made.kind == kind)
        print(f"  {count} {kind} files exact where ffmpeg is not: {reason}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
