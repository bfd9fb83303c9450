#!/usr/bin/env python3
"""Compares features with `features.floor = "stream"` with what openWakeWord 0.6.0's detector hears, and
says what the floor does to the scores of its classifiers.

    stream_floor.py --models FOLDER [--wakemill BINARY] [--utterances N] [--keep DIR]

FOLDER holds openWakeWord's melspectrogram.onnx, embedding_model.onnx and classifiers (alexa_v0.1.onnx,
hey_mycroft_v0.1.onnx, hey_jarvis_v0.1.onnx), as the wheel of openwakeword 0.5.1 has them in
resources/models.

espeak-ng speaks each wake word in N voices and speeds; each utterance lies in digital silence, or in
noise of -75, -60 and -45 dBFS. wakemill makes a row every 80 ms of them, with either floor; the detector
hears them 80 ms at a time.

- Every embedding equals the one that the detector's `AudioFeatures` has at that time, within 1e-3.
- Each row's score is that of the detector's `Model` at that time, within 1e-3.
- The table: how many utterances are found at 0.5, the rows being clips, and the rows being the stream.

Needs espeak-ng, numpy, scipy, soundfile, onnxruntime and openwakeword==0.6.0 (without torch), and wakemill's
cached networks.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile as sf
from openwakeword.model import Model
from scipy.signal import resample_poly
from wakemill import Failure, Wakemill, check

RATE, CHUNK, STEPS, WINDOW = 16_000, 1280, 16, 32_000
# Samples before a recording that give the detector's windows the frames of wakemill's.
AHEAD = 160
TOLERANCE = 1e-3
THRESHOLD = 0.5

WORDS = {"alexa": "alexa", "hey_mycroft": "hey mycroft", "hey_jarvis": "hey jarvis"}
ROOMS = {"silence": None, "noise75": -75, "noise60": -60, "noise45": -45}
VOICES = ["en-us", "en-gb", "en-us+f2", "en-us+m3", "en-gb+f4", "en-gb+m5", "en-us+f5", "en-gb-scotland"]
SPEEDS = [130, 150, 170, 190]

PIPELINE = """\
output = "out"
[[split]]
name = "{name}"
kind = "recordings"
input = "{name}"
hop_seconds = 0.08
interleave = 1
dtype = "float32"
[augment]
enabled = false
[features]
input_scale = "int16"
"""


def speech(text, voice, speed):
    said = subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text],
                          check=True, capture_output=True)
    audio, rate = sf.read(io.BytesIO(said.stdout))
    audio = resample_poly(audio, RATE, rate)
    return 0.3 * audio / np.abs(audio).max()


def recording(word, room, number):
    """Two seconds, the word, and a second and a half; to 16 bits."""
    voice, speed = VOICES[number % len(VOICES)], SPEEDS[number // len(VOICES) % len(SPEEDS)]
    # Beginnings at every place between two steps.
    lead = np.zeros(2 * RATE + number * 331 % CHUNK)
    audio = np.concatenate([lead, speech(word, voice, speed), np.zeros(3 * RATE // 2)])
    if room is not None:
        audio += np.random.default_rng(number).normal(0, 10 ** (room / 20), len(audio))
    return np.clip(np.round(audio * 32768), -32768, 32767).astype(np.int16)


def chunks(audio):
    audio = np.concatenate([np.zeros(AHEAD, np.int16), audio])
    return [audio[start:start + CHUNK] for start in range(0, len(audio) - CHUNK + 1, CHUNK)]


class Detector:
    """openWakeWord's own, with one model."""

    def __init__(self, models, name):
        self.model = Model([str(models / f"{name}_v0.1.onnx")], inference_framework="onnx",
                           melspec_model_path=str(models / "melspectrogram.onnx"),
                           embedding_model_path=str(models / "embedding_model.onnx"))

    def hears(self, audio):
        """Its embeddings, the first of the recording's frames 0 to 75, and its scores from there on."""
        self.model.reset()
        embeddings, scores = [], []
        for chunk in chunks(audio):
            scores.extend(self.model.predict(chunk).values())
            embeddings.append(self.model.preprocessor.get_features(1)[0, 0])
        return np.array(embeddings[9:], np.float32), np.array(scores[9:], np.float32)


