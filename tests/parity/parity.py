#!/usr/bin/env python3
"""Redoes a build with the Python originals, and compares.

usage: parity.py --wakemill PATH [--keep DIR] [-- OPTION...]

Options after `--` go to every `wakemill run`, as in `-- --set features.strategy=windows`.

Small data sets are built from livekit-wakeword configurations. Then, with livekit-wakeword 0.3.0,
audiomentations, scipy and soundfile (requirements.txt):

- every round of every clip is redone by livekit's own code with the draws of rows.jsonl, from
  wakemill's WAV of the round before, and the WAVs are compared: at least 99.9 % of the samples of
  each within 1 LSB, none over 3;
- livekit's own features of wakemill's WAVs are compared with the .npy files: same rows in the
  same order, values within 2e-3;
- wakemill's features of WAVs that livekit augmented (`--only extract`) are compared with livekit's;
- the .npy files are read by livekit's training generator and by its evaluation;
- `wakemill render` of every row must equal its WAV, sample for sample.

livekit ignores sample rates, so what is not at 16 kHz cannot be compared with it directly. There,
wakemill's conversion (seen through `render` without augmentation) is compared with scipy's
`resample_poly`, and livekit then redoes the rows from the converted samples. Those are known to
16 bits only, and effects may amplify that rounding, so these rows have a wider bound.

Why not from livekit's own round before: scipy's fftconvolve transforms float32 audio in single
precision, so one sample in a thousand behind a room lands on the other side of a 16-bit step than
it would exactly, and the rooms of later rounds smear and amplify those steps.
"""

import argparse
import contextlib
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import dataset
import numpy as np
import onnx
import originals
import soundfile as sf
from dataset import RATE, SPLITS
from scipy.signal import resample_poly

FEATURES = dict(zip(SPLITS, (
    "positive_features_train.npy", "positive_features_test.npy",
    "negative_features_train.npy", "negative_features_test.npy",
    "background_noise_features_train.npy", "background_noise_features_test.npy")))

FEATURE_TOLERANCE = 2e-3
# Of rows that hang on a file of another rate: root mean square of the difference in LSB, and as a
# share of the row's own.
CONVERTED_LSB, CONVERTED_SHARE = 1.0, 0.003
# Of wakemill's sample rate conversion against scipy's, in dB.
CONVERSION_SNR = 50.0


class Failure(Exception):
    """What differs."""


@dataclass
class Case:
    name: str
    seed: int
    rounds: int
    seconds: float
    clips_per_split: int
    other_rates: bool = False


CASES = [
    Case("every-effect", seed=1, rounds=3, seconds=2.0, clips_per_split=10),
    Case("other-rates", seed=2, rounds=2, seconds=2.0, clips_per_split=4, other_rates=True),
    # Row order: _r0, _r1, _r10, _r11, _r2 …; and windows so short that rows begin with zeros.
    Case("twelve-rounds", seed=3, rounds=12, seconds=1.1, clips_per_split=2),
    Case("long-window", seed=4, rounds=1, seconds=2.7, clips_per_split=4),
]


def check(condition, message):
    if not condition:
        raise Failure(message)


class Wakemill:
    """The binary under test."""

    def __init__(self, path, options):
        self.path, self.options = Path(path).resolve(), options

    def __call__(self, command, *arguments, cwd, options=()):
        line = [str(self.path), command, *map(str, arguments), *options]
        done = subprocess.run(line, cwd=cwd, capture_output=True, text=True)
        check(done.returncode == 0, f"{' '.join(line)} exits {done.returncode}:\n{done.stderr}")

    def run(self, config, *arguments):
        self("run", config.name, "--progress", "none", "--overwrite", *arguments,
             cwd=config.parent, options=self.options)


@dataclass
class Build:
    """A data set, built by wakemill."""

    case: Case
    root: Path
    config: Path
    rows: list

    @property
    def output(self):
        return self.root / "output/parity"

    def wav(self, row):
        return self.output / row["split"] / wav_name(row)


def wav_name(row):
    return f"{Path(row['clip']).stem}_r{row['round']}.wav"


