#!/usr/bin/env python3
"""How wakemill scales: over worker counts, and as the data set grows.

usage: scaling.py --wakemill PATH [--config CONFIG.yaml] [--runs 3] [--sizes 1 2 5 10]

The first table alternates between worker counts of decode, augment, mel and embed. The second
builds the data set with more and more rounds. Its columns: rows; rows a second while the flow runs;
processor time a row, of the whole process; the share of cores x wall time that was processor time
of the stages' own work; seconds of the process before and after the flow (start-up, report); peak
memory. Last comes the time of a whole process that builds a single row. Medians of the runs.

Without --config a data set is made from the quickstart's clips.
Needs tests/parity/requirements.txt.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from peers import ROOT, make_data

STAGES = ("decode", "augment", "mel", "embed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wakemill", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 5, 10], help="rounds")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        config = (args.config or make_data(Path(scratch) / "data")).resolve()
        wakemill = args.wakemill.resolve()
        over_workers(wakemill, config, args.runs)
        over_size(wakemill, config, args.runs, args.sizes)
        first_row(wakemill, Path(scratch), args.runs)


def over_workers(wakemill, config, runs):
    cores = os.cpu_count()
    embed = sorted({1, *(2 ** power for power in range(1, 10) if 2 ** power <= cores), cores, cores + 1})
    counts = ["auto"] + [(1, max(1, cores // 8), max(1, cores // 8), workers) for workers in embed] + [(cores,) * 4]
    rates = {count: [] for count in counts}
    for _ in range(runs):
        for count in counts:
            rates[count].append(build(wakemill, config, ["augment.rounds=2", *pins(count)])["rate"])
    best = max(statistics.median(rate) for rate in rates.values())
    print(f"{'workers ' + '/'.join(STAGES):34}{'rows/s':>8}{'of best':>9}")
    for count, rate in rates.items():
        median = statistics.median(rate)
        name = count if count == "auto" else "/".join(map(str, count))
        print(f"{name:34}{median:8.0f}{median / best:9.1%}", flush=True)


def over_size(wakemill, config, runs, sizes):
    print(f"\n{'rows':>8}{'rows/s':>8}{'CPU ms/row':>12}{'stages':>8}{'around s':>10}{'peak MiB':>10}")
    for rounds in sizes:
        built = [build(wakemill, config, [f"augment.rounds={rounds}"]) for _ in range(runs)]
        median = {key: statistics.median(run[key] for run in built) for key in built[0]}
        print(f"{median['rows']:8.0f}{median['rate']:8.0f}{median['cpu_ms']:12.2f}{median['stages']:8.1%}"
              f"{median['around']:10.2f}{median['peak']:10.0f}", flush=True)


def first_row(wakemill, scratch, runs):
    clip = next((ROOT / "pipelines/quickstart/wake").glob("*.wav"))
    (scratch / "one").mkdir()
    shutil.copy(clip, scratch / "one")
    pipeline = scratch / "one.toml"
    pipeline.write_text(f"output = '{scratch}/unused'\n[[split]]\nname = 'one'\ninput = 'one'\n")
    seconds = [build(wakemill, pipeline, [])["seconds"] for _ in range(runs)]
    print(f"\na process that builds one row: {statistics.median(seconds):.2f} s")


def pins(count):
    return [] if count == "auto" else [f"stages.{stage}.workers={n}" for stage, n in zip(STAGES, count)]


def build(wakemill, config, settings):
    with tempfile.TemporaryDirectory() as output:
        command = [wakemill, "run", config.name, "--progress", "none"]
        for setting in [f"output={output}", *settings]:
            command += ["--set", setting]
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=config.parent, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            raise SystemExit(f"failed: {command}")
        dataset = json.loads((Path(output) / "dataset.json").read_text())
    rows, wall = sum(split["rows"] for split in dataset["splits"]), dataset["wall_seconds"]
    work = sum(stage["cpu_seconds"] for stage in dataset["stages"])
    return {
        "rows": rows,
        "rate": rows / wall,
        "cpu_ms": 1000 * (usage.ru_utime + usage.ru_stime) / rows,
        "stages": work / (os.cpu_count() * wall),
        "seconds": seconds,
        "around": seconds - wall,
        "peak": usage.ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
