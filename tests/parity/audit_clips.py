"""Clean clips for audit_faults.py: speech of espeak-ng, and recorded speech."""

import collections
import concurrent.futures as cf
import glob
import hashlib
import subprocess
from pathlib import Path

import numpy as np
import soundfile as sf

RATE = 16000
SPLITS = ("positive_train", "positive_test", "negative_train", "negative_test")
VOICES = {"calibrate": ["en-us", "en-gb-scotland", "en-us+f1", "en-us+m1", "en-us+m3", "en-gb+f4"],
          "judge": ["en-gb", "en-029", "en-us+f2", "en-us+m2", "en-us+m4", "en-gb+m5", "en-gb-x-rp"]}
WORDS = ("house river table green seven monday window paper mother silver garden bottle yellow "
         "station winter doctor pocket orange butter travel animal picture number corner music "
         "letter summer kitchen market tomorrow village holiday breakfast mountain engine science").split()
PHRASES = {"calibrate": ["hey livekit", "okay computer"], "judge": ["hello jarvis", "hey livekit"]}
PITCHES = (10, 30, 50, 70, 90)
# Bytes of recorded speech that neither half has.
LONG = 20_000
PAUSES = ("dither", "zeros", "gate")


def run(*command, **more):
    subprocess.run([str(part) for part in command], check=True, capture_output=True, **more)


def speak(job):
    """Speech whose pauses are dither, or the zeros of the synthesiser, or those of a gate."""
    path, text, voice, speed, pitch, pauses = job
    wav = subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text],
                         capture_output=True, check=True).stdout
    dither = [] if pauses == "dither" else ["-D"]
    run("sox", "-q", "-V1", *dither, "-t", "wav", "-", "-r", RATE, "-c", 1, "-b", 16, path, "gain", "-6", input=wav)
    if pauses == "gate":
        sf.write(path, gated(sf.read(path)[0]), RATE, subtype="PCM_16")


def gated(samples, depth=35):
    """Silences what is that many dB below the loudest 10 ms, but for 20 ms around what is not,
    and 5 ms of a ramp."""
    count = len(samples) // 160
    levels = np.sqrt(np.mean(samples[: count * 160].reshape(count, 160) ** 2, 1))
    open_at = np.convolve(levels > levels.max() * 10 ** (-depth / 20), np.ones(5), "same") > 0
    gate = np.append(np.repeat(open_at.astype(float), 160), np.zeros(len(samples) - count * 160))
    return samples * np.convolve(gate, np.ones(80) / 80, "same")


def record(job):
    source, path = job
    run("ffmpeg", "-v", "error", "-y", "-f", "g722", "-i", source, "-af", "volume=-6dB", "-ar", RATE, "-ac", 1, path)


def recordings(more_than, less_than):
    """Recorded speech of so many bytes, 8,000 a second: each once, whatever links there are."""
    sounds = {}
    for f in sorted(glob.glob("/usr/share/asterisk/sounds/**/*.g722", recursive=True)):
        if "silence" not in f and more_than < Path(f).stat().st_size < less_than:
            sounds.setdefault(hashlib.sha256(Path(f).read_bytes()).digest(), f)
    return sorted(sounds.values())


def clean(data, half, rng):
    """Writes the clean clips into a folder for each split."""
    jobs = []
    # Speeds that are near have another pitch: else they are nearly the same audio.
    steps = [(voice, speed, PITCHES[(index + first) % len(PITCHES)], phrase) for first, voice in enumerate(VOICES[half])
             for phrase in range(2) for index, speed in enumerate(range(110, 220, 5))]
    rng.shuffle(steps)
    places = {"positive_train": [s for i, s in enumerate(steps) if i % 3], "positive_test": steps[::3]}
    for split, chosen in places.items():
        for index, (voice, speed, pitch, phrase) in enumerate(chosen):
            path = data / split / f"wake{phrase}_{index:04d}.wav"
            jobs.append((path, PHRASES[half][phrase], voice, speed, pitch, rng.choice(PAUSES)))
    said = set()
    for split, count in (("negative_train", 1100), ("negative_test", 350)):
        for index in range(count):
            while True:
                words = tuple(rng.sample(WORDS, rng.randint(2, 5)))
                if words not in said:
                    break
            said.add(words)
            jobs.append((data / split / f"said{index:04d}.wav", " ".join(words), rng.choice(VOICES[half]),
                         rng.randint(110, 220), rng.randint(20, 80), rng.choice(PAUSES)))
    # Of a row and a little more: longer ones are a fault.
    sounds = recordings(6000, LONG)[0 if half == "calibrate" else 1::2]
    recorded = [(f, data / ("negative_test" if i % 4 == 0 else "negative_train") / f"recorded{i:04d}.wav")
                for i, f in enumerate(sounds)]
    for split in SPLITS:
        (data / split).mkdir(parents=True, exist_ok=True)
    with cf.ThreadPoolExecutor(2) as pool:
        list(pool.map(speak, jobs))
        list(pool.map(record, recorded))
    once(data)


def once(data):
    """Removes clips that are the same audio as one before, whatever silence is around it: some
    voices have no more than a few speeds, and some recordings have two names."""
    known = []
    for path in sorted(data.glob("*/*.wav")):
        sound = trimmed(sf.read(path)[0])
        low = lowered(sound)
        # Of sounds whose lengths are apart, neither is most of the other.
        near = [other for other in known if abs(len(other[0]) - len(sound)) < 0.1 * len(sound)]
        if any(likeness(low, other_low) > 0.8 and likeness(sound, other) > 0.9 for other, other_low in near):
            path.unlink()
        else:
            known.append((sound, low))


def trimmed(samples):
    """What lies between the first and the last sample within 40 dB of the peak."""
    loud = np.nonzero(np.abs(samples) > 0.01 * np.abs(samples).max())[0]
    return samples[loud[0]:loud[-1] + 1]


def lowered(samples):
    """What is below 1 kHz, at an eighth of the rate: enough to tell most clips apart."""
    spectrum = np.fft.rfft(samples)
    return np.fft.irfft(spectrum[: len(spectrum) // 8])


def likeness(a, b):
    """The greatest correlation of two sounds, however they are shifted."""
    size = 1 << int(len(a) + len(b) - 1).bit_length()
    cross = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)))
    return np.abs(cross).max() / np.sqrt(np.sum(a ** 2) * np.sum(b ** 2))