def rows_of(wakemill, root, name, floor):
    """Feature rows of each recording, in order."""
    config = root / f"{name}-{floor}.toml"
    config.write_text(PIPELINE.format(name=name))
    wakemill.run(config, "--set", f"features.floor={floor}")
    rows, index = np.load(root / "out" / f"{name}.npy"), np.load(root / "out" / f"{name}.index.npy")
    return [rows[index[:, 0] == line] for line in np.unique(index[:, 0])]


def scores_of(session, rows):
    name = session.get_inputs()[0].name
    return np.array([session.run(None, {name: row[None]})[0].item() for row in rows])


def compare(args, root):
    wakemill = Wakemill(args.wakemill, [])
    worst, table = {"embedding": 0.0, "score": 0.0, "decisions": 0}, []
    for name, word in WORDS.items():
        detector = Detector(args.models, name)
        session = onnxruntime.InferenceSession(str(args.models / f"{name}_v0.1.onnx"),
                                               providers=["CPUExecutionProvider"])
        for room, level in ROOMS.items():
            split = f"{name}-{room}"
            (root / split).mkdir()
            recordings = [recording(word, level, number) for number in range(args.utterances)]
            for number, audio in enumerate(recordings):
                sf.write(root / split / f"{number:03}.wav", audio, RATE, subtype="PCM_16")
            stream, clip = (rows_of(wakemill, root, split, floor) for floor in ("stream", "clip"))
            check(len(stream) == len(clip) == args.utterances, f"{split}: {len(stream)} recordings")
            found = {"clip": 0, "stream": 0, "detector": 0}
            for number, audio in enumerate(recordings):
                embeddings, heard = detector.hears(audio)
                rows = stream[number]
                check(len(rows) == (len(audio) - WINDOW) // CHUNK + 1, f"{split}: {len(rows)} rows")
                for k, row in enumerate(rows):
                    # The detector hears the frames before the recording, too.
                    first = int(k == 0)
                    apart = np.abs(row[first:] - embeddings[k + first:k + STEPS]).max()
                    worst["embedding"] = max(worst["embedding"], float(apart))
                    check(apart <= TOLERANCE, f"{split}, recording {number}, row {k}: {apart} apart")
                ours = scores_of(session, rows)
                theirs = heard[STEPS - 1:STEPS - 1 + len(ours)]
                apart = np.abs(ours - theirs)[1:].max()
                worst["score"] = max(worst["score"], float(apart))
                check(apart <= TOLERANCE, f"{split}, recording {number}: scores {apart} apart")
                decisions = [scores_of(session, clip[number]).max() >= THRESHOLD,
                             ours.max() >= THRESHOLD, theirs.max() >= THRESHOLD]
                for key, decision in zip(found, decisions):
                    found[key] += int(decision)
                worst["decisions"] += int(decisions[0] != decisions[1])
            table.append((name, room, found))
            print(f"{name:12} {room:8} " + "  ".join(
                f"{key} {count} ({100 * count / args.utterances:.0f} %)" for key, count in found.items()),
                flush=True)
    print(f"embeddings within {worst['embedding']:.1e}, scores within {worst['score']:.1e} of openWakeWord's detector; "
          f"{worst['decisions']} of {len(table) * args.utterances} decisions differ between the floors")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--wakemill", default="target/release/wakemill")
    parser.add_argument("--utterances", type=int, default=32)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    try:
        if args.keep:
            args.keep.mkdir(parents=True)
            compare(args, args.keep.resolve())
        else:
            with tempfile.TemporaryDirectory() as folder:
                compare(args, Path(folder))
    except Failure as failure:
        sys.exit(f"differs: {failure}")
    print("the stream's floor holds")


if __name__ == "__main__":
    main()
