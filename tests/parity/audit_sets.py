"""Faults of whole data sets for audit_faults.py, and clips under the wrong label."""

import json

import numpy as np
import soundfile as sf
from audit_clips import RATE, SPLITS, run
from audit_plant import room

# Clips of each split in a set, of which the audit looks at every one.
SIZES = {"positive_train": 60, "positive_test": 25, "negative_train": 100, "negative_test": 50}
PLACES = {"positive_train": "end", "positive_test": "end", "negative_train": "center", "negative_test": "center"}
# Clips of a set with wrong labels.
SWAPPED = 3
CHECKS = ("shared_sound", "uneven_use", "overlap", "drift")


def judge(bench, clips, count):
    noise = np.random.default_rng(bench.rng.randrange(1 << 30))
    Set(bench, noise).sounds()
    for number in range(count):
        for kind, check in (("a set without a fault", None), ("labels at random, of all or half", "overlap"),
                            ("test clips of another room", "drift"), ("test clips that are muffled", "drift"),
                            ("test clips under a hum", "drift"), ("a noise listed 40 times", "uneven_use"),
                            ("a noise listed 10 times", "uneven_use"), ("a set without tests", None)):
            this = Set(bench, noise, number)
            this.pick(clips)
            this.plant(kind)
            this.count(kind, check)


class Set:
    """One set, whose splits are lists of files."""

    def __init__(self, bench, noise, number=0):
        self.bench, self.rng, self.noise, self.number = bench, bench.rng, noise, number
        self.folder = bench.work / "sets"
        self.more, self.swapped, self.splits = "", set(), {}

    def sounds(self):
        for name in ("backgrounds", "rooms", "moved"):
            (self.folder / name).mkdir(parents=True)
        for index in range(20):
            sf.write(self.folder / f"backgrounds/noise{index}.wav", 0.1 * self.noise.standard_normal(RATE * 5), RATE)
            sf.write(self.folder / f"rooms/room{index}.wav", room(0.15 + 0.05 * index, self.noise), RATE)

    def pick(self, clips):
        """Of one wake word."""
        for split in SPLITS:
            paths = [path for path in clips[split] if not path.name.startswith("wake1")]
            self.splits[split] = self.rng.sample(paths, min(SIZES[split], len(paths)))

    def plant(self, kind):
        """The fault of the whole; wake words among the negatives where there is none."""
        for part in ("train", "test"):
            positive, negative = self.splits[f"positive_{part}"], self.splits[f"negative_{part}"]
            if kind.startswith("labels"):
                # As many swapped on either side: of half of the positives nobody knows what they are.
                share = self.rng.uniform(0.5, 1)
                for index in range(int(share * len(positive) / 2)):
                    positive[index], negative[index] = negative[index], positive[index]
            elif part == "train" and kind == "a set without a fault":
                for path in positive[:SWAPPED]:
                    self.swapped.add(("negative_train", str(path)))
                    negative.append(path)
                del positive[:SWAPPED]
            elif part == "test" and kind.startswith("test"):
                for split in ("positive_test", "negative_test"):
                    self.splits[split] = [self.moved(path, kind) for path in self.splits[split]]
        if kind == "a set without tests":
            del self.splits["positive_test"], self.splits["negative_test"]
        if "listed" in kind:
            times = int(kind.split()[-2])
            self.more = ("backgrounds = ['backgrounds', 'backgrounds/noise0.wav']\n"
                         f"background_repeats = [1, {times}]\n")

    def moved(self, path, kind):
        target = self.folder / "moved" / path.parent.name / f"{path.stem}_{self.number}.wav"
        target.parent.mkdir(exist_ok=True)
        samples = sf.read(path)[0]
        if "muffled" in kind:
            run("sox", "-q", "-V1", path, target, "sinc", "-700")
            return target
        if "room" in kind:
            t = np.arange(RATE) / RATE
            samples = np.convolve(samples, self.noise.standard_normal(RATE) * np.exp(-6.9 * t / 0.9))
        else:
            t = np.arange(len(samples)) / RATE
            samples = samples + np.sqrt(np.mean(samples ** 2)) * sum(np.sin(2 * np.pi * 100 * n * t) for n in (1, 3, 5, 7))
        sf.write(target, 0.5 * samples / np.abs(samples).max(), RATE, subtype="PCM_16")
        return target

    def count(self, kind, check):
        """Builds it, and counts."""
        text = f"seed = {self.number}\n"
        for split, paths in self.splits.items():
            (self.folder / f"{split}.txt").write_text("".join(f"{path}\n" for path in paths))
            text += f"[[split]]\nname = '{split}'\ninput = '{split}.txt'\nplace = '{PLACES[split]}'\n"
        sounds = self.more + "".join(f"{key} = '{folder}'\n" for key, folder in
                                     (("backgrounds", "backgrounds"), ("rirs", "rooms")) if f"{key} =" not in self.more)
        text += f"[augment]\n{sounds}"
        lines, _ = self.bench.build(self.folder, text)
        tally, found = self.bench.tally, {line["check"]: line for line in lines}
        expected = {check} - {None}
        if "positive_test" in self.splits:
            # All splits of a configuration draw from the same sounds.
            expected.add("shared_sound")
        for check in expected:
            tally.fault(check, f"a set: {kind if check != 'shared_sound' else 'sounds in train and test'}", check in found,
                        f"{self.number} {json.dumps(self.numbers())}")
        for other in {*CHECKS} & {*found} - expected:
            # Those of the two parts are apart or not: what is moved far is nobody's neighbour.
            tally.false_finding("sets", found[other])
        tally.not_planted("sets", not expected - {"shared_sound"})
        if kind == "a set without a fault":
            self.count_labels(lines)

    def numbers(self):
        dataset = json.loads((self.folder / "out/dataset.json").read_text())
        return dataset.get("audit", {}).get("numbers", {})

    def count_labels(self, lines):
        tally = self.bench.tally
        found = {(line["split"], line["clip"], line["check"]): line for line in lines if "clip" in line}
        for (split, name) in self.swapped:
            tally.fault("neighbour", "a wake word among negatives", (split, name, "neighbour") in found, name)
        for (split, name, check), line in found.items():
            if check == "neighbour" and (split, name) not in self.swapped:
                tally.false_finding("labels", line)
        tally.not_planted("labels", sum(map(len, self.splits.values())) - len(self.swapped))
