"""The binary under test, and what it builds."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import dataset
import numpy as np
import soundfile as sf
from dataset import RATE


class Failure(Exception):
    """What differs."""


def check(condition, message):
    if not condition:
        raise Failure(message)


class Wakemill:
    """The binary under test."""

    def __init__(self, path, options):
        self.path, self.options = Path(path).resolve(), options

    def __call__(self, command, *arguments, cwd, options=()):
        line = [str(self.path), command, *map(str, arguments), *options]
        done = subprocess.run(line, cwd=cwd, capture_output=True, text=True)
        check(done.returncode == 0, f"{' '.join(line)} exits {done.returncode}:\n{done.stderr}")

    def run(self, config, *arguments):
        self("run", config.name, "--progress", "none", "--overwrite", *arguments,
             cwd=config.parent, options=self.options)

    def decode(self, path, output):
        """Writes what wakemill reads from a file: its first channel at 16 kHz, unrounded."""
        pipeline = output.with_name("decode.toml")
        pipeline.write_text('output = "none"\n[augment]\nenabled = false\n'
                            f'[[split]]\nname = "all"\ninput = {json.dumps(str(path.parent))}\n')
        self("render", pipeline, "--split", "all", "--clip", path.name, "--decoded", "-o", output,
             cwd=output.parent)
        info = sf.info(output)
        check((info.samplerate, info.channels, info.subtype) == (RATE, 1, "FLOAT"), f"{output}: {info}")


@dataclass
class Case:
    """A data set to be built."""

    name: str
    seed: int
    rounds: int
    seconds: float
    clips_per_split: int
    other_rates: bool = False

    def make(self, root, seed):
        return dataset.make(root, seed, self.rounds, self.seconds, self.clips_per_split, self.other_rates)


@dataclass
class Build:
    """A data set, built by wakemill."""

    case: Case
    root: Path
    config: Path
    rows: list

    @property
    def output(self):
        return self.root / "output/parity"

    def wav(self, row):
        return self.output / row["split"] / wav_name(row)


def wav_name(row):
    return f"{Path(row['clip']).stem}_r{row['round']}.wav"


def build(wakemill, case, root):
    config = case.make(root, case.seed)
    stale = root / "output/parity/negative_train/clip_999999_r0.wav"
    dataset.write(stale, np.zeros(32000))
    wakemill.run(config, "--set", "output_files.wavs=true", "--set", f"seed={case.seed}")
    check(not stale.exists(), f"{stale.name} of an earlier build is still there")
    rows = [json.loads(line) for line in open(root / "output/parity/rows.jsonl")]
    for row in rows:
        for sound, key in ((row, "rir"), (row["background"], "file")):
            sound[key] = sound[key] and str((root / sound[key]).relative_to(root))
    return Build(case, root, config, rows)
