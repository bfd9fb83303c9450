#!/usr/bin/env python3
"""Feeds a build of recordings to openWakeWord's and livekit-wakeword's own readers, unmodified.

    recordings_readers.py FOLDER

FOLDER is the output of pipelines/negatives.toml: `negatives.npy`, (N, 16, 96) float16, and `validation.npy`,
(16 N, 96) float32. Whichever of the programs is installed takes the first as a class and the second as its validation
set; at least one must be.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np


def openwakeword(folder):
    """What train.py does with `feature_data_files` and `false_positive_validation_data_path`."""
    try:
        import torch
        from openwakeword.data import mmap_batch_generator
    except ImportError as error:
        return f"openWakeWord: not here ({error})"
    rows = np.load(folder / "negatives.npy", mmap_mode="r")
    generator = mmap_batch_generator({"negatives": str(folder / "negatives.npy")}, n_per_class={"negatives": 64},
                                     label_transform_funcs={"negatives": lambda x: [0 for _ in x]})
    data, labels = next(iter(generator))
    assert data.shape == (64, 16, 96) and np.array_equal(data, rows[:64]) and not np.any(labels)
    validation = np.load(folder / "validation.npy")
    windows = np.array([validation[i:i + 16] for i in range(0, validation.shape[0] - 16, 1)])
    loaded = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.from_numpy(windows), torch.from_numpy(np.zeros(len(windows), np.float32))),
        batch_size=len(windows))
    batch, _ = next(iter(loaded))
    assert batch.dtype == torch.float32 and torch.isfinite(torch.nn.Linear(96, 1)(batch)).all()
    return f"openWakeWord: a class of {len(rows)} rows, {len(windows)} windows of validation"


def livekit(folder):
    """livekit-wakeword's trainer, with the files under its names."""
    try:
        from livekit.wakeword.config import WakeWordConfig
        from livekit.wakeword.training.trainer import WakeWordTrainer
    except ImportError as error:
        return f"livekit-wakeword: not here ({error})"
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        (data / "features").mkdir()
        for ours, theirs in [("negatives.npy", "openwakeword_features_ACAV100M_2000_hrs_16bit.npy"),
                             ("validation.npy", "validation_set_features.npy")]:
            (data / "features" / theirs).symlink_to((folder / ours).resolve())
        config = WakeWordConfig(model_name="word", target_phrases=["word"], data_dir=str(data), output_dir=str(data / "out"))
        out = config.model_output_dir
        out.mkdir(parents=True, exist_ok=True)
        rows = np.load(folder / "negatives.npy")
        for split in ("positive", "negative"):
            for part in ("train", "test"):
                np.save(out / f"{split}_features_{part}.npy", rows[:40].astype(np.float32))
        trainer = WakeWordTrainer(config)
        features, labels = next(iter(trainer._build_dataloader()))
        assert np.isfinite(features.numpy()).all() and len(features) == len(labels)
        assert trainer.model(features.to(trainer.device)).shape[0] == len(labels)
        _, negatives = trainer._load_validation_data()
        assert len(negatives) == 40 + len(np.load(folder / "validation.npy")) // 16
        trainer._validate()
    return f"livekit-wakeword: batches of {tuple(features.shape)}, {len(negatives) - 40} rows of validation"


def main():
    folder = Path(sys.argv[1])
    said = [openwakeword(folder), livekit(folder)]
    print("\n".join(said))
    sys.exit(all("not here" in line for line in said))


if __name__ == "__main__":
    main()