def build(wakemill, case, root):
    config = dataset.make(root, case.seed, case.rounds, case.seconds, case.clips_per_split,
                          case.other_rates)
    stale = root / "output/parity/negative_train/clip_999999_r0.wav"
    dataset.write(stale, np.zeros(32000))
    wakemill.run(config, "--set", "output_files.wavs=true", "--set", f"seed={case.seed}")
    check(not stale.exists(), f"{stale.name} of an earlier build is still there")
    rows = [json.loads(line) for line in open(root / "output/parity/rows.jsonl")]
    for row in rows:
        for sound, key in ((row, "rir"), (row["background"], "file")):
            sound[key] = sound[key] and str(Path(sound[key]).relative_to(root))
    return Build(case, root, config, rows)


def check_order(built):
    """Rows are in the order of livekit's files, and numbered within their split."""
    for split in SPLITS:
        rows = [row for row in built.rows if row["split"] == split]
        files = sorted(path.name for path in (built.output / split).glob("clip_*_r*.wav"))
        check([wav_name(row) for row in rows] == files, f"{split}: rows are not in livekit's order")
        check([row["row"] for row in rows] == list(range(len(rows))), f"{split}: row numbers")
        check(len(rows) == built.case.rounds * built.case.clips_per_split, f"{split}: {len(rows)} rows")
    order = [SPLITS.index(row["split"]) for row in built.rows]
    check(order == sorted(order), "splits are not in livekit's order")


def check_coverage(rows):
    """The data sets go through every branch, or they prove nothing."""
    found = Counter()
    for row in rows:
        background = row["background"]
        found["equalizer"] += row["equalizer"] is not None
        found["high shelf above Nyquist"] += (row["equalizer"] or [{"center_hz": 0}])[-1]["center_hz"] > 8000
        found["distortion"] += row["tanh_distortion"] is not None
        found["all at once"] += None not in (row["equalizer"], row["tanh_distortion"], row["rir"])
        found["nothing but noise"] += [row["equalizer"], row["tanh_distortion"], row["rir"]] == [None] * 3
        found[background["file"]] += 1
        found[row["rir"] or "no reverb"] += 1
        found[f"placed {(row['place'] or {'kind': 'never'})['kind']}"] += 1
    check(len(found) == 18 and all(found.values()), f"not every branch is covered: {dict(found)}")


