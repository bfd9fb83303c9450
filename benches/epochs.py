#!/usr/bin/env python3
"""What fresh augmentation in every epoch is worth: a small classifier trained on a
wakemill.Stream of some epochs, against the same trained as often on the rows of one
fixed build. Both see the same clips in the same order, from the same first weights; what
is held out is the rows of other clips. Five seeds.

    pip install wakemill
    python benches/epochs.py config.yaml    # a livekit-wakeword configuration
"""

import argparse
import statistics

import numpy as np

import wakemill

TRAIN = {"positive_train": 64, "negative_train": 64}
TEST = ["positive_test", "negative_test"]
HIDDEN = 32


class Classifier:
    """One hidden layer, trained by Adam (Kingma and Ba 2015) on the cross-entropy."""

    def __init__(self, seed: int, inputs: int) -> None:
        rng = np.random.default_rng(seed)
        self.weights = [
            rng.normal(0, inputs**-0.5, (inputs, HIDDEN)),
            np.zeros(HIDDEN),
            rng.normal(0, HIDDEN**-0.5, HIDDEN),
            np.zeros(1),
        ]
        self.moments = [(np.zeros_like(w), np.zeros_like(w)) for w in self.weights]
        self.steps = 0

    def scores(self, x: np.ndarray) -> np.ndarray:
        a, b, c, d = self.weights
        return np.maximum(x @ a + b, 0) @ c + d

    def train(self, x: np.ndarray, label: np.ndarray) -> None:
        a, b, c, d = self.weights
        hidden = np.maximum(x @ a + b, 0)
        error = (1 / (1 + np.exp(-(hidden @ c + d))) - label) / len(x)
        back = np.outer(error, c) * (hidden > 0)
        gradients = [x.T @ back, back.sum(0), hidden.T @ error, error.sum(keepdims=True)]
        self.steps += 1
        for index, gradient in enumerate(gradients):
            first, second = self.moments[index]
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            step = first / (1 - 0.9**self.steps)
            scale = np.sqrt(second / (1 - 0.999**self.steps)) + 1e-8
            self.weights[index] = self.weights[index] - 1e-3 * step / scale


def flat(features: np.ndarray) -> np.ndarray:
    return features.reshape(len(features), -1).astype(np.float64) / 25


def area(scores: np.ndarray, label: np.ndarray) -> float:
    """The area under the curve of true by false positives."""
    order = scores.argsort().argsort() + 1.0
    positive = label > 0.5
    n, m = positive.sum(), (~positive).sum()
    return float((order[positive].sum() - n * (n + 1) / 2) / (n * m))


def trained(config: str, seed: int, epochs: int, fresh: bool, settings: dict) -> Classifier:
    """A classifier after some epochs; without `fresh`, each has the rows of epoch 0."""
    stream = wakemill.Stream(config, batch=TRAIN, shuffle=True, set={**settings, "seed": seed})
    fixed = {}
    if not fresh:
        plain = wakemill.Stream(config, splits=list(TRAIN), set={**settings, "seed": seed})
        for batch in plain:
            for row, *key in zip(batch.features, batch.split, batch.clip, batch.round):
                fixed[tuple(key)] = row
    classifier = Classifier(seed, 16 * 96)
    for _ in range(epochs):
        for batch in stream:
            rows = batch.features
            if not fresh:
                keys = zip(batch.split, batch.clip, batch.round)
                rows = np.stack([fixed[key] for key in keys])
            classifier.train(flat(rows), (batch.split == "positive_train").astype(float))
    return classifier


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--snr", type=float, nargs=2, default=[-5, 15], metavar="DB")
    options = parser.parse_args()
    settings = {"augment.background.snr_db": options.snr}
    test = list(wakemill.Stream(options.config, splits=TEST, set={**settings, "seed": 999}))
    held_out = flat(np.concatenate([batch.features for batch in test]))
    label = np.concatenate([batch.split == "positive_test" for batch in test]).astype(float)
    print(f"{options.epochs} epochs, {len(label)} rows held out, SNR {options.snr} dB")
    results = {True: [], False: []}
    for seed in range(options.seeds):
        for fresh in results:
            scores = trained(options.config, seed, options.epochs, fresh, settings).scores(held_out)
            wrong = float(((scores > 0) != (label > 0.5)).mean())
            results[fresh].append((area(scores, label), 100 * wrong))
        print(seed, *(f"{name}: area {results[of][-1][0]:.4f}, wrong {results[of][-1][1]:.2f} %"
                      for name, of in (("fresh", True), ("fixed", False))))
    for name, fresh in (("fresh", True), ("fixed", False)):
        areas, wrong = zip(*results[fresh])
        print(f"{name}: area {statistics.mean(areas):.4f} ± {statistics.stdev(areas):.4f}, "
              f"wrong {statistics.mean(wrong):.2f} ± {statistics.stdev(wrong):.2f} %")


if __name__ == "__main__":
    main()
