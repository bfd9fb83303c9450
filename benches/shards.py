"""What shards cost: criteria of a build on many machines, on one.

    python benches/shards.py --wakemill target/release/wakemill [--seconds 60] [--clips 1000000]

- processor time of all shards together against one build's, a shard a minute
- `merge` against `cat` and one `sha256sum` of the same bytes, and its memory
- with `--only ray`, Ray against two local processes
- `plan` of a million clips: seconds and memory, and what a shard of it looks at
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

TEXT = """seed = 1
output = "out"
[[split]]
name = "wake"
input = "wake"
[augment]
backgrounds = ["noise"]
rirs = ["rooms"]
"""


def write_wav(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.asarray(samples, "<i2").tobytes())


def project(folder, clips, samples):
    rng = np.random.default_rng(0)
    (folder / "pipeline.toml").write_text(TEXT)
    for index in range(clips):
        noise = rng.integers(-9000, 9000, samples, dtype=np.int16)
        write_wav(folder / "wake" / f"{index // 1000:04}" / f"{index:07}.wav", noise)
    write_wav(folder / "noise/a.wav", rng.integers(-9000, 9000, 160_000, dtype=np.int16))
    write_wav(folder / "rooms/a.wav", rng.integers(-9000, 9000, 4000, dtype=np.int16))


def measured(command, cwd):
    """Seconds, processor seconds and peak memory in MiB of a command."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command}: {said.decode()}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def shards(wakemill, folder, seconds, rate, of, turns):
    clips = int(seconds * rate * of)
    print(f"{clips} clips in {of} shards")
    project(folder, clips, 32_000)
    run = [wakemill, "run", "pipeline.toml", "--progress", "none"]
    for _ in range(turns):
        _, whole, _ = measured([*run, "--set", "output=one", "--overwrite"], folder)
        measured([wakemill, "plan", "pipeline.toml", "--shards", of, "--overwrite"], folder)
        walls, cpu = [], 0.0
        for index in range(of):
            wall, own, _ = measured([*run, "--shard", f"{index}/{of}"], folder)
            walls.append(wall)
            cpu += own
        print(f"  processor time: one build {whole:.1f} s, shards {cpu:.1f} s: {cpu / whole:.3f}")
        print(f"  seconds a shard: {min(walls):.1f} to {max(walls):.1f}")


def merge(wakemill, folder, gigabytes):
    """Of shards that are the same rows many times would differ; so rows of silence."""
    clips = int(gigabytes * 1e9 / 6144 / 50)
    project(folder, clips, 16_000)
    rounds = ["--set", "augment.rounds=50", "--set", "augment.chain=['place','gain']"]
    of = 20
    measured([wakemill, "plan", "pipeline.toml", "--shards", of, *rounds], folder)
    for index in range(of):
        measured(
            [wakemill, "run", "pipeline.toml", "--progress", "none", "--shard", f"{index}/{of}", *rounds],
            folder,
        )
    files = [
        path for path in sorted((folder / "out/shards").glob("*-of-*/*")) if path.suffix in (".npy", ".jsonl")
    ]
    size = sum(path.stat().st_size for path in files) / 1e9
    print(f"merge of {size:.2f} GB in {of} shards")
    for turn in range(3):
        os.sync()
        # Without the sync that a merge does.
        cat = f"cat {' '.join(map(str, files))} > {folder}/all && sha256sum {folder}/all"
        plain, _, _ = measured(["sh", "-c", cat], folder)
        os.remove(folder / "all")
        os.sync()
        wall, cpu, memory = measured(
            [wakemill, "merge", "pipeline.toml", "--progress", "none", "--overwrite", *rounds], folder
        )
        print(f"  cat and sha256sum {plain:.2f} s; merge {wall:.2f} s ({wall / plain:.2f}), {cpu:.2f} s of processor, {memory:.0f} MiB")


def on_ray(wakemill, folder, seconds, rate, of):
    """Two nodes of one CPU on this machine against two local processes, plan included."""
    from ray.cluster_utils import Cluster

    project(folder, int(seconds * rate / 2 * of), 32_000)
    local = f"{wakemill} plan pipeline.toml --shards {of} && seq 0 {of - 1} | xargs -P 2 -I+ {wakemill} run pipeline.toml --progress none --cores 1 --shard +/{of}"
    wall, _, _ = measured(["sh", "-c", local], folder)
    shutil.rmtree(folder / "out")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    driver = [sys.executable, "-m", "wakemill.ray", "pipeline.toml", "--shards", of, "--no-merge"]
    os.environ["WAKEMILL_RAY_COMMAND"] = str(wakemill)
    ray, _, _ = measured([*driver, "--address", cluster.address], folder)
    cluster.shutdown()
    print(f"{of} shards: two processes {wall:.1f} s, Ray {ray:.1f} s: {ray / wall:.3f}")


def large_plan(wakemill, folder, clips):
    project(folder, 1000, 800)
    first = folder / "wake/0000"
    for index in range(1, clips // 1000):
        to = folder / "wake" / f"{index:04}"
        to.mkdir()
        for path in first.iterdir():
            os.link(path, to / path.name)
    # A link is the same file: that is a warning, once.
    of = 1000
    wall, cpu, memory = measured([wakemill, "plan", "pipeline.toml", "--shards", of], folder)
    size = sum(path.stat().st_size for path in (folder / "out/shards").rglob("*") if path.is_file())
    print(f"plan of {clips} clips in {of} shards: {wall:.1f} s, {cpu:.1f} s of processor, {memory:.0f} MiB; {size / 1e6:.0f} MB")
    if shutil.which("strace"):
        trace = folder / "trace"
        run = [wakemill, "run", "pipeline.toml", "--progress", "none", "--shard", f"7/{of}"]
        subprocess.run(
            ["strace", "-f", "-o", trace, "-e", "trace=%file", *map(str, run)],
            cwd=folder, check=True, capture_output=True,
        )
        calls = [line for line in trace.read_text().splitlines() if "wake/" in line and ".wav" in line]
        named = {name for line in calls for name in re.findall(r'"([^"]*\.wav)"', line)}
        print(f"  shard 7: {len(calls)} calls on {len(named)} clips, of {clips // of} that are its own")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wakemill", type=Path, default=Path("target/release/wakemill"))
    parser.add_argument("--seconds", type=float, default=60, help="of a shard")
    parser.add_argument("--rate", type=float, default=400, help="clips a second here")
    parser.add_argument("--shards", type=int, default=3)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--gigabytes", type=float, default=1)
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("shards", "merge", "ray", "plan"))
    args = parser.parse_args()
    wakemill = args.wakemill.resolve()
    parts = {
        "shards": lambda folder: shards(wakemill, folder, args.seconds, args.rate, args.shards, args.turns),
        "merge": lambda folder: merge(wakemill, folder, args.gigabytes),
        "ray": lambda folder: on_ray(wakemill, folder, args.seconds, args.rate, args.shards),
        "plan": lambda folder: large_plan(wakemill, folder, args.clips),
    }
    for name, part in parts.items():
        # Ray is not on every machine.
        if args.only == name or args.only is None and name != "ray":
            with tempfile.TemporaryDirectory() as folder:
                part(Path(folder))


if __name__ == "__main__":
    main()
