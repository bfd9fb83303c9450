#!/usr/bin/env python3
"""How fast rows come through a wakemill.Stream, against wakemill.run of the same plan:
alternating turns in one process, with a consumer that does nothing, and how long the
first batch of a following epoch takes.

    pip install wakemill
    python benches/stream.py pipelines/quickstart.toml --set augment.rounds=40
"""

import argparse
import statistics
import tempfile
import time

import wakemill


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    ratios = []
    for turn in range(options.turns):
        rates = {}
        for what in ("run", "stream")[:: 1 if turn % 2 else -1]:
            rates[what] = {"run": run, "stream": stream}[what](options)
        ratios.append(rates["stream"] / rates["run"])
        print(f"run {rates['run']:.0f} rows/s, stream {rates['stream']:.0f} rows/s: {ratios[-1]:.3f}")
    print(f"median {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    boundaries(options)


def run(options) -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        dataset = wakemill.run(
            options.config, set=[*options.set, f"output={folder}/out"], on_event=None
        )
        seconds = time.perf_counter() - began
        return sum(split["rows"] for split in dataset.manifest["splits"]) / seconds


def stream(options) -> float:
    began = time.perf_counter()
    with wakemill.Stream(options.config, set=options.set, batch=options.batch) as rows:
        count = sum(len(batch.clip) for batch in rows)
        return count / (time.perf_counter() - began)


def boundaries(options) -> None:
    """Waits for a batch, where a trainer's step takes as long as its rows."""
    with wakemill.Stream(options.config, set=options.set, batch=options.batch) as rows:
        began = time.perf_counter()
        batches = sum(1 for _ in rows)
        step = 1.2 * (time.perf_counter() - began) / batches
        firsts, others = [], []
        for epoch in range(6):
            waited = time.perf_counter()
            for number, _ in enumerate(rows):
                (others if number else firsts).append(time.perf_counter() - waited)
                time.sleep(step)
                waited = time.perf_counter()
        print(
            f"a trainer with steps of {1000 * step:.0f} ms waits {1000 * max(firsts[1:]):.1f} ms at most for "
            f"the first batch of a following epoch, {1000 * max(others):.1f} ms for any other"
        )


if __name__ == "__main__":
    main()
