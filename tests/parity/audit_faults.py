#!/usr/bin/env python3
"""Plant faults in a data set, and count what the audit finds and what it makes up.

usage: audit_faults.py WAKEMILL WORK [--half calibrate|judge] [--seed 0] [--each 12] [--keep]

Clips are speech synthesised with espeak-ng (positives, negatives) and recorded speech
(Debian's asterisk-core-sounds-en-g722). Thresholds may be set by looking at the half
'calibrate'; what is reported is 'judge': other voices, other texts, other recordings, other
random numbers. Needs espeak-ng, sox, ffmpeg, and the Python packages numpy and soundfile.
"""
import argparse
import collections
import concurrent.futures as cf
import glob
import hashlib
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile as sf

RATE = 16000
VOICES = {"calibrate": ["en-us", "en-gb-scotland", "en-us+f1", "en-us+m1", "en-us+m3", "en-gb+f4"],
          "judge": ["en-gb", "en-029", "en-us+f2", "en-us+m2", "en-us+m4", "en-gb+m5", "en-gb-x-rp"]}
WORDS = ("house river table green seven monday window paper mother silver garden bottle yellow "
         "station winter doctor pocket orange butter travel animal picture number corner music "
         "letter summer kitchen market tomorrow village holiday breakfast mountain engine science").split()


def run(*command, **more):
    subprocess.run([str(part) for part in command], check=True, capture_output=True, **more)


def speak(job):
    path, text, voice, speed, pitch = job
    wav = subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text],
                         capture_output=True, check=True).stdout
    run("sox", "-q", "-V1", "-t", "wav", "-", "-r", RATE, "-c", 1, "-b", 16, path, "gain", "-6", input=wav)


def record(job):
    source, path = job
    run("ffmpeg", "-v", "error", "-y", "-f", "g722", "-i", source, "-af", "volume=-6dB", "-ar", RATE, "-ac", 1, path)


def clean(work, half, rng):
    """Writes the clean clips, and gives them by split."""
    data = work / "data"
    jobs = []
    phrases = {"calibrate": ["hey livekit", "okay computer"], "judge": ["hello jarvis", "hey livekit"]}[half]
    # One pitch of each voice, speed and phrase, and speeds apart: else they are nearly the same audio.
    steps = [(voice, speed, rng.choice((20, 45, 70)), phrase) for voice in VOICES[half] for phrase in phrases
             for speed in range(110, 220, 8)]
    rng.shuffle(steps)
    places = {"positive_train": [s for i, s in enumerate(steps) if i % 3], "positive_test": steps[::3]}
    for split, chosen in places.items():
        for index, (voice, speed, pitch, phrase) in enumerate(chosen):
            jobs.append((data / split / f"said{index:04d}.wav", phrase, voice, speed, pitch))
    said = set()
    for split, count in (("negative_train", 900), ("negative_test", 250)):
        for index in range(count):
            while True:
                words = tuple(rng.sample(WORDS, rng.randint(2, 5)))
                if words not in said:
                    break
            said.add(words)
            jobs.append((data / split / f"said{index:04d}.wav", " ".join(words), rng.choice(VOICES[half]),
                         rng.randint(110, 220), rng.randint(20, 80)))
    # Each once, whatever links there are; of a row and a little more: longer ones are a fault.
    sounds = {}
    for f in sorted(glob.glob("/usr/share/asterisk/sounds/**/*.g722", recursive=True)):
        if "silence" not in f and 6000 < Path(f).stat().st_size < 20_000:
            sounds.setdefault(hashlib.sha256(Path(f).read_bytes()).digest(), f)
    sounds = sorted(sounds.values())
    sounds = sounds[0 if half == "calibrate" else 1::2]
    recorded = [(f, data / ("negative_test" if i % 4 == 0 else "negative_train") / f"recorded{i:04d}.wav")
                for i, f in enumerate(sounds)]
    for split in ("positive_train", "positive_test", "negative_train", "negative_test"):
        (data / split).mkdir(parents=True, exist_ok=True)
    with cf.ThreadPoolExecutor(2) as pool:
        list(pool.map(speak, jobs))
        list(pool.map(record, recorded))
    once(data)


def once(data):
    """Removes clips that are the same audio as one before: some voices have no more than a few
    speeds, and some recordings have two names."""
    same = collections.defaultdict(list)
    for path in sorted(data.glob("*/*.wav")):
        same[sf.info(path).frames].append(path)
    for paths in same.values():
        known = []
        for path in paths:
            samples = sf.read(path)[0]
            spectrum = np.fft.rfft(samples, 2 * len(samples)) / np.sqrt(max(np.sum(samples ** 2), 1e-9))
            if any(np.abs(np.fft.irfft(spectrum * np.conj(other))).max() > 0.99 for other in known):
                path.unlink()
            else:
                known.append(spectrum)