def check_conversion(wakemill, built, twin):
    """Puts wakemill's conversion of every file of another rate into the copy of the data set.

    Gives the names of these files.
    """
    pipeline = twin / "convert.toml"
    pipeline.write_text('output = "none"\n[audio]\nclip_seconds = 10\n[augment]\nenabled = false\n'
                        f'[[split]]\nname = "all"\ninput = {json.dumps(str(built.root))}\nplace = "end"\n')
    worst, converted = math.inf, set()
    for path in sorted(built.root.rglob("*.wav")):
        original, rate = sf.read(path, always_2d=True)
        name = path.relative_to(built.root)
        if rate == RATE:
            continue
        wakemill("render", pipeline.name, "--split", "all", "--clip", name, "-o", "converted.wav", cwd=twin)
        samples, _ = sf.read(twin / "converted.wav", dtype="int16")
        length = math.floor(len(original) * RATE / rate + 0.5)
        check(not samples[:-length].any(), f"{name}: converted is longer than {length} samples")
        # PCM is rounded down: the middle of what the sample may have been.
        ours = (samples[-length:] + 0.5) / 32768
        shared = math.gcd(RATE, rate)
        theirs = resample_poly(original[:, 0], RATE // shared, rate // shared)[:length]
        error = ours[:len(theirs)] - theirs
        snr = 10 * math.log10(np.mean(theirs ** 2) / np.mean(error ** 2))
        check(snr > CONVERSION_SNR, f"{name}: conversion is {snr:.1f} dB from scipy's")
        worst = min(worst, snr)
        sf.write(twin / name, ours, RATE, subtype="DOUBLE")
        converted.add(str(name))
    print(f"  conversion: {len(converted)} files, at least {worst:.1f} dB over the difference from scipy's")
    return converted


def check_samples(wakemill, built, twin):
    """livekit redoes every round of every clip in a copy of the data set."""
    augmented = shutil.ignore_patterns("clip_??????_r*.wav", "*.npy", "*.json*")
    shutil.copytree(built.root, twin, ignore=augmented)
    converted = check_conversion(wakemill, built, twin) if built.case.other_rates else set()
    augmentor = originals.ReplayAugmentor(twin)
    worst, off, samples, wide = 0, 0, 0, []
    loose = set()
    for round_index in range(built.case.rounds):
        for split in SPLITS:
            rows = [row for row in built.rows if (row["split"], row["round"]) == (split, round_index)]
            originals.replay(augmentor, twin / "output/parity" / split, rows, round_index, built.case.seconds)
            for row in rows:
                clip = f"output/parity/{split}/{row['clip']}"
                if converted & {clip, row["rir"], row["background"]["file"]}:
                    loose.add(clip)
                theirs_path = twin / "output/parity" / split / wav_name(row)
                difference, level = compare(built.wav(row), theirs_path)
                name = f"{split}/{wav_name(row)}"
                if clip in loose:
                    rms = math.sqrt(np.mean(difference ** 2))
                    check(rms <= CONVERTED_LSB + CONVERTED_SHARE * level,
                          f"{name}: {rms:.2f} LSB root mean square, the row {level:.0f}; {row}")
                    wide.append((rms, rms / level, difference.max()))
                else:
                    over = np.count_nonzero(difference > 1)
                    check(over <= 0.001 * len(difference) and difference.max() <= 3,
                          f"{name}: {over} samples over 1 LSB, {difference.max()} at most; {row}")
                    worst, off = max(worst, difference.max()), off + np.count_nonzero(difference)
                    samples += len(difference)
                # What the next round starts from.
                shutil.copy(built.wav(row), theirs_path)
    print(f"  samples: {samples} compared, {100 * (1 - off / max(samples, 1)):.4f} % equal, "
          f"largest difference {worst} LSB")
    if wide:
        rms, share, greatest = np.max(wide, axis=0)
        print(f"  samples from other rates: {len(wide)} rows, differences of at most {rms:.2f} LSB root mean "
              f"square, {100 * share:.2f} % of the row's, {greatest:.0f} LSB")


def compare(ours, theirs):
    """Differences of two WAVs, and the root mean square of the second, in LSB."""
    read = []
    for path in (ours, theirs):
        info = sf.info(path)
        check((info.samplerate, info.channels, info.subtype) == (RATE, 1, "PCM_16"), f"{path}: {info}")
        read.append(sf.read(path, dtype="int16")[0].astype(int))
    check(len(read[0]) == len(read[1]), f"{ours}: {len(read[0])} samples, livekit has {len(read[1])}")
    return np.abs(read[0] - read[1]), math.sqrt(np.mean(read[1] ** 2))


def check_features(built, networks):
    """livekit's features of wakemill's WAVs."""
    worst = 0.0
    for split, file in FEATURES.items():
        theirs = originals.features.extract_features_from_directory(built.output / split, *networks)
        worst = max(worst, compare_features(built.output / file, theirs))
    print(f"  features: largest difference {worst:.1e}")


def compare_features(path, theirs):
    ours = np.load(path)
    check(ours.dtype == theirs.dtype == np.float32 and ours.shape == theirs.shape,
          f"{path.name}: {ours.dtype} {ours.shape}, livekit has {theirs.dtype} {theirs.shape}")
    difference = float(np.abs(ours - theirs).max())
    check(difference <= FEATURE_TOLERANCE, f"{path.name}: features differ by {difference:.1e}")
    return difference


def check_render(wakemill, built, folder):
    """Every row computed alone is the row of the build."""
    out = folder / "row.wav"
    for row in built.rows:
        wakemill("render", built.config.name, "--split", row["split"], "--clip", row["clip"], "--round",
                 row["round"], "-o", out, "--set", f"seed={built.case.seed}", cwd=built.root)
        check(out.read_bytes() == built.wav(row).read_bytes(),
              f"render of {row['split']}/{wav_name(row)} is not the WAV of the build")
    print(f"  render: {len(built.rows)} rows equal")


def check_training(built):
    """livekit's training generator and its evaluation read the files."""
    rows = {split: np.load(built.output / file) for split, file in FEATURES.items()}
    batches = originals.mmap_batch_generator(
        {split: built.output / file for split, file in FEATURES.items()},
        {split: 7 for split in SPLITS},
        {split: lambda _, split=split: int("positive" in split) for split in SPLITS})
    for _ in range(20):
        batch, labels = next(batches)
        check(batch.shape == (7 * len(SPLITS), 16, 96) and np.isfinite(batch).all(), f"batch {batch.shape}")
        check(labels.sum() == 14, f"{labels.sum()} positive labels")

    # Half of its scores above 0.5, half below.
    weights = np.random.default_rng(0).standard_normal((16 * 96, 1)).astype(np.float32) / 100
    middle = np.median(np.concatenate([rows[split].reshape(-1, 16 * 96) @ weights for split in SPLITS]))
    classifier = built.root / "classifier.onnx"
    save_classifier(classifier, weights, -middle)
    with contextlib.chdir(built.root), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = originals.run_eval(originals.load_config(built.config), classifier)
    counts = {key: sum(len(rows[split]) for split in SPLITS if split.endswith("_test") and wanted(split))
              for key, wanted in (("n_positive", lambda split: "positive" in split),
                                  ("n_negative", lambda split: "positive" not in split))}
    check({key: report[key] for key in counts} == counts, f"evaluation counted {report}, not {counts}")
    check(0 < report["recall"] < 1, f"evaluation is degenerate: {report}")
    print(f"  training and evaluation: {counts['n_positive']} positives and {counts['n_negative']} negatives read")


def save_classifier(path, weights, bias):
    """sigmoid(rows · weights + bias), with livekit's input and output shapes."""
    tensor = onnx.helper.make_tensor_value_info
    constants = [onnx.numpy_helper.from_array(weights, "weights"),
                 onnx.numpy_helper.from_array(np.array([bias], np.float32), "bias"),
                 onnx.numpy_helper.from_array(np.array([-1, weights.size]), "flat")]
    nodes = [onnx.helper.make_node(op, inputs, [output]) for op, inputs, output in (
        ("Reshape", ["embeddings", "flat"], "row"), ("MatMul", ["row", "weights"], "product"),
        ("Add", ["product", "bias"], "logit"), ("Sigmoid", ["logit"], "score"))]
    graph = onnx.helper.make_graph(
        nodes, "linear", [tensor("embeddings", onnx.TensorProto.FLOAT, ["batch", 16, 96])],
        [tensor("score", onnx.TensorProto.FLOAT, ["batch", 1])], constants)
    onnx.save(onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 13)]), path)


