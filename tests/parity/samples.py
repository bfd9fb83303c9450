"""Redoes the audio of every row with livekit-wakeword's own code, and compares it.

A row starts from a clip in round 0, and in a later round from the WAV of the round before. There
are two questions:

- Is a row what livekit makes of what the row started from? Each round is redone from the WAV that
  the build itself wrote for the round before. This is the test of every effect and draw, and the bar
  holds for each row alone: at least 99.9 % of its samples within 1 LSB, none over 3.
- How far do rounds drift apart when livekit starts from its own round before? Two of its steps are
  rough in the last bits: scipy's `fftconvolve` transforms float32 audio in single precision, and
  numpy's float32 `tanh` is fast. So here and there a sample comes out as the next 16-bit value,
  and the equalizers, distortions and rooms of later rounds spread and amplify these steps, whoever
  made them. No program can follow: livekit itself, with those two steps in double precision, drifts
  as far from livekit as it is. That is the measure of a chain: the root mean square difference of
  each round must be no more than that of livekit in double precision (and a tenth). How many rows
  still hold to the bar (in the second round about 99 of 100) is printed, not asked for. From livekit
  in double precision, chained rows hold to the bar for two rounds, which is asked for; later a
  single step is enough to miss it.

livekit takes any sample rate for 16 kHz, wakemill converts. So in the copy that livekit works on,
a file of another rate is replaced by what wakemill reads from it (`render --decoded`: 32-bit
float, unrounded), and the same bar holds. Whether the conversion is right is for resampling.py.
"""

import shutil
from dataclasses import dataclass, field

import numpy as np
import originals
import soundfile as sf
from dataset import RATE, SPLITS
from wakemill import check, wav_name

# Rounds in which a chain holds to the bar where livekit computes in double precision.
STRICT_ROUNDS = 2
# How far chained rounds may drift from livekit's, in units of livekit's own drift.
DRIFT = 1.1


@dataclass
class Tally:
    """Differences of samples, in LSB."""

    rows: int = 0
    # Rows that miss the bar.
    missed: int = 0
    # How many samples differ by 0, 1, 2 …
    counts: np.ndarray = field(default_factory=lambda: np.zeros(1, int))

    def add(self, difference):
        self.rows += 1
        self.missed += not holds(difference)
        counts = np.bincount(difference)
        longer = max(len(counts), len(self.counts))
        self.counts = sum(np.pad(part, (0, longer - len(part))) for part in (counts, self.counts))

    @property
    def worst(self):
        return len(self.counts) - 1

    @property
    def within_one(self):
        return self.counts[:2].sum() / self.counts.sum()

    @property
    def rms(self):
        return np.sqrt(np.sum(self.counts * np.arange(len(self.counts)) ** 2.0) / self.counts.sum())

    def short(self):
        return f"{self.missed:3} {100 * self.within_one:9.4f} %{self.worst:4}{self.rms:7.3f}"

    def __str__(self):
        samples = self.counts.sum()
        return (f"{self.rows} rows, {samples} samples, {100 * self.counts[0] / samples:.4f} % equal, "
                f"{100 * self.within_one:.4f} % within 1 LSB, at most {self.worst} LSB")


def holds(difference):
    """The bar of a row."""
    return np.count_nonzero(difference > 1) <= 0.001 * len(difference) and difference.max() <= 3


def check_samples(wakemill, built, twin):
    """livekit redoes every round of every clip in a copy of the data set."""
    converted = copy(wakemill, built, twin)
    kinds = {}
    for row, ours, theirs in redo(built, twin, chained=False):
        difference = np.abs(ours - theirs)
        check(holds(difference), describe(row, difference))
        kinds.setdefault(kind(row, converted), Tally()).add(difference)
    for name, tally in sorted(kinds.items()):
        print(f"  samples, {name}: {tally}")
    if built.case.rounds > 1:
        check_chain(built, twin)


def copy(wakemill, built, twin):
    """Copies what livekit needs of the data set. Gives the names of files of another rate, in whose
    place is what wakemill reads from them.
    """
    shutil.copytree(built.root, twin, ignore=shutil.ignore_patterns("clip_??????_r*.wav", "*.npy", "*.json*"))
    converted = []
    for path in sorted(twin.rglob("*.wav")):
        if sf.info(path).samplerate != RATE:
            name = path.relative_to(twin)
            wakemill.decode(built.root / name, twin / "decoded")
            (twin / "decoded").replace(path)
            converted.append(str(name))
    return converted


def kind(row, converted):
    """Which of what a row is made of is of another rate."""
    sounds = {"clip": f"output/parity/{row['split']}/{row['clip']}" if row["round"] == 0 else None,
              "room": row["rir"], "background": row["background"]["file"]}
    found = [name for name, sound in sounds.items() if sound in converted]
    return " and ".join(found) + " of another rate" if found else "16 kHz"


def check_chain(built, twin):
    """Every round from livekit's own round before."""
    exact = {}
    for row, _, theirs in redo(built, twin, chained=True, double_precision=True):
        exact[built.wav(row)] = theirs
    rounds = [(Tally(), Tally(), Tally()) for _ in range(built.case.rounds)]
    for row, ours, theirs in redo(built, twin, chained=True):
        double = exact[built.wav(row)]
        for tally, difference in zip(rounds[row["round"]], (ours - theirs, double - theirs, ours - double)):
            tally.add(np.abs(difference))
    print(f"  chained, {rounds[0][0].rows} rows a round: how many miss the bar, samples within 1 LSB, largest and")
    print("  root mean square difference")
    print("           | from livekit             | double precision from it | from double precision")
    for number, tallies in enumerate(rounds):
        print(f"  round {number:2} |" + " |".join(tally.short() for tally in tallies))
    for number, (ours, double, between) in enumerate(rounds):
        check(number >= STRICT_ROUNDS or not between.missed,
              f"chained, round {number}: {between.missed} rows are off from livekit in double precision")
        check(ours.rms <= DRIFT * double.rms,
              f"chained, round {number}: off by {ours.rms:.3f} LSB, livekit from itself by {double.rms:.3f}")


def redo(built, twin, chained, double_precision=False):
    """Gives each row with wakemill's and livekit's samples, in LSB.

    livekit's next round starts from its own where `chained`, else from wakemill's.
    """
    augmentor = originals.ReplayAugmentor(twin, double_precision)
    for number in range(built.case.rounds):
        for split in SPLITS:
            rows = [row for row in built.rows if (row["split"], row["round"]) == (split, number)]
            folder = twin / "output/parity" / split
            originals.replay(augmentor, folder, rows, number, built.case.seconds)
            for row in rows:
                path = folder / wav_name(row)
                ours, theirs = read(built.wav(row)), read(path)
                check(len(ours) == len(theirs), f"{path.name}: {len(ours)} samples, livekit has {len(theirs)}")
                yield row, ours, theirs
                if not chained:
                    shutil.copy(built.wav(row), path)


def read(path):
    info = sf.info(path)
    check((info.samplerate, info.channels, info.subtype) == (RATE, 1, "PCM_16"), f"{path}: {info}")
    return sf.read(path, dtype="int16")[0].astype(int)


def describe(row, difference):
    return (f"{row['split']}/{wav_name(row)}: {np.count_nonzero(difference > 1)} samples of "
            f"{len(difference)} over 1 LSB, {difference.max()} at most; {row}")
