"""Makes tests/golden/oww: what openWakeWord's effects make of one short clip.

Run with what tests/parity/oww_requirements.txt names installed:

    python tests/golden/make_oww_golden.py

The clip is the one of tests/golden/dsp, after some silence. Samples are stored as 16-bit PCM, as
openWakeWord converts them, of half of full scale, so that none wraps around.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "parity"))

import oww_originals as originals  # noqa: E402

OUT = HERE / "oww"
RATE = originals.RATE
SILENCE, LENGTH = 900, 4000


def rounded(value):
    return float(np.float32(value))


def save(name, array):
    np.save(OUT / f"{name}.npy", array)
    return f"{name}.npy"


def clip():
    speech = np.load(HERE / "dsp" / "clip.npy")[:LENGTH - SILENCE]
    return np.concatenate([np.zeros(SILENCE), speech / 32768]).astype(np.float32)


def response(rng, length, delay):
    taps = 0.3 * rng.standard_normal(length) * np.exp(-np.arange(length) / (length / 5))
    taps[:delay] *= 0.02
    taps[delay] = -0.9
    return (32768 * np.clip(taps, -1, 1)).astype(np.int16)


def records(effect, audio, values):
    make = getattr(originals, effect)
    return [{"record": value, "output": save(f"{effect}{n}", originals.pcm(0.5 * make(audio, value)))}
            for n, value in enumerate(values)]


def backgrounds(audio, rng):
    noises = [(8000 * np.sin(0.3 * np.arange(700)) * rng.standard_normal(700)).clip(-32768, 32767),
              300 * rng.standard_normal(6000)]
    noises = [noise.astype(np.int16) for noise in noises]
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for n, noise in enumerate(noises):
            sf.write(f"{folder}/{n}.wav", noise, RATE)
        for n, (snr_db, pieces) in enumerate([
            (-7.25, [(0, 0, 700), (0, 0, 700), (1, 417, 2600)]),
            (12.5, [(1, 1999, 4000)]),
        ]):
            record = {"snr_db": snr_db, "pieces": [
                {"file": str(file), "start": start, "length": length} for file, start, length in pieces]}
            mixed = originals.background(audio, record, lambda name: Path(folder) / f"{name}.wav")
            cases.append({"record": record, "output": save(f"background{n}", originals.pcm(0.5 * mixed))})
    return {"noises": [save(f"noise{n}", noise) for n, noise in enumerate(noises)], "cases": cases}


def rooms(audio, rng):
    cases = []
    for n, (length, delay) in enumerate([(1, 0), (1200, 40), (3000, 2400), (6000, 300)]):
        taps = response(rng, length, delay)
        wet = originals.room(audio, taps / 32768)
        cases.append({"response": save(f"response{n}", taps),
                      "output": save(f"room{n}", originals.pcm(0.5 * wet))})
    return cases


def main():
    OUT.mkdir(exist_ok=True)
    rng = np.random.default_rng(11)
    audio = clip()
    loud = np.concatenate([rng.uniform(-1.5, 1.5, 300), [0.99999, 1, -1, 1.0001, -1.0001]]).astype(np.float32)
    places = [(3, 12, 9), (3, 12, 4), (12, 12, 0), (20, 12, 0)]
    cases = {
        "silence": SILENCE,
        "length": LENGTH,
        "place": [{"length": length, "window": window, "start": start, "output": originals.place(
            np.arange(1, length + 1, dtype=np.float32), window, {"kind": "start", "start": start}
        ).astype(int).tolist()} for length, window, start in places],
        "pitch_shift": records("pitch_shift", audio, ["125/128", "128/125"]),
        "band_stop": records("band_stop", audio, [
            {"center_hz": rounded(center), "bandwidth": rounded(width)}
            for center, width in [(1234.5, 0.7), (3999.9, 1.99), (201.3, 1.987)]]),
        "colored_noise": records("colored_noise", audio, [
            {"snr_db": rounded(snr), "f_decay": rounded(decay), "seed": seed}
            for snr, decay, seed in [(10.3, -0.95, 5), (12.7, 1.91, 2 ** 53 - 1)]]),
        "background": backgrounds(audio, rng),
        "gain": records("gain", audio, [rounded(-17.93), rounded(-0.41)]),
        "room": rooms(audio, rng),
        "overflow": {"input": save("loud", loud), "output": save("wrapped", originals.pcm(loud))},
    }
    (OUT / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


main()
