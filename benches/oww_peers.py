#!/usr/bin/env python3
"""Time wakemill against openWakeWord 0.6.0 on the same data, machine and run, alternating.

usage: oww_peers.py --wakemill PATH --python PYTHON [--config my_model.yaml] [--runs 5] [--livekit CONFIG.yaml]

The peer is what `train.py --augment_clips` does, in one process, with one torch thread and with two: every
clip of four splits to augmented audio to features, batches of 16, half of the cores for ONNX Runtime. PYTHON
is an interpreter with tests/parity/oww_requirements.txt. A fourth of openWakeWord's batches is shifted in
pitch at 50 times the cost of the rest, so its runs differ by chance: every turn has a seed of its own, the
same for all numbers of threads. Without --config a data set is made from the quickstart's clips.

Prints clips per second of every turn, then the ratios of medians with the spread of the pairs.
"""
import argparse
import functools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = (1, 2)
SPLITS = ("positive_train", "negative_train", "positive_test", "negative_test")


def main():
    import peers

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wakemill", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--livekit", type=Path, help="a livekit YAML whose rate is measured beside")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        config = (args.config or make_data(peers, Path(scratch) / "data")).resolve()
        wakemill = args.wakemill.resolve()
        contenders = {"wakemill, native": lambda: peers.run_wakemill(wakemill, config, "native")}
        if args.livekit:
            livekit = args.livekit.resolve()
            contenders["wakemill, livekit's YAML"] = lambda: peers.run_wakemill(wakemill, livekit, "native")
        for threads in THREADS:
            turns = iter(range(1_000_000))
            contenders[f"openWakeWord 0.6.0, {threads} torch threads"] = (
                lambda threads=threads, turns=turns: run_peer(args.python.absolute(), config, threads, next(turns)))
        peers.report(peers.alternate(contenders, args.runs))


def run_peer(python, config, threads, seed):
    """Clips, and seconds of the peer's steps, its imports not counted."""
    command = [python, __file__, "--peer", config.name, str(threads), str(seed)]
    done = subprocess.run(command, cwd=config.parent, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return tuple(map(float, done.stdout.decode().splitlines()[-1].split()))


def make_data(peers, folder):
    """openWakeWord's layout, of the clips that the other benchmark makes."""
    livekit = peers.make_data(folder)
    config = folder / "openwakeword.yaml"
    config.write_text("model_name: bench\ntarget_phrase: [hey miller]\noutput_dir: ./output\n"
                      "rir_paths: [./data/rirs]\nbackground_paths: [./data/backgrounds]\n"
                      "background_paths_duplication_rate: [1]\naugmentation_batch_size: 16\n"
                      "augmentation_rounds: 1\n")
    livekit.unlink()
    return config


def peer(config, threads, seed):
    """Does what train.py does; prints clips and seconds."""
    import random
    import shutil

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/parity"))
    import oww_originals  # lets openWakeWord be imported
    import numpy as np
    import scipy.io.wavfile
    import openwakeword.utils
    import torch
    import yaml
    from openwakeword.data import augment_clips
    from openwakeword.utils import compute_features_from_generator

    # They are not in its wheel; these are the same files.
    home = Path(os.environ.get("WAKEMILL_HOME") or "~/.cache/wakemill").expanduser()
    models = next(home.rglob("melspectrogram.onnx")).parent
    openwakeword.utils.AudioFeatures = functools.partial(
        oww_originals.AudioFeatures, melspec_model_path=str(models / "melspectrogram.onnx"),
        embedding_model_path=str(models / "embedding_model.onnx"))

    torch.set_num_threads(threads)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    config = yaml.safe_load(Path(config).read_text())
    root = Path(config["output_dir"]) / config["model_name"]
    rooms = [entry.path for folder in config["rir_paths"] for entry in os.scandir(folder)]
    backgrounds = [entry.path for folder in config["background_paths"] for entry in os.scandir(folder)]
    out = root / "peer"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    start = time.perf_counter()
    positives = [str(path) for path in (root / "positive_test").glob("*.wav")]
    lengths = [len(scipy.io.wavfile.read(positives[np.random.randint(len(positives))])[1]) for _ in range(50)]
    window = int(round(np.median(lengths) / 1000) * 1000) + 12000
    window = 32000 if window <= 36000 else window
    clips = 0
    for split in SPLITS:
        paths = [str(path) for path in (root / split).glob("*.wav")]
        batches = augment_clips(paths, total_length=window, batch_size=config["augmentation_batch_size"],
                                background_clip_paths=backgrounds, RIR_paths=rooms)
        compute_features_from_generator(batches, n_total=len(paths), clip_duration=window,
                                        output_file=str(out / f"{split}.npy"), device="cpu",
                                        ncpu=max(1, (os.cpu_count() or 1) // 2))
        clips += len(paths)
    seconds = time.perf_counter() - start
    shutil.rmtree(out)
    print(clips, seconds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        peer(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
