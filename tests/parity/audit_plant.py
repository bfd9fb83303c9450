"""Faults of clips and sounds for audit_faults.py."""

import shutil

import numpy as np
import soundfile as sf
from audit_clips import RATE, SPLITS, run

POSITIVE = ["positive_train", "positive_test"]
TRAIN = ["positive_train", "negative_train"]


def loud(samples):
    """Where a clip's sound begins and ends."""
    steps = np.abs(samples[: len(samples) // 160 * 160]).reshape(-1, 160).mean(1)
    over = np.nonzero(steps > 0.1 * steps.max())[0]
    return over[0] * 160, (over[-1] + 1) * 160


def strong(samples, rng, end=None):
    """A place where the sound is strong: within 6 dB of the loudest 10 ms."""
    steps = np.abs(samples[: len(samples) // 160 * 160]).reshape(-1, 160).mean(1)
    places = np.nonzero(steps > 0.5 * steps.max())[0] * 160
    return int(rng.choice(list(places[places < (end or len(samples))])))


class Planter:
    """Takes clean clips, each once, and puts faulty ones in their place or beside them."""

    def __init__(self, data, rng):
        self.data, self.rng = data, rng
        self.noise = np.random.default_rng(rng.randrange(1 << 30))
        self.clips = {split: sorted((data / split).glob("*.wav")) for split in SPLITS}
        for clips in self.clips.values():
            rng.shuffle(clips)
        # What was planted: kind and checks by split and clip, the first check that which is meant.
        self.planted = {}

    def take(self, splits=SPLITS, least=0.0):
        left = [path for split in splits for path in self.clips[split] if sf.info(path).duration > least]
        path = self.rng.choice(left)
        self.clips[path.parent.name].remove(path)
        return path, sf.read(path)[0]

    def put(self, kind, checks, path, samples=None, rate=RATE, subtype="PCM_16"):
        if samples is not None:
            sf.write(path, samples, rate, subtype=subtype)
        self.planted[path.parent.name, path.name] = (kind, checks.split())

    def all(self):
        """One of each kind."""
        self.levels()
        self.bands()
        self.ends()
        self.gaps()
        self.lengths()
        self.pairs()
        self.damage()

    def levels(self):
        rng, noise = self.rng, self.noise
        path, x = self.take()
        self.put("silent: noise at -80 dBFS", "silent", path, 1e-4 * noise.standard_normal(len(x)))
        path, x = self.take()
        self.put("silent: zeros", "silent", path, 0 * x)
        path, x = self.take()
        gain = 10 ** (rng.uniform(-62, -56) / 20) / np.sqrt(np.mean(x ** 2))
        self.put("nearly silent", "quiet silent", path, gain * x, subtype="PCM_24")
        path, x = self.take()
        x = x / np.abs(x).max() * 10 ** (rng.uniform(6, 12) / 20)
        self.put("clipped by 6 to 12 dB", "clipped", path, np.clip(x, -1, 1))
        path, x = self.take()
        x = np.clip(x / np.abs(x).max() * 10 ** (rng.uniform(5, 9) / 20), -1, 1)
        self.put("clipped, then turned down", "clipped", path, 0.4 * x)
        path, x = self.take()
        x = 0.9 * x + rng.choice([-1, 1]) * rng.uniform(0.01, 0.05)
        self.put("offset of 0.01 to 0.05", "offset", path, x)
        path, x = self.take()
        self.put("sound in the other channel alone", "other_channel", path, np.stack([0 * x, x], 1))
        path, x = self.take()
        self.put("nearly all in the other channel", "other_channel", path, np.stack([0.02 * x, x], 1))

    def bands(self):
        narrow = self.data / "narrow.wav"
        path, _ = self.take()
        run("sox", "-q", "-V1", path, narrow, "rate", "-h", 8000)
        run("sox", "-q", "-V1", narrow, path, "rate", "-h", RATE)
        self.put("8 kHz, converted to 16", "band_limited", path)
        path, _ = self.take()
        run("sox", "-q", "-V1", path, "-r", 8000, "-e", "mu-law", narrow)
        shutil.move(narrow, path)
        self.put("8 kHz, as a phone sends it", "band_limited", path)

    def ends(self):
        path, x = self.take(POSITIVE)
        self.put("cut within its first sound", "cut_start", path, x[strong(x, self.rng):])
        path, x = self.take(POSITIVE)
        self.put("cut within its last sound", "cut_end", path, x[: strong(x, self.rng) + 80])

    def gaps(self):
        path, x = self.take(least=0.3)
        at = strong(x, self.rng)
        x = np.concatenate([x[: at + 80], np.zeros(RATE // 5)])
        self.put("a tail of zeros", "gap cut_end", path, x)
        path, x = self.take(least=0.6)
        # In strong sound, wherever in a period of the voice; what it goes on with may be a pause.
        at = strong(x, self.rng, len(x) - RATE // 8) + self.rng.randrange(80, 160)
        x[at: at + int(RATE * self.rng.uniform(0.08, 0.12))] = 0
        self.put("a dropout of 80 to 120 ms", "gap", path, x)

    def lengths(self):
        path, x = self.take(POSITIVE)
        x = np.concatenate([x, 1e-3 * self.noise.standard_normal(RATE * 8), x])
        self.put("far too long", "length", path, x)
        path, x = self.take(POSITIVE)
        start, _ = loud(x)
        self.put("far too short", "length cut_end", path, x[start: start + RATE // 20])

    def pairs(self):
        """The later of the two is told."""
        number = len(self.planted)
        path, _ = self.take()
        other = path.with_name(f"z{number:04d}.wav")
        shutil.copy(path, other)
        self.put("the same file twice", "duplicate", other)
        path, _ = self.take(TRAIN)
        other = self.in_test(path) / f"z{number:04d}.flac"
        run("ffmpeg", "-v", "error", "-y", "-i", path, other)
        self.put("train and test: the same, as FLAC", "leak", other)
        path, _ = self.take()
        other = path.with_name(f"y{number:04d}.mp3")
        run("ffmpeg", "-v", "error", "-y", "-i", path, "-af", "volume=-4dB", "-b:a", "64k", other)
        self.put("nearly the same: 4 dB down, MP3", "near_duplicate", other)
        path, x = self.take(TRAIN)
        level = np.sqrt(np.mean(x ** 2)) * 10 ** (-30 / 20)
        x = np.concatenate([np.zeros(RATE // 10), 0.7 * x])
        x += level * self.noise.standard_normal(len(x))
        self.put("train and test: noise at 30 dB, moved", "leak", self.in_test(path) / f"y{number:04d}.wav", x)

    def in_test(self, path):
        return self.data / path.parent.name.replace("train", "test")

    def damage(self):
        path, _ = self.take(["negative_train", "negative_test"], 0.8)
        planted = path.with_name(f"x{len(self.planted):04d}.mp3")
        run("ffmpeg", "-v", "error", "-y", "-i", path, "-b:a", "64k", "-write_xing", "0", planted)
        path.unlink()
        data = bytearray(planted.read_bytes())
        at = int(len(data) * self.rng.uniform(0.3, 0.7))
        data[at: at + 500] = bytes(500)
        planted.write_bytes(data)
        self.put("an MP3 with 500 bytes of zeros", "damaged", planted)


def sounds(work, rng, speech):
    """Backgrounds and rooms, some of them bad: gives those with what is to be found."""
    noise = np.random.default_rng(rng.randrange(1 << 30))
    backgrounds, rooms = work / "backgrounds", work / "rooms"
    backgrounds.mkdir(), rooms.mkdir()

    def write(folder, name, samples):
        sf.write(folder / f"{name}.wav", samples.astype(np.float32), RATE, subtype="PCM_16")
        return f"{folder.name}/{name}.wav"

    for index in range(20):
        write(backgrounds, f"noise{index}", 0.1 * noise.standard_normal(RATE * 20))
    for index in range(40):
        write(rooms, f"room{index}", room(0.15 + 0.03 * index, noise))
    planted = {}
    for index in range(3):
        planted[write(backgrounds, f"silent{index}", 1e-4 * noise.standard_normal(RATE * 5))] = "sound_silent"
        planted[write(backgrounds, f"constant{index}", np.full(RATE * 5, 0.1 + 0.2 * index))] = "background_constant"
        h = np.concatenate([np.zeros(int(RATE * (0.15 + 0.1 * index))), 0.9 * np.exp(-np.arange(4000) / 700)])
        planted[write(rooms, f"late{index}", h)] = "rir_late"
        h = 0.3 * np.exp(-np.arange(RATE * 8) / (RATE * (0.8 + 0.2 * index))) * noise.standard_normal(RATE * 8)
        planted[write(rooms, f"long{index}", np.clip(h, -1, 1))] = "rir_long"
        planted[write(rooms, f"hiss{index}", 0.3 * noise.standard_normal(RATE * (1 + index) // 2))] = "rir_shape"
        planted[write(rooms, f"speech{index}", speech[index][: RATE * 2])] = "rir_shape"
    return planted


def room(rt60, noise):
    """Most of it direct sound: the effect scales a response by its peak, and a room of more
    energy would clip what is played in it."""
    t = np.arange(int(RATE * min(rt60, 1.2))) / RATE
    h = noise.standard_normal(len(t)) * np.exp(-6.9 * t / rt60) * 0.02
    h[0] = 0.9
    return h
