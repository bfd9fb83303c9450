#!/usr/bin/env python3
"""Counts what was drawn for the rows of an openWakeWord build: rates and ranges of every effect.

usage: oww_statistics.py OUTPUT_FOLDER    (of `wakemill run my_model.yaml`, with backgrounds and rooms; 5,000 rows or more)

Rates are compared with openWakeWord 0.6.0's probabilities by the binomial distribution, parameters with its uniform
distributions by Kolmogorov and Smirnov's test. A right build fails once in a thousand times: each of the tests has its
share of that. Parameters outside of their range fail in any case.
"""
import json
import math
import sys
from pathlib import Path

import numpy as np
from scipy import stats

ERROR_RATE = 1e-3
RATES = {"equalizer": 0.25, "tanh_distortion": 0.25, "pitch_shift": 0.25, "band_stop": 0.25, "colored_noise": 0.25,
         "background": 0.75, "gain_db": 1.0, "rir": 0.5}
ROUNDED = 1e-4


def mel(hz):
    return 2595 * np.log10(1 + np.asarray(hz) / 700)


def parameters(rows):
    """Name, values, and the range that they are uniform in."""
    def of(effect, key=None):
        drawn = (row[effect] for row in rows if row[effect] is not None)
        return np.array([value[key] if key else value for value in drawn])

    bands = [band for row in rows if row["equalizer"] for band in row["equalizer"]]
    yield "equalizer, gain_db", np.array([band["gain_db"] for band in bands]), -6, 6
    yield "tanh_distortion", of("tanh_distortion"), 0.0001, 0.1
    yield "band_stop, center in mel", mel(of("band_stop", "center_hz")), mel(200), mel(4000)
    yield "band_stop, bandwidth", of("band_stop", "bandwidth"), 0.5, 1.99
    yield "colored_noise, snr_db", of("colored_noise", "snr_db"), 10, 30
    yield "colored_noise, f_decay", of("colored_noise", "f_decay"), -1, 2
    yield "background, snr_db", of("background", "snr_db"), -10, 15
    yield "gain_db", of("gain_db"), -18, 0


def main():
    with open(Path(sys.argv[1]) / "rows.jsonl") as file:
        rows = [json.loads(line) for line in file]
    if len(rows) < 5000:
        sys.exit(f"{len(rows)} rows are too few: take more rounds")
    ranges = list(parameters(rows))
    shifts = [json.dumps(row["pitch_shift"], sort_keys=True) for row in rows if row["pitch_shift"]]
    level = ERROR_RATE / (len(RATES) + len(ranges) + 2)
    failed = 0

    def check(what, p, inside=True):
        nonlocal failed
        bad = p < level or not inside
        failed += bad
        print(f"{'FAILED ' if bad else ''}{what}, p = {p:.3f}")

    for effect, rate in RATES.items():
        count = sum(row[effect] is not None for row in rows)
        p = stats.binomtest(count, len(rows), rate).pvalue
        check(f"{effect:16} in {100 * count / len(rows):6.2f} % of {len(rows)} rows, {100 * rate:.0f} % expected", p)
    for what, values, low, high in ranges:
        # Draws in single precision may be at the range's end.
        slack = ROUNDED * (high - low)
        inside = low - slack <= values.min() and values.max() <= high + slack
        p = stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue
        check(f"{what:26} {values.min():9.4f} to {values.max():9.4f} of {len(values)}", p, inside)
    kinds = sorted(set(shifts))
    ratio = [shifts.count(kind) for kind in kinds]
    print("pitch shifts:", dict(zip(kinds, ratio)))
    check("two ratios, as often as each other", stats.binomtest(ratio[0], len(shifts), 0.5).pvalue if len(kinds) == 2 else 0.0)
    rooms = {}
    for row in rows:
        if row["rir"] is not None:
            rooms[row["rir"]] = rooms.get(row["rir"], 0) + 1
    check(f"{len(rooms)} rooms, as often as each other", stats.chisquare(list(rooms.values())).pvalue)
    if failed or any(math.isnan(values.sum()) for _, values, _, _ in ranges):
        sys.exit(f"{failed} of {len(RATES) + len(ranges) + 2} fail")
    print(f"all hold, at an error rate of {ERROR_RATE}")


if __name__ == "__main__":
    main()
