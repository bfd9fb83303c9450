"""Faults of rows for audit_faults.py: what placing a clip and what its effects do."""

import shutil

import numpy as np
import soundfile as sf
from audit_clips import RATE
from audit_plant import loud, room

WINDOW = 2 * RATE


def drawn(row, kind):
    """The file that a row's effect of a kind has drawn."""
    effect = row.get(kind)
    return str(effect.get("file") if isinstance(effect, dict) else effect)


def judge(bench, clips, each):
    placed(bench, clips, each)
    mixed(bench, clips)


class Placed:
    """Clips of three splits, and the faults among them."""

    def __init__(self, folder, rng):
        self.folder, self.rng = folder, rng
        self.noise = np.random.default_rng(rng.randrange(1 << 30))
        self.planted = {}
        for name in ("wake_end", "wake_center", "other"):
            (folder / name).mkdir(parents=True)

    def put(self, split, check, kind, samples):
        name = f"f{len(self.planted):04d}.wav"
        sf.write(self.folder / split / name, samples, RATE, subtype="PCM_16")
        self.planted[split, name] = (check, kind)

    def hush(self, seconds):
        return 1e-4 * self.noise.standard_normal(int(RATE * seconds))

    def all(self, wake, other):
        """One of each kind, of a positive clip and a negative one."""
        rng = self.rng
        # All of the word is before the window.
        x = np.concatenate([wake, self.hush(rng.uniform(2.1, 3))])
        self.put("wake_end", "energy_lost", "a word 2 s before the end", x)
        # Most of it is: 65 to 80 % of its energy, and more where there is a gap behind it.
        lost = np.searchsorted(np.cumsum(wake ** 2), rng.uniform(0.65, 0.8) * np.sum(wake ** 2))
        x = np.concatenate([wake, np.zeros(WINDOW)])[: lost + WINDOW]
        self.put("wake_end", "energy_lost", "a word of which two thirds are outside", x + 1e-4 * self.noise.standard_normal(len(x)))
        x = np.concatenate([other, self.hush(2 + 2 * len(other) / RATE)])
        self.put("other", "energy_lost", "a negative clip whose sound is outside", x)
        # Speech that ends so far behind the window's end.
        x = np.concatenate([other, other, other, other, wake])
        x = x[: loud(x)[1]]
        x = x[-(WINDOW + 2 * int(RATE * rng.uniform(0.1, 0.4))):]
        self.put("wake_center", "end_lost", "a word 100 to 400 ms too late", x)
        at, _ = loud(other)
        short = other[at: at + int(RATE * rng.uniform(0.03, 0.08))]
        self.put("other", "row_silent", "a clip of 30 to 80 ms", short)
        self.put("wake_end", "row_silent", "30 to 80 ms among zeros", np.concatenate([np.zeros(RATE), short, np.zeros(RATE // 2)]))


def placed(bench, clips, each):
    """Rows that are placed and nothing else, so that what is silent stays so."""
    tally, folder = bench.tally, bench.work / "placed"
    this = Placed(folder, bench.rng)
    wake = clips["positive_train"] + clips["positive_test"]
    other = clips["negative_train"] + clips["negative_test"]
    for one, two in zip(wake[:each], other[:each]):
        this.all(sf.read(one)[0], sf.read(two)[0])
    clean = 0
    # Of what is longer than a row, the end is outside: no clean clip of wake_center.
    for split, sources in (("wake_end", wake[each::2]), ("wake_center", wake[each + 1::2]), ("other", other[each:])):
        sources = [path for path in sources if sf.info(path).frames <= WINDOW]
        for path in sources[:300]:
            shutil.copy(path, folder / split / f"c{path.parent.name}_{path.name}")
            clean += 1
    lines, _ = bench.build(folder, "".join(
        f"[[split]]\nname = '{name}'\ninput = '{name}'\nplace = '{place}'\nlabel = '{label}'\n"
        for name, place, label in (("wake_end", "end", "positive"), ("wake_center", "center", "positive"),
                                   ("other", "center", "negative"))) + "[augment]\nchain = ['place']\n")
    found = [(line["split"], line["clip"], line["check"]) for line in lines if "round" in line]
    for (split, clip), (check, kind) in this.planted.items():
        tally.fault(check, kind, (split, clip, check) in found, f"{split} {clip}")
    for line in lines:
        if "round" in line and (line["split"], line["clip"]) not in this.planted:
            tally.false_finding("rows", line)
    tally.not_planted("rows", clean)


def mixed(bench, clips):
    """Rows with good and bad rooms and backgrounds."""
    tally, folder = bench.tally, bench.work / "mixed"
    noise = np.random.default_rng(bench.rng.randrange(1 << 30))
    for name in ("backgrounds", "rooms", "wake", "other"):
        (folder / name).mkdir(parents=True)
    sources = {}
    for split, names in (("wake", ("positive_train", "positive_test")), ("other", ("negative_train", "negative_test"))):
        for path in [path for name in names for path in clips[name]][:200]:
            sources[split, f"{path.parent.name}_{path.name}"] = path
            shutil.copy(path, folder / split / f"{path.parent.name}_{path.name}")
    rooms = {}
    for index in range(16):
        sf.write(folder / f"backgrounds/noise{index}.wav", 0.1 * noise.standard_normal(RATE * 5), RATE)
        sf.write(folder / f"rooms/room{index}.wav", room(0.15 + 0.05 * index, noise), RATE)
    for index in range(4):
        # A background with nothing in it has no level to be scaled to.
        sf.write(folder / f"backgrounds/nothing{index}.wav", np.zeros(RATE * (1 + index)), RATE)
        # The response of a room whose direct sound is missing: scaled by its peak, it is far too loud.
        h = noise.choice([-1, 1], RATE) * np.exp(-np.arange(RATE) / (2000 + 2000 * index))
        rooms[f"blare{index}.wav"] = h
        sf.write(folder / f"rooms/blare{index}.wav", 0.9 * rooms[f"blare{index}.wav"], RATE)
    lines, rows = bench.build(folder, "".join(
        f"[[split]]\nname = '{name}'\ninput = '{name}'\nplace = '{place}'\nlabel = '{label}'\n"
        for name, place, label in (("wake", "end", "positive"), ("other", "center", "negative"))) +
        "[augment]\nrounds = 2\nround_from = 'clip'\nbackgrounds = 'backgrounds'\nrirs = 'rooms'\n")
    found = {(line["split"], line["clip"], line["round"], line["check"]): line for line in lines if "round" in line}
    for row in rows:
        at = (row["split"], row["clip"], row["round"])
        expected = set()
        if "nothing" in drawn(row, "background"):
            expected.add("snr")
            tally.fault("snr", "a row whose background is nothing", (*at, "snr") in found, at)
        name = drawn(row, "rir").rsplit("/", 1)[-1]
        if name in rooms:
            expected.add("row_clipped")
            if clipped(sources[at[:2]], rooms[name]) > 0.35:
                tally.fault("row_clipped", "a row that its room clips", (*at, "row_clipped") in found, at)
        for check in {key[3] for key in found if key[:3] == at} - expected:
            tally.false_finding("rows", found[*at, check])
        tally.not_planted("rows", not expected)


def clipped(path, response):
    """Share of a row that a room clips, whatever gain comes after it."""
    samples = sf.read(path)[0][:WINDOW]
    size = len(samples) + len(response) - 1
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)
    return np.mean(np.abs(wet) > 2) * len(wet) / WINDOW
