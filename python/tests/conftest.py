"""Data sets and processes for the tests of the installed package."""

import os
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest

import wakemill


@pytest.fixture(scope="session")
def quickstart(tmp_path_factory):
    """The quickstart's pipeline, as ``wakemill init --quickstart`` writes it."""
    folder = tmp_path_factory.mktemp("quickstart")
    subprocess.run(
        [sys.executable, "-m", "wakemill", "init", "--quickstart", str(folder)],
        check=True,
        capture_output=True,
    )
    return folder / "quickstart.toml"


@pytest.fixture(scope="session")
def built(quickstart):
    """The quickstart's data set."""
    return wakemill.run(quickstart, on_event=None)


@pytest.fixture
def clips(tmp_path):
    """Makes folders of short noisy clips, and a pipeline of them."""

    def make(counts, **keys):
        rng = np.random.default_rng(0)
        for split, count in counts.items():
            folder = tmp_path / split
            folder.mkdir(exist_ok=True)
            for index in range(count):
                samples = rng.integers(-3000, 3000, 12000, dtype=np.int16)
                write_wav(folder / f"{index:04}.wav", samples)
        split = [{"name": name, "input": str(tmp_path / name)} for name in counts]
        augment = {"rounds": 1, "chain": ["place", "gain"], **keys.pop("augment", {})}
        return {"output": str(tmp_path / "out"), "split": split, "augment": augment, **keys}

    return make


def write_wav(path, samples, rate=16000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, dtype="<i2").tobytes())


def threads():
    """Threads of this process."""
    return len(os.listdir("/proc/self/task"))


def threads_at_rest(seconds=5.0):
    """Threads of this process once those that have done their work are gone: a thread
    hands over what it made before the system has taken it off its list."""
    end, since, count = time.monotonic() + seconds, time.monotonic(), threads()
    while time.monotonic() < min(end, since + 0.2):
        time.sleep(0.02)
        if threads() != count:
            since, count = time.monotonic(), threads()
    return count


def eventually(check, seconds=5.0):
    """Whether a check comes true soon."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.02)
    return check()


def script(text, *arguments, timeout=60, **options):
    """Runs Python in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        **options,
    )


def concatenated(batches, split):
    """The features of one split's rows, in their order."""
    return np.concatenate([batch.features[batch.split == split] for batch in batches])


def rows(dataset: wakemill.Dataset):
    """The lines of a data set's ``rows.jsonl``."""
    import json

    text = (Path(dataset.path) / "rows.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
