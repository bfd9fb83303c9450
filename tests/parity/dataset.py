"""A small data set in livekit-wakeword's layout that goes through every branch of the pipeline."""

from pathlib import Path

import numpy as np
import soundfile as sf

RATE = 16000
SPLITS = ("positive_train", "positive_test", "negative_train", "negative_test",
          "background_train", "background_test")

CONFIG = """\
model_name: parity
target_phrases: ["hey parity"]
data_dir: ./data
output_dir: ./output
n_samples: 10
augmentation:
  clip_duration: {seconds}
  rounds: {rounds}
  batch_size: 16
  background_paths: [./data/backgrounds, ./data/none]
  rir_paths: [./data/rirs]
  n_workers: 2
  mp_context: fork
feature_extraction:
  n_workers: 2
"""


def speech(rng, seconds, level=0.2, rate=RATE):
    """Syllables of a gliding harmonic tone and of hiss, over all frequencies that the rate can hold."""
    t = np.arange(int(seconds * rate)) / rate
    f0 = rng.uniform(90, 220)
    phase = 2 * np.pi * np.cumsum(f0 * (1 + 0.3 * np.sin(2 * np.pi * 1.7 * t + rng.uniform(0, 6)))) / rate
    tone = sum(np.sin(k * phase) / k for k in range(1, int(rate / 2 / (1.3 * f0))))
    syllables = np.clip(np.sin(2 * np.pi * 4 * t + rng.uniform(0, 6)), 0, None) ** 0.5
    return level * (0.5 * tone * syllables + noise(rng, seconds, 0, 0.1, rate) * (1 - syllables))


def noise(rng, seconds, colour, level=0.1, rate=RATE):
    """Noise whose power falls with frequency to the power `colour`."""
    bins = np.fft.rfftfreq(int(seconds * rate), 1 / rate)
    spectrum = np.exp(2j * np.pi * rng.uniform(size=len(bins))) / np.maximum(bins, 20) ** (colour / 2)
    wave = np.fft.irfft(spectrum, int(seconds * rate))
    return level * wave / np.sqrt(np.mean(wave ** 2))


def room(rng, seconds, rate=RATE):
    """A direct path after 2 ms and a decaying tail, which holds most of the energy."""
    taps = noise(rng, seconds, 0, 0.1, rate)
    taps *= np.exp(-6.9 * np.arange(len(taps)) / len(taps))
    taps[int(0.002 * rate)] += 0.7
    return taps


def clips(rng, other_rates):
    """(samples, rate, subtype) of the clips of a split, those at 16 kHz first."""
    stereo = np.stack([speech(rng, 1.1), noise(rng, 1.1, 1)], axis=1)
    made = [
        (speech(rng, 0.6), RATE, "PCM_16"),
        (speech(rng, 2.9), RATE, "PCM_16"),
        (stereo, RATE, "PCM_16"),
        (speech(rng, 2.0), RATE, "PCM_16"),
        (speech(rng, 3.4, level=1.5).clip(-1, 1), RATE, "PCM_16"),
        (speech(rng, 0.05), RATE, "PCM_24"),
        (speech(rng, 1.3, level=1.2), RATE, "FLOAT"),
        (np.zeros(9000), RATE, "PCM_16"),
        (speech(rng, 1.9), RATE, "PCM_U8"),
        (speech(rng, 2.1), RATE, "PCM_32"),
    ]
    if other_rates:
        made += [
            (speech(rng, 1.2, rate=44100), 44100, "PCM_16"),
            (speech(rng, 2.6, rate=22050), 22050, "PCM_16"),
            (np.stack([speech(rng, 0.9, rate=48000), noise(rng, 0.9, 1, rate=48000)], axis=1), 48000, "PCM_24"),
            (speech(rng, 1.7, rate=8000), 8000, "PCM_U8"),
            (speech(rng, 2.2, level=1.5, rate=96000), 96000, "FLOAT"),
            (speech(rng, 0.3, rate=11025), 11025, "PCM_16"),
        ]
    return made


def write(path, samples, rate=RATE, subtype="PCM_16"):
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, samples, rate, subtype=subtype)


def make(root, seed, rounds, seconds, clips_per_split, other_rates):
    """Writes the data set below `root`; gives the path of its configuration."""
    root = Path(root)
    rng = np.random.default_rng(seed)
    for split in SPLITS:
        made = clips(rng, other_rates)
        # Numbers with gaps, and files that livekit passes over.
        for index, (samples, rate, subtype) in enumerate(made[-clips_per_split:]):
            write(root / "output/parity" / split / f"clip_{index * 7:06d}.wav", samples, rate, subtype)
        for name in ("clip_1.wav", "clip_0000001.wav", "take_000001.wav"):
            write(root / "output/parity" / split / name, speech(rng, 0.5))
    sounds = root / "data"
    write(sounds / "backgrounds/long.wav", noise(rng, 8.0, 1))
    write(sounds / "backgrounds/deep/er/short.wav", noise(rng, 0.3, 2))
    write(sounds / "backgrounds/stereo.wav", np.stack([noise(rng, 2.5, 0), speech(rng, 2.5)], axis=1))
    write(sounds / "backgrounds/float.wav", noise(rng, 3.0, 1.5), subtype="FLOAT")
    write(sounds / "backgrounds/not_a_wav.flac", noise(rng, 1.0, 1))
    write(sounds / "rirs/small.wav", room(rng, 0.12))
    write(sounds / "rirs/halls/large.wav", room(rng, 0.9), subtype="FLOAT")
    write(sounds / "rirs/halls/stereo.wav", np.stack([room(rng, 0.4), room(rng, 0.4)], axis=1))
    if other_rates:
        write(sounds / "backgrounds/music.wav", noise(rng, 4.0, 1, rate=44100), 44100)
        write(sounds / "backgrounds/short_and_slow.wav", noise(rng, 0.7, 0, rate=12000), 12000)
        write(sounds / "rirs/church.wav", room(rng, 0.7, rate=48000), 48000)
        write(sounds / "rirs/plate.wav", room(rng, 0.25, rate=32000), 32000, subtype="FLOAT")
    config = root / "config.yaml"
    config.write_text(CONFIG.format(rounds=rounds, seconds=seconds))
    return config
