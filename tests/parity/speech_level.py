#!/usr/bin/env python3
"""Active speech level (ITU-T P.56, method B), written from the Recommendation in numpy.

usage: speech_level.py golden            writes tests/golden/speech_level.json
       speech_level.py                   prints it alone

Independent of the program: every sample runs through both exponential averages, the
counters are those of the Recommendation's table, and the level is found by bisection
between two thresholds, as the text says.
"""
import json
import math
import sys
from pathlib import Path

import numpy as np

RATE = 16000
T, HANGOVER, MARGIN = 0.03, 0.2, 15.9


def active_level(x, rate=RATE):
    """Active level in dB of an amplitude of 1, and the activity factor."""
    g = math.exp(-1 / (rate * T))
    hang = math.ceil(HANGOVER * rate)
    thresholds = [2.0 ** -(j + 1) for j in range(16)]
    counts, since = [0] * 16, [hang] * 16
    p = q = squares = 0.0
    for value in np.asarray(x, dtype=np.float64):
        squares += value * value
        p = g * p + (1 - g) * abs(value)
        q = g * q + (1 - g) * p
        for j, c in enumerate(thresholds):
            if q >= c:
                counts[j] += 1
                since[j] = 0
            elif since[j] < hang:
                counts[j] += 1
                since[j] += 1
    if squares == 0:
        return None
    levels = [(10 * math.log10(squares / n), 20 * math.log10(c)) for n, c in zip(counts, thresholds) if n]
    for index, (level, threshold) in enumerate(levels):
        if level - threshold >= MARGIN:
            if index:
                above, below = levels[index - 1], (level, threshold)
                for _ in range(60):
                    middle = ((above[0] + below[0]) / 2, (above[1] + below[1]) / 2)
                    if middle[0] - middle[1] >= MARGIN:
                        below = middle
                    else:
                        above = middle
                level = below[0]
            return level, squares / len(x) / 10 ** (level / 10)
    return None


def clips():
    """Sounds that a formula makes, so that both sides have the same samples."""
    n = np.arange(3 * RATE)
    noise = np.array([((k * 1103515245 + 12345) % 2147483648) / 1073741824 - 1 for k in range(3 * RATE)])
    tone = np.sin(0.3 * n) * 0.5
    syllables = np.maximum(0, np.sin(2 * np.pi * 3.1 * n / RATE)) ** 2
    pause = (n % (2 * RATE) < 1.2 * RATE).astype(float)
    yield "tone", tone
    yield "noise", 0.1 * noise
    yield "syllables", 0.3 * syllables * noise
    yield "speech and pauses", 0.2 * pause * syllables * noise
    yield "speech and pauses in noise", 0.2 * pause * syllables * noise + 0.002 * noise[::-1]
    yield "quiet", 0.003 * syllables * noise
    yield "one word", np.where((n > RATE) & (n < 1.4 * RATE), 0.4 * noise, 0)


def main():
    golden = []
    for name, samples in clips():
        level, activity = active_level(samples.astype(np.float32))
        golden.append({"name": name, "active_db": round(float(level), 3), "activity": round(float(activity), 4)})
        print(golden[-1])
    if sys.argv[1:2] == ["golden"]:
        path = Path(__file__).parent.parent / "golden" / "speech_level.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
