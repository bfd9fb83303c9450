#!/usr/bin/env python3
"""Redoes a build with the Python originals, and compares.

usage: parity.py --wakemill PATH [--keep DIR] [-- OPTION...]

Options after `--` go to every `wakemill run`, as in `-- --set features.strategy=windows`.

Small data sets are built from livekit-wakeword configurations. Then, with livekit-wakeword 0.3.0,
audiomentations, scipy and soundfile (requirements.txt):

- what wakemill reads from files of other rates is compared with ideal resampling (resampling.py);
- every round of every clip is redone by livekit's own code with the draws of rows.jsonl, from the
  clip or from wakemill's WAV of the round before, and the WAVs are compared: at least 99.9 % of the
  samples of each within 1 LSB, none over 3, whatever the rates of its files (samples.py, which also
  says what becomes of it when livekit starts from its own round before);
- livekit's own features of wakemill's WAVs are compared with the .npy files: same rows in the
  same order, values within 2e-3;
- wakemill's features of WAVs that livekit augmented (`--only extract`) are compared with livekit's;
- the .npy files are read by livekit's training generator and by its evaluation;
- `wakemill render` of every row must equal its WAV, sample for sample.
"""

import argparse
import contextlib
import math
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import originals
import resampling
from dataset import SPLITS
from samples import check_samples
from wakemill import Case, Failure, Wakemill, build, check, wav_name

FEATURES = dict(zip(SPLITS, (
    "positive_features_train.npy", "positive_features_test.npy",
    "negative_features_train.npy", "negative_features_test.npy",
    "background_noise_features_train.npy", "background_noise_features_test.npy")))

FEATURE_TOLERANCE = 2e-3

CASES = [
    Case("every-effect", seed=1, rounds=3, seconds=2.0, clips_per_split=10),
    Case("other-rates", seed=2, rounds=2, seconds=2.0, clips_per_split=7, other_rates=True),
    # Row order: _r0, _r1, _r10, _r11, _r2 …; and windows so short that rows begin with zeros.
    Case("twelve-rounds", seed=3, rounds=12, seconds=1.1, clips_per_split=2),
    Case("long-window", seed=4, rounds=1, seconds=2.7, clips_per_split=4),
]


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
    check(len(found) == 20 and all(found.values()), f"not every branch is covered: {dict(found)}")


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
    label = {split: int("positive" in split) for split in SPLITS}
    batches = originals.mmap_batch_generator(
        {split: built.output / file for split, file in FEATURES.items()},
        {split: 7 for split in SPLITS},
        {split: lambda _, split=split: label[split] for split in SPLITS})
    expected = {(row.tobytes(), label[split]) for split in SPLITS for row in rows[split]}
    given = set()
    # As many as the generator takes for the longest file.
    for _ in range(math.ceil(max(map(len, rows.values())) / 7)):
        batch, labels = next(batches)
        check(batch.shape == (7 * len(SPLITS), 16, 96) and batch.dtype == np.float32, f"batch {batch.shape}")
        given |= {(row.tobytes(), int(label)) for row, label in zip(batch, labels)}
    check(given == expected, f"livekit trains on {len(given)} rows, not on the {len(expected)} of the files")

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
    print(f"  training: {len(given)} rows read; evaluation: {counts['n_positive']} positives and "
          f"{counts['n_negative']} negatives")


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
    config = case.make(root, case.seed + 100)
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
    if case.other_rates:
        resampling.check_files(wakemill, built.root, folder / "resampling")
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
        if not arguments.case:
            print(f"resampling: {len(resampling.RATES)} rates")
            resampling.check_rates(wakemill, Path(folder).resolve() / "resampling")
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
