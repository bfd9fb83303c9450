#!/usr/bin/env python3
"""Times wakemill and openWakeWord's embed_clips on the same hour of long recordings, alternating.

    recordings_peer.py WAKEMILL HOUR.wav [HOUR.mp3] [--rounds N] [--rows N] [--models FOLDER]

HOUR.wav is mono at 16 kHz. openWakeWord 0.6.0 (`pip install openwakeword==0.6.0 --no-deps`, with onnxruntime and
tqdm) gets the windows of the hour cut beforehand, so without reading anything; of --rows N rows only, its time is
scaled up to all. Prints seconds of wall clock and of processor time for each, and the ratio. Run it on a machine that
does nothing else.
"""

import argparse
import json
import resource
import subprocess
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

WINDOW, HOP = 32_000, 20_480


def build(wakemill, recording, folder):
    (folder / "rec").mkdir(exist_ok=True)
    for old in (folder / "rec").iterdir():
        old.unlink()
    (folder / "rec" / recording.name).symlink_to(recording.resolve())
    (folder / "p.toml").write_text('output = "out"\n[[split]]\nname = "neg"\nkind = "recordings"\ninput = "rec"\n'
                                   "[augment]\nenabled = false\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([wakemill, "run", "p.toml", "--overwrite", "--progress", "none"], cwd=folder, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    rows = json.loads((folder / "out" / "dataset.json").read_text())["splits"][0]["rows"]
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, rows


def peer(recording, rows, models):
    from openwakeword.utils import AudioFeatures

    with wave.open(str(recording)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    count = (len(samples) - WINDOW) // HOP + 1
    taken = min(rows or count, count)
    clips = np.stack([samples[k * HOP:k * HOP + WINDOW] for k in range(taken)])
    paths = {f"{name}_model_path": str(models / file) for name, file in
             [("melspec", "melspectrogram.onnx"), ("embedding", "embedding_model.onnx")]} if models else {}
    features = AudioFeatures(inference_framework="onnx", **paths)
    features.embed_clips(clips[:8], batch_size=8)
    start, processor = time.perf_counter(), time.process_time()
    features.embed_clips(clips, batch_size=128)
    scale = count / taken
    return (time.perf_counter() - start) * scale, (time.process_time() - processor) * scale, count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wakemill", type=Path)
    parser.add_argument("wav", type=Path)
    parser.add_argument("mp3", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--models", type=Path)
    args = parser.parse_args()
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.rounds):
            for name, recording in [("wav", args.wav), ("mp3", args.mp3)]:
                if recording:
                    times.setdefault(name, []).append(build(args.wakemill.resolve(), recording, Path(folder)))
            times.setdefault("openWakeWord", []).append(peer(args.wav, args.rows, args.models))
    for name, runs in times.items():
        wall, processor = (sorted(run[i] for run in runs)[len(runs) // 2] for i in (0, 1))
        print(f"{name:14} {wall:7.2f} s wall, {processor:7.2f} s processor, {runs[0][2]} rows")
        times[name] = wall, processor
    ratio = [theirs / ours for theirs, ours in zip(times["openWakeWord"], times["wav"])]
    print(f"wav: {ratio[0]:.1f} times as fast by the clock, {ratio[1]:.1f} in processor time")


if __name__ == "__main__":
    main()
