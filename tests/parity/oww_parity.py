#!/usr/bin/env python3
"""Redoes rows of a build with openWakeWord 0.6.0's own effects and front end, and compares.

usage: oww_parity.py --wakemill PATH [--keep DIR] [--case NAME]

Small data sets are built from openWakeWord's training configurations: windows of 32,000 and 40,000
samples, two rounds, backgrounds shorter and longer than that, clips longer too. Then, with the packages of
oww_requirements.txt (torch 1.13 among them, which wants Python 3.10 and 4 GB: this runs by hand and
not in CI; tests/openwakeword has a few clips of every effect, made by the same code):

- every row is redone from its clip with the draws of rows.jsonl, and the WAVs are compared: at least
  99.9 % of the samples of each row within 1 LSB, none over 3. The original's pitch shift is not that
  exact itself: of nearly silent frames it takes the angle of rounding errors. So over all shifted
  rows at least 95 % of the samples are within 1 LSB, 99.9 % within 3 and none is over 16, but for at
  most 5 % of those rows, which are counted;
- openWakeWord's features of wakemill's WAVs are compared with the .npy files: within 2e-3;
- openWakeWord's training generator reads the .npy files.
"""

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import dataset
import numpy as np
import oww_originals as originals
import soundfile as sf
from oww_originals import RATE
from wakemill import Failure, Wakemill, check, wav_name

SPLITS = {"positive_train": "positive_features_train.npy", "negative_train": "negative_features_train.npy",
          "positive_test": "positive_features_test.npy", "negative_test": "negative_features_test.npy"}

FEATURE_TOLERANCE = 2e-3

# Most of the shifted rows that may match in no way.
ODD_ROWS = 0.05

MODEL = "out/parity"

CONFIG = """\
model_name: parity
output_dir: ./out
target_phrase: ["hey parity"]
rir_paths: [./rirs]
background_paths: [./backgrounds]
background_paths_duplication_rate: [1]
augmentation_batch_size: 16
augmentation_rounds: {rounds}
"""


