#!/usr/bin/env python3
"""What metrics cost: the throughput of builds with metrics on, over that of
builds with metrics off, in alternating runs.

    cargo build --release
    benches/metrics.py [--pairs 15] [--rounds 60] [--wakemill target/release/wakemill]

With metrics on, a scraper asks once a second, more often than Prometheus does.
The ratio of each pair of neighbours is taken, so that whatever else the machine
does falls on both; the order within a pair alternates. Processor time is shown
beside, as it is steadier on a busy machine.
"""

import argparse
import json
import os
import random
import resource
import socket
import statistics
import subprocess
import tempfile
import threading
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def scrape(port, over, scrapes):
    while not over.wait(1.0):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                scrapes.append(len(answer.read()))
        except OSError:
            pass


def build(arguments, output, metrics):
    """Rows a second, and processor seconds."""
    command = [arguments.wakemill, "run", ROOT / "pipelines/quickstart.toml", "--overwrite"]
    command += ["--progress", "none", "--set", f"output={output}"]
    command += ["--set", f"augment.rounds={arguments.rounds}"]
    over, scrapes, scraper = threading.Event(), [], None
    if metrics:
        port = free_port()
        command += ["--metrics", f"127.0.0.1:{port}"]
        scraper = threading.Thread(target=scrape, args=(port, over, scrapes))
        scraper.start()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if scraper:
        over.set()
        scraper.join()
    dataset = json.loads((Path(output) / "dataset.json").read_text())
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return dataset["rows_per_second"], cpu


def interval(values, level=0.95, draws=5000):
    """A bootstrap interval of the median."""
    source = random.Random(0)
    medians = sorted(statistics.median(source.choices(values, k=len(values))) for _ in range(draws))
    return medians[int(draws * (1 - level) / 2)], medians[int(draws * (1 + level) / 2)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=60)
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    parser.add_argument("--wakemill", default=Path(target) / "release/wakemill")
    arguments = parser.parse_args()
    speeds, costs = [], []
    with tempfile.TemporaryDirectory() as folder:
        build(arguments, folder, False)
        for pair in range(arguments.pairs):
            order = (False, True) if pair % 2 else (True, False)
            runs = {metrics: build(arguments, folder, metrics) for metrics in order}
            (rate_off, cpu_off), (rate_on, cpu_on) = runs[False], runs[True]
            speeds.append(rate_on / rate_off)
            costs.append(cpu_on / cpu_off)
            print(f"off {rate_off:7.1f} rows/s {cpu_off:6.2f} s   on {rate_on:7.1f} rows/s {cpu_on:6.2f} s", flush=True)
    for name, ratios in (("throughput", speeds), ("processor time", costs)):
        low, high = interval(ratios)
        print(f"{name}, on over off: {statistics.median(ratios):.4f} (95 %: {low:.4f} to {high:.4f})")


if __name__ == "__main__":
    main()
