"""Data sets for the tests of clusters, and what one machine makes of them.

    pytest tests/cluster          # with the Python package installed

What a machine cannot run is 'NOT RUN', and says why (pytest -rs).
"""

import hashlib
import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

#: The command line of the tree, built.
WAKEMILL = os.environ.get("WAKEMILL_BINARY") or shutil.which("wakemill") or "wakemill"

TEXT = """seed = 3
output = "out"
[[split]]
name = "wake"
input = "wake"
place = "end"
[[split]]
name = "other"
input = "other"
[augment]
rounds = 2
backgrounds = ["noise"]
rirs = ["noise"]
[flow]
batch = 4
commit_seconds = 0
"""


def not_run(why):
    """Skips a test, loudly."""
    print(f"NOT RUN: {why}", file=sys.stderr)
    pytest.skip(f"NOT RUN: {why}")


def need(*programs):
    """Skips where a program is not there."""
    for program in programs:
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            not_run(f"there is no {program}")


def write_wav(path, samples):
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.asarray(samples, "<i2").tobytes())


class Project:
    """A pipeline with its clips in a folder."""

    def __init__(self, folder: Path, clips: int) -> None:
        self.folder = folder
        self.file = folder / "pipeline.toml"
        self.output = folder / "out"
        self.file.write_text(TEXT)
        rng = np.random.default_rng(0)
        for index in range(clips):
            split = "wake" if index % 3 else "other"
            samples = rng.integers(-3000, 3000, 20_000, dtype=np.int16)
            write_wav(folder / split / f"{index:04}.wav", samples)
        write_wav(folder / "noise" / "a.wav", rng.integers(-3000, 3000, 50_000, dtype=np.int16))

    def one_machine(self):
        """The hashes of what one machine makes."""
        output = self.folder / "one"
        done = self.wakemill("run", "--set", f"output={output}", "--progress", "none")
        assert done.returncode == 0, done.stderr
        return hashes(output)

    def wakemill(self, command, *arguments):
        return subprocess.run(
            [WAKEMILL, command, str(self.file), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    def shards(self):
        """The shards that are whole."""
        return [path.parent for path in sorted(self.output.glob("shards/*/shard.json"))]


def hashes(folder: Path):
    files = [path for path in sorted(folder.iterdir()) if path.suffix in (".npy", ".jsonl")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def project(tmp_path):
    return lambda clips: Project(tmp_path, clips)