@dataclass
class Case:
    """A data set to be built."""

    name: str
    seed: int
    samples: int
    rounds: int
    clips: int

    @property
    def embeddings(self):
        return ((self.samples - 512) // 160 + 1 - 76) // 8 + 1

    def make(self, root):
        """Writes clips, sounds and the configuration; gives its path."""
        rng = np.random.default_rng(self.seed)
        for split in SPLITS:
            for n in range(self.clips):
                seconds = rng.uniform(0.4, 1.9) if n % 5 else rng.uniform(2.0, 3.5)
                clip = dataset.speech(rng, seconds, level=rng.uniform(0.02, 0.6))
                dataset.write(root / MODEL / split / f"{n}.wav", clip.clip(-1, 1))
        for name, seconds, colour in (("long", 8.0, 1), ("short", 0.3, 2), ("middle", 1.1, 0)):
            dataset.write(root / f"backgrounds/{name}.wav", dataset.noise(rng, seconds, colour))
        stereo = np.stack([dataset.noise(rng, 3.0, 0), dataset.speech(rng, 3.0)], axis=1)
        dataset.write(root / "./backgrounds/stereo.wav", stereo)
        for name, seconds in (("small", 0.12), ("large", 0.9), ("huge", 2.8)):
            dataset.write(root / f"rirs/{name}.wav", dataset.room(rng, seconds))
        config = root / "my_model.yaml"
        config.write_text(CONFIG.format(rounds=self.rounds))
        return config


CASES = [Case("two-seconds", seed=1, samples=32_000, rounds=2, clips=12),
         Case("longer", seed=2, samples=40_000, rounds=1, clips=15)]


def read(path):
    """The first channel."""
    samples, rate = sf.read(path, dtype="float32", always_2d=True)
    check(rate == RATE, f"{path}: {rate} Hz")
    return samples[:, 0]


def compare_samples(rows, root, output, samples):
    """Redoes rows; `root` is where the names of sounds start."""
    plain, shifted, odd = [], [], []
    for row in rows:
        clip = read(output / row["split"] / row["clip"])
        theirs = originals.redo(row, clip, samples, lambda name: root / name, read)
        ours = sf.read(wav_of(row, output), dtype="int16")[0]
        check(len(ours) == len(theirs) == samples, f"{row}: {len(ours)} samples, {len(theirs)}")
        # What wraps around is next to what does not.
        difference = np.abs((ours.astype(int) - theirs + 32768) % 65536 - 32768)
        if row["pitch_shift"] is None:
            check(share(difference, 1) >= 0.999 and difference.max() <= 3, describe(row, difference))
            plain.append(difference)
        elif share(difference, 1) < 0.9 or difference.max() > 16:
            odd.append(difference)
        else:
            shifted.append(difference)
    report("samples", plain)
    report("samples, shifted", shifted)
    check(len(odd) <= ODD_ROWS * (len(odd) + len(shifted)), f"{len(odd)} of {len(odd) + len(shifted)} "
          "shifted rows match in no way")
    if odd:
        print(f"  {len(odd)} shifted rows whose original is arbitrary")
    if shifted:
        together = np.concatenate(shifted)
        check(share(together, 1) >= 0.95 and share(together, 3) >= 0.999 and together.max() <= 16,
              "shifted rows differ")


def wav_of(row, output):
    return output / "augmented" / row["split"] / wav_name(row)


def share(difference, most):
    return np.mean(difference <= most)


def report(what, differences):
    if differences:
        together = np.concatenate(differences)
        print(f"  {what}: {len(differences)} rows, {100 * share(together, 0):.4f} % equal, "
              f"{100 * share(together, 1):.4f} % within 1 LSB (worst row "
              f"{100 * min(share(one, 1) for one in differences):.2f} %), at most {together.max()}")


def describe(row, difference):
    return (f"{row['split']}/{row['clip']}: {np.count_nonzero(difference > 1)} samples of "
            f"{len(difference)} over 1 LSB, {difference.max()} at most; {row}")


def compare_features(rows, output, models, embeddings):
    front_end = originals.features(models)
    worst = 0.0
    for split, file in SPLITS.items():
        ours = np.load(output / file)
        of_split = [row for row in rows if row["split"] == split]
        check(ours.shape == (len(of_split), embeddings, 96), f"{file}: {ours.shape}")
        for row, values in zip(of_split, ours):
            pcm = sf.read(wav_of(row, output), dtype="int16")[0]
            theirs = front_end.embed_clips(pcm[None], batch_size=1)[0]
            worst = max(worst, np.abs(theirs - values).max())
    check(worst <= FEATURE_TOLERANCE, f"features differ by {worst}")
    print(f"  features: {len(rows)} rows, largest difference {worst:.1e}")


def check_training(output):
    """openWakeWord's trainer takes the files."""
    files = {label: str(output / SPLITS[split]) for label, split in (("1", "positive_train"), ("0", "negative_train"))}
    batches = originals.mmap_batch_generator(files, n_per_class={label: 4 for label in files})
    values, labels = next(batches)
    check(len(values) == len(labels) == 8 and values.shape[2] == 96, f"a batch of {values.shape}")


def check_coverage(rows):
    """The data sets go through every branch, or they prove nothing."""
    found = Counter()
    for row in rows:
        for key in ("equalizer", "tanh_distortion", "band_stop", "colored_noise"):
            found[key] += row[key] is not None
        found[row["pitch_shift"] or "no pitch shift"] += 1
        found[row["rir"] or "no room"] += 1
        pieces = row["background"]["pieces"] if row["background"] else []
        found["joined backgrounds"] += len(pieces) > 1
        for piece in pieces:
            found[piece["file"]] += 1
        found["a clip longer than the window"] += row["place"]["start"] == 0
    wanted = ("equalizer", "tanh_distortion", "band_stop", "colored_noise", "125/128", "128/125",
              "no pitch shift", "no room", "./rirs/small.wav", "./rirs/large.wav", "./rirs/huge.wav",
              "joined backgrounds", "./backgrounds/long.wav", "./backgrounds/short.wav", "./backgrounds/middle.wav",
              "./backgrounds/stereo.wav", "a clip longer than the window")
    missing = [what for what in wanted if not found[what]]
    check(not missing, f"no row has {missing}")


def check_case(wakemill, case, root, models):
    print(f"{case.name}: {case.samples} samples")
    config = case.make(root)
    wakemill.run(config, "--set", f"audio.clip_seconds={case.samples / RATE}", "--set", f"seed={case.seed}",
                 "--set", "output_files.wavs=true")
    output = root / MODEL
    rows = [json.loads(line) for line in open(output / "rows.jsonl")]
    check(len(rows) == len(SPLITS) * case.clips * case.rounds, f"{len(rows)} rows")
    compare_samples(rows, root, output, case.samples)
    compare_features(rows, output, models, case.embeddings)
    check_training(output)
    return rows


def main():
    parser = argparse.ArgumentParser(description="Redoes rows with openWakeWord's own code, and compares.")
    parser.add_argument("--wakemill", required=True, help="the binary")
    parser.add_argument("--models", type=Path, default=Path.home() / ".cache/wakemill",
                        help="the folder with the two networks, or one above it")
    parser.add_argument("--keep", type=Path, help="work in this folder, and leave everything there")
    parser.add_argument("--case", action="append", help="only this data set")
    parser.add_argument("options", nargs="*", help="options of every `wakemill run`, after --")
    arguments = parser.parse_args()
    wakemill = Wakemill(arguments.wakemill, arguments.options)
    models = next(arguments.models.rglob("melspectrogram.onnx")).parent
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = Path(arguments.keep or stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        rows = []
        for case in CASES:
            if not arguments.case or case.name in arguments.case:
                rows += check_case(wakemill, case, folder / case.name, models)
        if not arguments.case:
            check_coverage(rows)
    print(f"parity holds ({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    try:
        main()
    except (Failure, AssertionError) as failure:
        sys.exit(f"parity is broken: {failure}")