def sounds(work, rng):
    """Backgrounds and rooms, some of them bad; gives those with what is to be found."""
    noise = np.random.default_rng(rng.randrange(1 << 30))
    backgrounds, rooms = work / "backgrounds", work / "rooms"
    backgrounds.mkdir(), rooms.mkdir()

    def write(folder, name, samples):
        sf.write(folder / f"{name}.wav", samples.astype(np.float32), RATE, subtype="PCM_16")
        return f"{folder.name}/{name}.wav"

    for index in range(20):
        write(backgrounds, f"noise{index}", 0.1 * noise.standard_normal(RATE * 20))
    for index in range(40):
        rt60 = 0.15 + 0.03 * index
        t = np.arange(int(RATE * min(rt60, 1.2))) / RATE
        # Most of it direct sound: the effect scales a response by its peak, and a room of
        # more energy would clip what is played in it.
        h = noise.standard_normal(len(t)) * np.exp(-6.9 * t / rt60) * 0.02
        h[0] = 0.9
        write(rooms, f"room{index}", h)
    planted = {}
    for index in range(3):
        planted[write(backgrounds, f"silent{index}", 1e-4 * noise.standard_normal(RATE * 5))] = "sound_silent"
        planted[write(backgrounds, f"constant{index}", np.full(RATE * 5, 0.1 + 0.2 * index))] = "background_constant"
        h = np.concatenate([np.zeros(int(RATE * (0.15 + 0.1 * index))), 0.9 * np.exp(-np.arange(4000) / 700)])
        planted[write(rooms, f"late{index}", h)] = "rir_late"
        planted[write(rooms, f"hiss{index}", 0.3 * noise.standard_normal(RATE * (1 + index) // 2))] = "rir_shape"
    speech = sorted((work / "data/negative_train").glob("recorded*.wav"))
    for index, source in enumerate(speech[:3]):
        samples = sf.read(source)[0][: RATE * 2]
        planted[write(rooms, f"speech{index}", samples)] = "rir_shape"
    return planted


def loud(samples):
    """Where a clip's sound begins and ends."""
    steps = np.abs(samples[: len(samples) // 160 * 160]).reshape(-1, 160).mean(1)
    over = np.nonzero(steps > 0.1 * steps.max())[0]
    return over[0] * 160, (over[-1] + 1) * 160


def strong(samples, rng):
    """A place where the sound is strong: within 6 dB of the loudest 10 ms."""
    steps = np.abs(samples[: len(samples) // 160 * 160]).reshape(-1, 160).mean(1)
    return int(rng.choice(list(np.nonzero(steps > 0.5 * steps.max())[0]))) * 160


class Planter:
    def __init__(self, work, rng):
        self.work, self.rng = work, rng
        self.noise = np.random.default_rng(rng.randrange(1 << 30))
        self.clips = {split: sorted((work / "data" / split).glob("*.wav"))
                      for split in ("positive_train", "positive_test", "negative_train", "negative_test")}
        self.used, self.planted = set(), {}

    def take(self, splits, least=0.0):
        while True:
            split = self.rng.choice(splits)
            path = self.rng.choice(self.clips[split])
            if path not in self.used and sf.info(path).duration > least:
                self.used.add(path)
                return split, path, sf.read(path)[0]

    def put(self, kind, checks, split, path, samples=None, **how):
        if samples is not None:
            sf.write(path, samples, how.get("rate", RATE), subtype=how.get("subtype", "PCM_16"))
        self.planted[(split, path.name)] = (kind, checks)

    def all(self, each):
        every, positive = list(self.clips), ["positive_train", "positive_test"]
        rng, noise = self.rng, self.noise
        for n in range(each):
            split, path, x = self.take(every)
            self.put("silent: noise at -80 dBFS", {"silent"}, split, path, 1e-4 * noise.standard_normal(len(x)))
            split, path, x = self.take(every)
            self.put("silent: zeros", {"silent"}, split, path, 0 * x)
            split, path, x = self.take(every)
            gain = 10 ** (rng.uniform(-62, -56) / 20) / np.sqrt(np.mean(x ** 2))
            self.put("nearly silent", {"quiet", "silent"}, split, path, gain * x, subtype="PCM_24")
            split, path, x = self.take(every)
            x = x / np.abs(x).max()
            self.put("clipped by 6 to 12 dB", {"clipped"}, split, path, np.clip(x * 10 ** (rng.uniform(6, 12) / 20), -1, 1))
            split, path, x = self.take(every)
            x = np.clip(x / np.abs(x).max() * 10 ** (rng.uniform(5, 9) / 20), -1, 1)
            self.put("clipped, then turned down", {"clipped"}, split, path, 0.4 * x)
            split, path, x = self.take(every)
            self.put("offset of 0.01 to 0.05", {"offset"}, split, path, 0.9 * x + rng.choice([-1, 1]) * rng.uniform(0.01, 0.05))
            split, path, x = self.take(every)
            self.put("sound in the other channel alone", {"other_channel"}, split, path, np.stack([0 * x, x], 1))
            split, path, x = self.take(every)
            self.put("nearly all in the other channel", {"other_channel"}, split, path, np.stack([0.02 * x, x], 1))
            split, path, x = self.take(every)
            run("sox", "-q", "-V1", path, self.work / "narrow.wav", "rate", "-h", 8000)
            run("sox", "-q", "-V1", self.work / "narrow.wav", path, "rate", "-h", RATE)
            self.put("8 kHz, converted to 16", {"band_limited"}, split, path)
            split, path, x = self.take(every)
            run("sox", "-q", "-V1", path, "-r", 8000, "-e", "mu-law", self.work / "narrow.wav")
            shutil.copy(self.work / "narrow.wav", path)
            self.put("8 kHz, as a phone sends it", {"band_limited"}, split, path)
            split, path, x = self.take(positive)
            self.put("cut within its first sound", {"cut_start"}, split, path, x[strong(x, rng):])
            split, path, x = self.take(positive)
            self.put("cut within its last sound", {"cut_end"}, split, path, x[: strong(x, rng) + 80])
            split, path, x = self.take(every, 0.3)
            at = strong(x, rng)
            self.put("a tail of zeros", {"gap", "cut_end"}, split, path, np.concatenate([x[:at + 80], np.zeros(RATE // 5)]))
            split, path, x = self.take(every, 0.6)
            at = min(strong(x, rng), len(x) - RATE // 8)
            at = next((a for a in range(at, 0, -160) if np.abs(x[a - 160:a]).mean() > 0.5 * np.abs(x).mean() * 2), at)
            x[at:at + int(RATE * rng.uniform(0.08, 0.12))] = 0
            self.put("a dropout of 80 to 120 ms", {"gap"}, split, path, x)
            split, path, x = self.take(positive)
            self.put("far too long", {"length"}, split, path, np.concatenate([x, 1e-3 * noise.standard_normal(RATE * 8), x]))
            split, path, x = self.take(positive)
            start, _ = loud(x)
            self.put("far too short", {"length", "cut_end"}, split, path, x[start:start + RATE // 20])
            # Pairs: the later of the two is told.
            split, path, x = self.take(every)
            other = path.with_name(f"z{n:03d}.wav")
            shutil.copy(path, other)
            self.put("the same file twice", {"duplicate"}, split, other)
            split, path, x = self.take(["positive_train", "negative_train"])
            test = split.replace("train", "test")
            run("ffmpeg", "-v", "error", "-y", "-i", path, self.work / "data" / test / f"z{n:03d}.flac")
            self.put("train and test: the same, as FLAC", {"leak"}, test, self.work / "data" / test / f"z{n:03d}.flac")
            split, path, x = self.take(every)
            run("ffmpeg", "-v", "error", "-y", "-i", path, "-af", "volume=-4dB", "-b:a", "64k", path.with_name(f"y{n:03d}.mp3"))
            self.put("nearly the same: 4 dB down, MP3", {"near_duplicate"}, split, path.with_name(f"y{n:03d}.mp3"))
            split, path, x = self.take(["positive_train", "negative_train"])
            test = split.replace("train", "test")
            level = np.sqrt(np.mean(x ** 2)) * 10 ** (-30 / 20)
            y = np.concatenate([np.zeros(RATE // 10), 0.7 * x]) + level * noise.standard_normal(len(x) + RATE // 10)
            self.put("train and test: noise at 30 dB, moved", {"leak"}, test, self.work / "data" / test / f"y{n:03d}.wav", y)


def damage(planter, each):
    """MP3 files with two frames overwritten."""
    for n in range(each):
        split, path, _ = planter.take(["negative_train", "negative_test"], 0.8)
        planted = path.with_name(f"x{n:03d}.mp3")
        run("ffmpeg", "-v", "error", "-y", "-i", path, "-b:a", "64k", "-write_xing", "0", planted)
        path.unlink()
        data = bytearray(planted.read_bytes())
        at = int(len(data) * planter.rng.uniform(0.3, 0.7))
        data[at:at + 500] = bytes(500)
        planted.write_bytes(data)
        planter.put("an MP3 with 500 bytes of zeros", {"damaged"}, split, planted)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wakemill", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--half", choices=["calibrate", "judge"], default="judge")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=12)
    parser.add_argument("--keep", action="store_true", help="judge what an earlier run has planted")
    a = parser.parse_args()
    work = a.work.resolve() / a.half
    rng = random.Random(f"{a.half} {a.seed}")
    if a.keep:
        return judge(a.wakemill.resolve(), work)
    if work.exists():
        shutil.rmtree(work)
    work.mkdir(parents=True)
    clean(work, a.half, rng)
    bad_sounds = sounds(work, rng)
    planter = Planter(work, rng)
    planter.all(a.each)
    damage(planter, a.each)
    splits = "".join(f"[[split]]\nname = '{split}'\ninput = 'data/{split}'\nplace = '{place}'\n"
                     for split, place in (("positive_train", "end"), ("positive_test", "end"),
                                          ("negative_train", "center"), ("negative_test", "center")))
    (work / "pipeline.toml").write_text(
        f"seed = 1\noutput = 'out'\n{splits}[augment]\nbackgrounds = 'backgrounds'\nrirs = 'rooms'\n"
        "[failures]\npolicy = 'skip'\n[features]\nbackend = 'native'\n")
    (work / "planted.json").write_text(json.dumps(
        {"clips": [[*key, kind, sorted(checks)] for key, (kind, checks) in planter.planted.items()],
         "sounds": bad_sounds}, indent=1))
    return judge(a.wakemill.resolve(), work)


def judge(wakemill, work):
    planted = json.loads((work / "planted.json").read_text())
    clips = {(split, clip): (kind, set(checks)) for split, clip, kind, checks in planted["clips"]}
    subprocess.run([wakemill, "run", "pipeline.toml", "--overwrite", "--progress", "none"], cwd=work, check=True)
    found, sounds = collections.defaultdict(set), collections.defaultdict(set)
    lines = [json.loads(line) for line in (work / "out/audit.jsonl").read_text().splitlines()]
    for line in lines:
        if "clip" in line:
            found[line["split"], line["clip"]].add(line["check"])
        if "sound" in line:
            sounds[line["sound"]].add(line["check"])
    kinds = collections.defaultdict(lambda: [0, 0])
    missed = []
    for key, (kind, checks) in clips.items():
        hit = bool(found[key] & checks)
        kinds[kind][0] += 1
        kinds[kind][1] += hit
        if not hit:
            missed.append((kind, *key, sorted(found[key])))
    for name, check in planted["sounds"].items():
        hit = any(check in checks for sound, checks in sounds.items() if sound.endswith(name))
        kinds[f"sound: {check}"][0] += 1
        kinds[f"sound: {check}"][1] += hit
        if not hit:
            missed.append((check, name))
    dataset = json.loads((work / "out/dataset.json").read_text())
    total = sum(split["planned"] for split in dataset["splits"])
    untouched = total - len(clips)
    # What is drawn for a row from a bad sound is no fault of its clip.
    rows = [json.loads(line) for line in (work / "out/rows.jsonl").read_text().splitlines()]
    bad = tuple(planted["sounds"])

    def file(drawn):
        return str(drawn.get("file") if isinstance(drawn, dict) else drawn)

    marred = {(row["split"], row["clip"]) for row in rows
              if file(row.get("rir")).endswith(bad) or file(row.get("background")).endswith(bad)}
    # The other clip of a pair is as much a part of it.
    pairs = {(line["other_split"], line["other_clip"]) for line in lines
             if (line.get("split"), line.get("clip")) in clips and "other_clip" in line}
    false = collections.Counter()
    for line in lines:
        key = (line.get("split"), line.get("clip"))
        if key in marred and (line["check"] == "neighbour" or "round" in line):
            continue
        if "clip" in line and key not in clips and key not in pairs:
            false[line["check"]] += 1
            print("false:", json.dumps(line))
    false_sounds = [line for line in lines if "sound" in line
                    and not any(line["sound"].endswith(name) for name in planted["sounds"])]
    for line in missed:
        print("missed:", line)
    for kind, (count, hit) in kinds.items():
        print(f"{kind:42} {hit:4} of {count:4} found")
    count, hit = (sum(column) for column in zip(*kinds.values()))
    print(f"{len(kinds)} kinds, {hit} of {count} found: {100 * hit / count:.2f} %")
    print(f"{untouched} clean clips: false findings {dict(false)}, {1000 * sum(false.values()) / untouched:.2f} in 1,000; "
          f"false findings of sounds: {len(false_sounds)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
