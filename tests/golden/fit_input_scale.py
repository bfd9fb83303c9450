#!/usr/bin/env python3
"""Fits the weights of src/pipeline/inspect/scale.rs, and says how well they hold elsewhere.

usage: fit_input_scale.py KIND=PATTERN... [--noise=PATTERN]

Each KIND is one kind of audio, PATTERN a glob of its files, as in `speech='clips/*.wav'`. Of each
file 2 s are taken, placed in silence where it is shorter, mixed with noise two times in three, and
brought to a peak between -30 and 0 dB; livekit-wakeword's front end embeds them on both input
scales. A ridge regression of -1 (unit) and +1 (int16) on a row's mean embedding, in which every
kind counts the same, is printed; before it, for each kind, how it does without that kind.

The weights in the source come from this method on synthesised wake words, synthesised and recorded
speech, music, coloured noise, tests/parity's rows and the quickstart clips, and on the embeddings
of two livekit-preset builds (one on each scale), which this script does not read: it gives similar
weights, not the same.
"""
import glob
import sys
from math import gcd
from pathlib import Path

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly

sys.path.insert(0, str(Path(__file__).parent.parent / "parity"))
import originals

RATE, WINDOW, RIDGE = 16000, 32000, 100


def read(path):
    audio, rate = sf.read(path, always_2d=True)
    shared = gcd(RATE, rate)
    return audio[:, 0] if rate == RATE else resample_poly(audio[:, 0], RATE // shared, rate // shared)


def window(rng, audio):
    if len(audio) >= WINDOW:
        start = rng.integers(0, len(audio) - WINDOW + 1)
        return audio[start:start + WINDOW]
    front = rng.integers(0, WINDOW - len(audio) + 1)
    return np.pad(audio, (front, WINDOW - len(audio) - front))


def rows(rng, paths, noises, networks):
    """Mean embeddings on both scales, and which."""
    mel, embedding = networks
    for path in paths:
        audio = window(rng, read(path))
        if not audio.any():
            continue
        mode = rng.integers(3)
        if mode and noises:
            noise = window(rng, read(noises[rng.integers(len(noises))]))
            # As livekit does it, silence around a clip stays silent.
            noise = noise * (audio != 0) if mode == 2 else noise
            snr = 10 ** (rng.uniform(5, 15) / 10)
            audio = audio + noise * np.sqrt(np.mean(audio ** 2) / (np.mean(noise ** 2) + 1e-8) / snr)
        level = 10 ** (-rng.uniform(0, 30) / 20) / np.abs(audio).max()
        pcm = np.clip(np.floor(audio * level * 32768), -32768, 32767)
        for scale, target in ((32768, -1.0), (1, 1.0)):
            yield embedding.extract_embeddings(mel((pcm / scale).astype(np.float32)))[0, -16:].mean(0), target


def fit(embeddings, targets, kinds):
    share = np.array([np.mean(kinds == kind) for kind in kinds])
    weight = share ** -0.5 / np.mean(share ** -0.5)
    middle, spread = embeddings.mean(0), embeddings.std(0)
    design = np.c_[(embeddings - middle) / spread, np.ones(len(embeddings))]
    weighted = design * weight[:, None]
    solution = np.linalg.solve(weighted.T @ design + RIDGE * np.eye(design.shape[1]), weighted.T @ targets)
    weights = solution[:-1] / spread
    return weights, solution[-1] - weights @ middle


def main():
    arguments = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
    noises = sorted(glob.glob(arguments.pop("--noise", "")))
    rng, networks = np.random.default_rng(0), originals.networks()
    data = [(embedding, target, kind) for kind, pattern in arguments.items()
            for embedding, target in rows(rng, sorted(glob.glob(pattern)), noises, networks)]
    embeddings, targets, kinds = map(np.array, zip(*data))
    for kind in arguments:
        rest = kinds != kind
        weights, bias = fit(embeddings[rest], targets[rest], kinds[rest])
        scores, truth = embeddings[~rest] @ weights + bias, targets[~rest]
        print(f"{kind}: without it {100 * np.mean((scores > 0) == (truth > 0)):.1f} % of its rows on the right "
              f"side, unit {scores[truth < 0].mean():+.2f}, int16 {scores[truth > 0].mean():+.2f} on average")
    weights, bias = fit(embeddings, targets, kinds)
    print("bias", round(bias, 4))
    for line in weights.reshape(-1, 6):
        print("    " + ", ".join(f"{weight:.4f}" for weight in line) + ",")


if __name__ == "__main__":
    main()
