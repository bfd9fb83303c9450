"""Makes tests/golden/dsp: what the Python originals make of one short clip.

Run with audiomentations 0.43.1, livekit-wakeword 0.3.0, numpy 2, scipy and
soundfile installed (torch is not needed):

    python tests/golden/make_dsp_golden.py

Audio is stored as 16-bit PCM, as the originals' pipeline would write it.
"""

import importlib.util
import io
import json
import random
from pathlib import Path
from unittest import mock

import numpy as np
import soundfile as sf
from audiomentations import SevenBandParametricEQ, TanhDistortion
from scipy.signal import fftconvolve

RATE = 16000
OUT = Path(__file__).parent / "dsp"


def livekit_augment():
    """livekit's augment.py by itself: its package imports torch."""
    package = importlib.util.find_spec("livekit.wakeword").submodule_search_locations[0]
    path = Path(package) / "data" / "augment.py"
    source = path.read_text().replace("from ..config import WakeWordConfig", "WakeWordConfig = None")
    module = {"__name__": "augment"}
    exec(compile(source, str(path), "exec"), module)
    return module


def pcm(audio):
    """Writes and reads 16-bit PCM with libsndfile."""
    file = io.BytesIO()
    sf.write(file, audio, RATE, format="WAV", subtype="PCM_16")
    file.seek(0)
    return sf.read(file, dtype="int16")[0]


def save(name, array):
    np.save(OUT / f"{name}.npy", array)
    return f"{name}.npy"


def speech_like(rng, length):
    """Syllables of a gliding harmonic tone, and a little noise."""
    t = np.arange(length) / RATE
    pitch = np.cumsum(120 + 40 * np.sin(2 * np.pi * 1.7 * t)) / RATE
    tone = sum(np.sin(2 * np.pi * k * pitch) / k for k in range(1, 25))
    syllables = np.clip(np.sin(2 * np.pi * 4 * t + 0.4), 0, None) ** 0.5
    audio = 0.25 * tone * syllables + 0.002 * rng.standard_normal(length)
    return pcm(audio.astype(np.float32))


def room(rng, length):
    decay = np.exp(-np.arange(length) / (0.04 * RATE))
    taps = rng.standard_normal(length) * decay * 0.1
    taps[25] = 0.6
    return pcm(taps.astype(np.float32))


def equalizers(audio):
    cases = []
    for seed in range(4):
        random.seed(seed)
        np.random.seed(seed)
        effect = SevenBandParametricEQ(p=1.0)
        effect.randomize_parameters(audio, RATE)
        if seed == 3:
            effect.high_shelf_filter.parameters["center_freq"] = 9123.0
        filters = [effect.low_shelf_filter, *effect.peaking_filters, effect.high_shelf_filter]
        kinds = ["low_shelf", *["peaking"] * 5, "high_shelf"]
        bands = [
            {
                "kind": kind,
                "center_hz": f.parameters["center_freq"],
                "gain_db": f.parameters["gain_db"],
                "q": f.parameters["q_factor"],
            }
            for kind, f in zip(kinds, filters)
        ]
        output = save(f"equalizer{seed}", pcm(effect.apply(audio, RATE)))
        cases.append({"bands": bands, "output": output})
    return cases


def distortions(audio):
    cases = []
    for index, amount in enumerate([0.01, 0.25, 0.7]):
        effect = TanhDistortion(p=1.0)
        effect.parameters = {"should_apply": True, "distortion_amount": amount}
        output = save(f"distortion{index}", pcm(effect.apply(audio, RATE)))
        cases.append({"amount": amount, "output": output})
    return cases


def reverbs(audio, rng):
    cases = []
    for index, taps in enumerate([3, 300, 5000]):
        response = room(rng, max(taps, 26))[-taps:] if taps < 26 else room(rng, taps)
        rir = response / 32768
        rir = rir / (np.max(np.abs(rir)) + 1e-8)
        wet = fftconvolve(audio, rir, mode="full")[: len(audio)].astype(np.float32)
        cases.append({
            "response": save(f"response{index}", response),
            "output": save(f"reverb{index}", pcm(wet)),
        })
    return cases


def noises(audio, rng, augmentor_class):
    """livekit's mix, with the file and the draws fixed."""
    cases = []
    for index, (length, start, snr_db) in enumerate([(9000, 417, 5.0), (2500, 1100, 12.5)]):
        noise = pcm((0.1 * np.cumsum(rng.standard_normal(length)) / 30).astype(np.float32))
        file = io.BytesIO()
        sf.write(file, noise, RATE, format="WAV", subtype="PCM_16")
        file.seek(0)
        augmentor = augmentor_class([], [])
        augmentor.background_files = ["noise"]
        read = sf.read(file)
        with (
            mock.patch("soundfile.read", lambda _: read),
            mock.patch("random.randint", lambda low, high: start if low <= start <= high else 1 / 0),
            mock.patch("random.uniform", lambda *_: snr_db),
        ):
            mixed = augmentor.mix_with_background(audio)
        cases.append({
            "noise": save(f"noise{index}", noise),
            "start": start,
            "snr_db": snr_db,
            "output": save(f"mix{index}", pcm(mixed)),
        })
    return cases


def placements(align):
    cases = []
    for length, window, jitter in [(5, 12, 0), (5, 12, 3), (12, 12, 2), (20, 12, 0), (20, 12, 5), (3, 12, 11)]:
        clip = np.arange(1, length + 1, dtype=np.float32)
        with mock.patch("random.randint", lambda *_: jitter):
            placed = align(clip, window)
        cases.append({"length": length, "jitter": jitter, "output": placed.astype(int).tolist()})
    return cases


def main():
    OUT.mkdir(exist_ok=True)
    rng = np.random.default_rng(7)
    augment = livekit_augment()
    clip = speech_like(rng, 8000)
    audio = (clip / 32768).astype(np.float32)
    edges = np.array(
        [0.0, -0.0, 1e-9, -1e-9, 0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 0.99998, 1 - 2**-16, -1 - 2**-16,
         1e9, -1e9, 2**-15, -(2**-15), 2**-16, -(2**-16)],
        dtype=np.float32,
    )
    floats = np.concatenate([edges, rng.uniform(-1.2, 1.2, 500).astype(np.float32)])
    cases = {
        "clip": save("clip", clip),
        "pcm": {"input": save("floats", floats), "output": save("pcm", pcm(floats))},
        "equalizer": equalizers(audio),
        "distortion": distortions(audio),
        "reverb": reverbs(audio, rng),
        "noise": noises(audio, rng, augment["AudioAugmentor"]),
        "placement": placements(augment["align_clip_to_end"]),
    }
    (OUT / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


main()
