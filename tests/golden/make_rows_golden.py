#!/usr/bin/env python3
"""Makes tests/golden/rows: a small data set, draws, and what the Python originals make of them.

usage: make_rows_golden.py WAKEMILL

The draws are those of the binary WAKEMILL; audio and embeddings are livekit-wakeword 0.3.0's, with
audiomentations, scipy and soundfile (tests/parity/requirements.txt). livekit takes any sample rate
for 16 kHz: from a clip of another rate it gets what WAKEMILL reads from it.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

sys.path.insert(0, str(Path(__file__).parent.parent / "parity"))
import dataset
import originals
from wakemill import Wakemill

OUT = Path(__file__).parent / "rows"
SEED, ROUNDS, SECONDS = 27, 2, 1.0
CONFIG = """\
model_name: hey
target_phrases: ["hey"]
augmentation:
  clip_duration: {seconds}
  rounds: {rounds}
"""


def make_input(root):
    rng = np.random.default_rng(SEED)
    clips = root / "output/hey"
    dataset.write(clips / "positive_train/clip_000000.wav", dataset.speech(rng, 0.6))
    stereo = np.stack([dataset.speech(rng, 1.2), dataset.noise(rng, 1.2, 1)], axis=1)
    dataset.write(clips / "negative_train/clip_000003.wav", stereo)
    other_rate = dataset.speech(rng, 0.7, rate=22050)
    dataset.write(clips / "negative_train/clip_000004.wav", other_rate, 22050)
    dataset.write(root / "data/backgrounds/hiss.wav", dataset.noise(rng, 0.4, 1))
    dataset.write(root / "data/rirs/room.wav", dataset.room(rng, 0.15))
    (root / "config.yaml").write_text(CONFIG.format(seconds=SECONDS, rounds=ROUNDS))


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    make_input(OUT / "input")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "built"
        shutil.copytree(OUT / "input", root)
        wakemill = Wakemill(sys.argv[1], [])
        wakemill.run(root / "config.yaml", "--set", f"seed={SEED}")
        text = (root / "output/hey/rows.jsonl").read_text()
        (OUT / "rows.jsonl").write_text(text)
        rows = [json.loads(line) for line in text.splitlines()]
        for row in rows:
            for sound, key in ((row, "rir"), (row["background"], "file")):
                sound[key] = sound[key] and str((root / sound[key]).relative_to(root))
        for path in root.rglob("*.wav"):
            if sf.info(path).samplerate != dataset.RATE:
                wakemill.decode(path, root / "decoded")
                (root / "decoded").replace(path)
        redo(root, rows)
    for effect in ("equalizer", "tanh_distortion", "rir"):
        print(effect, sum(row[effect] is not None for row in rows), "of", len(rows))


def redo(root, rows):
    augmentor, networks = originals.ReplayAugmentor(root), originals.networks()
    (OUT / "expected").mkdir()
    for split, features in (("positive_train", "positive_features_train.npy"),
                            ("negative_train", "negative_features_train.npy")):
        folder = root / "output/hey" / split
        for round_index in range(ROUNDS):
            drawn = [row for row in rows if (row["split"], row["round"]) == (split, round_index)]
            originals.replay(augmentor, folder, drawn, round_index, SECONDS)
        for path in sorted(folder.glob("clip_*_r*.wav")):
            sf.write(OUT / f"expected/{split}_{path.stem}.flac", sf.read(path, dtype="int16")[0], 16000)
        np.save(OUT / features, originals.features.extract_features_from_directory(folder, *networks))


main()
