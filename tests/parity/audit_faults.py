#!/usr/bin/env python3
"""Plant faults in data sets, and count what the audit finds and what it makes up.

usage: audit_faults.py WAKEMILL WORK [--half calibrate|judge] [--seed 0]... [--each 12] [--sets 8] [--details]

Clips are speech synthesised with espeak-ng (positives, negatives) and recorded speech
(Debian's asterisk-core-sounds-en-g722). Thresholds may be set by looking at the half
'calibrate'; what is reported is 'judge': other voices, other texts, other recordings, other
random numbers. Of each seed there is one large set with faulty clips and sounds
(audit_plant.py), two whose rows are faulty (audit_rows.py), small ones that are faulty as a
whole (audit_sets.py), and wake words among negatives (audit_words.py). Needs espeak-ng, sox,
ffmpeg, and the Python packages numpy, onnx, scikit-learn and soundfile.
"""
import argparse
import collections
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import audit_rows
import audit_sets
import audit_words
import soundfile as sf
from audit_clips import PHRASES, SPLITS, clean
from audit_plant import Planter, sounds


class Tally:
    """What was planted and found, and what was found where nothing was planted."""

    def __init__(self, details):
        self.details = details
        self.kinds = collections.defaultdict(lambda: [0, 0])
        self.checks = collections.defaultdict(lambda: [0, 0])
        self.clean, self.false = collections.Counter(), collections.Counter()
        self.missed, self.made_up = collections.Counter(), collections.Counter()

    def fault(self, check, kind, hit, about=""):
        for count in (self.checks[check], self.kinds[kind]):
            count[0] += 1
            count[1] += hit
        if not hit:
            self.say("missed", kind, about)

    def not_planted(self, scope, count):
        """So many clips, sounds or sets without a fault."""
        self.clean[scope] += count

    def false_finding(self, scope, line):
        self.false[scope] += 1
        self.made_up[line["check"]] += 1
        self.say("false", json.dumps(line))

    def say(self, *words):
        # Of the half that judges, nobody looks at single clips.
        if self.details:
            print(*words)

    def table(self):
        for kind, (count, hit) in self.kinds.items():
            print(f"{kind:44} {hit:5} of {count:5} found")
        print(f"\n{'check':20} {'planted':>8} {'found':>8} {'false':>8}")
        for check in sorted({*self.checks, *self.made_up}):
            count, hit = self.checks[check]
            print(f"{check:20} {count:8} {hit:8} {self.made_up[check]:8}")
        count, hit = (sum(column) for column in zip(*self.checks.values()))
        print(f"{len(self.kinds)} kinds, {hit} of {count} found: {100 * hit / count:.2f} %")
        for scope, count in self.clean.items():
            false = self.false[scope]
            print(f"{count} clean {scope}: {false} false findings, {1000 * false / max(count, 1):.2f} in 1,000")


class Bench:
    """The binary under test, a folder to work in and what comes of it."""

    def __init__(self, wakemill, work, half, seed, tally):
        self.wakemill, self.work, self.half, self.tally = wakemill, work, half, tally
        self.rng = random.Random(f"{half} {seed}")
        # How clips are named of the word that the classifier knows.
        self.word = f"wake{PHRASES[half].index(audit_words.WORD)}_"

    def build(self, folder, text):
        """Builds a data set in a folder; the lines of its audit and its rows."""
        (folder / "pipeline.toml").write_text(f"output = 'out'\n{text}\n[features]\nbackend = 'native'\n")
        command = [self.wakemill, "run", "pipeline.toml", "--overwrite", "--progress", "none"]
        subprocess.run(command, cwd=folder, check=True)
        return [self.lines(folder, name) for name in ("audit.jsonl", "rows.jsonl")]

    def lines(self, folder, name):
        return [json.loads(line) for line in (folder / "out" / name).read_text().splitlines()]


def split(name, place, folder=None, more=""):
    return f"[[split]]\nname = '{name}'\ninput = '{folder or 'data/' + name}'\nplace = '{place}'\n{more}\n"


def clips(bench, planter, bad_sounds):
    """Builds the large set, and counts."""
    tally = bench.tally
    places = zip(SPLITS, ("end", "end", "center", "center"))
    lines, rows = bench.build(bench.work, "seed = 1\n" + "".join(split(*of) for of in places) +
                              "[augment]\nbackgrounds = 'backgrounds'\nrirs = 'rooms'\n[failures]\npolicy = 'skip'\n")
    found = collections.defaultdict(set)
    for line in lines:
        found[line.get("split"), line.get("clip"), line.get("sound")].add(line["check"])
    for (part, clip), (kind, checks) in planter.planted.items():
        at = (part, clip, None)
        tally.fault(checks[0], kind, bool(found[at] & set(checks)), f"{part} {clip} {sorted(found[at])}")
    heard = {sound: checks for (_, _, sound), checks in found.items() if sound}
    for name, check in bad_sounds.items():
        hit = any(check in checks for sound, checks in heard.items() if sound.endswith(name))
        tally.fault(check, f"a sound: {check}", hit, name)
    # What is drawn for a row from a bad sound is no fault of its clip.
    marred = {(row["split"], row["clip"]) for row in rows
              if any(audit_rows.drawn(row, kind).endswith(tuple(bad_sounds)) for kind in ("rir", "background"))}
    # The other clip of a pair is as much a part of it.
    pairs = {(line["other_split"], line["other_clip"]) for line in lines
             if (line.get("split"), line.get("clip")) in planter.planted and "other_clip" in line}
    for line in lines:
        key = (line.get("split"), line.get("clip"))
        if "sound" in line and not line["sound"].endswith(tuple(bad_sounds)):
            tally.false_finding("sounds", line)
        if "clip" not in line or key in pairs or key in planter.planted:
            continue
        if key not in marred or not (line["check"] == "neighbour" or "round" in line):
            tally.false_finding("clips", line)
    tally.not_planted("clips", sum(len(clips) for clips in planter.clips.values()))
    count = sum(1 for kind in ("backgrounds", "rooms") for _ in (bench.work / kind).iterdir())
    tally.not_planted("sounds", count - len(bad_sounds))


def one(bench, classifier, each, sets):
    """All of a seed."""
    data = bench.work / "data"
    clean(data, bench.half, bench.rng)
    planter = Planter(data, bench.rng)
    speech = [sf.read(path)[0] for path in planter.clips["negative_train"] if "recorded" in path.name]
    bad_sounds = sounds(bench.work, bench.rng, speech)
    for _ in range(each):
        planter.all()
    clips(bench, planter, bad_sounds)
    audit_rows.judge(bench, planter.clips, each)
    audit_sets.judge(bench, planter.clips, sets)
    audit_words.judge(bench, planter.clips, classifier, each)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wakemill", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--half", choices=["calibrate", "judge"], default="judge")
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--each", type=int, default=12, help="faults of each kind")
    parser.add_argument("--sets", type=int, default=8, help="sets of each kind")
    parser.add_argument("--details", action="store_true", help="tell what was missed, of the half 'calibrate'")
    a = parser.parse_args()
    tally = Tally(a.details and a.half == "calibrate")

    def bench(name, half, seed):
        work = a.work.resolve() / name
        if work.exists():
            shutil.rmtree(work)
        work.mkdir(parents=True)
        return Bench(a.wakemill.resolve(), work, half, seed, tally)

    classifier = audit_words.train(bench("words", a.half, "words"))
    for seed in a.seed or [0]:
        one(bench(f"{a.half}{seed}", a.half, seed), classifier, a.each, a.sets)
    tally.table()
    return 0


if __name__ == "__main__":
    sys.exit(main())