def check_extract(wakemill, case, root, networks):
    """wakemill's features of files that livekit augmented, with its own draws."""
    config = dataset.make(root, case.seed + 100, case.rounds, case.seconds, case.clips_per_split,
                          case.other_rates)
    with contextlib.chdir(root):
        loaded = originals.load_config(config)
        originals.augment.run_augment(loaded)
        originals.features.run_extraction(loaded, None)
    theirs = {file: np.load(root / "output/parity" / file) for file in FEATURES.values()}
    for file in theirs:
        (root / "output/parity" / file).unlink()
    wakemill.run(config, "--only", "extract")
    worst = max(compare_features(root / "output/parity" / file, rows) for file, rows in theirs.items())
    total = sum(len(rows) for rows in theirs.values())
    print(f"  extract: {total} rows that livekit augmented, largest difference {worst:.1e}")


def check_case(wakemill, case, folder, networks):
    print(f"{case.name}: {case.rounds} rounds of {case.seconds} s")
    built = build(wakemill, case, folder / "built")
    check_order(built)
    check_samples(wakemill, built, folder / "livekit")
    check_features(built, networks)
    check_render(wakemill, built, folder)
    check_training(built)
    check_extract(wakemill, case, folder / "extract", networks)
    return built.rows


def main():
    parser = argparse.ArgumentParser(description="Redoes a build with the Python originals, and compares.")
    parser.add_argument("--wakemill", required=True, help="the binary")
    parser.add_argument("--keep", type=Path, help="work in this folder, and leave everything there")
    parser.add_argument("--case", action="append", help="only this data set")
    parser.add_argument("options", nargs="*", help="options of every `wakemill run`, after --")
    arguments = parser.parse_args()
    wakemill = Wakemill(arguments.wakemill, arguments.options)
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = arguments.keep or stack.enter_context(tempfile.TemporaryDirectory())
        networks = originals.networks()
        cases = [case for case in CASES if not arguments.case or case.name in arguments.case]
        rows = []
        for case in cases:
            rows += check_case(wakemill, case, Path(folder).resolve() / case.name, networks)
        if not arguments.case:
            check_coverage(rows)
    print(f"parity holds ({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    try:
        main()
    except (Failure, AssertionError) as failure:
        sys.exit(f"parity is broken: {failure}")
