"""Features of arrays in memory."""

import functools

import numpy as np

from ._wakemill import Embedder, UsageError


def embed(audio: np.ndarray, sample_rate: int = 16000, scale: str = "unit") -> np.ndarray:
    """The speech embeddings of mono audio: float32, ``(T, 96)``, one for each whole
    window of 76 mel frames (0.76 s), every 8 (80 ms); none for shorter audio.

    ``audio`` is ``(samples,)``: floats in [-1, 1] or int16. ``sample_rate`` in Hz; other
    rates than 16000 are converted as a build converts clips. ``scale`` is that of the
    mel network's input, as ``features.input_scale``: ``"unit"`` (livekit-wakeword) or
    ``"int16"`` (openWakeWord).

    The last 16 of a row's 2 s of int16 audio (see :func:`wakemill.render`) are that
    row's features.

    Raises :class:`UsageError` for what is no audio.
    """
    return _embedder(scale).embed(_samples(audio), _rate(sample_rate))


def mel(audio: np.ndarray, sample_rate: int = 16000, scale: str = "unit") -> np.ndarray:
    """The mel spectrogram that :func:`embed` starts from: float32, ``(frames, 32)``, a
    frame every 10 ms, in the networks' unit (dB / 10 + 2).

    Arguments and errors are those of :func:`embed`.
    """
    return _embedder(scale).mel(_samples(audio), _rate(sample_rate))


@functools.lru_cache(maxsize=None)
def _embedder(scale: str) -> Embedder:
    return Embedder(scale)


def _rate(sample_rate: int) -> int:
    rate = int(sample_rate)
    if rate != sample_rate or not 0 < rate < 2**32:
        raise UsageError(f"sample_rate is {sample_rate!r}; it must be a whole number of Hz")
    return rate


def _samples(audio: np.ndarray) -> np.ndarray:
    audio = np.asarray(audio)
    if audio.ndim != 1:
        shape = tuple(audio.shape)
        raise UsageError(f"the audio has shape {shape}; it must be mono: (samples,)")
    if audio.dtype == np.int16:
        # Powers of two: exact.
        return audio.astype(np.float32) / np.float32(32768)
    if audio.dtype.kind == "f":
        return np.ascontiguousarray(audio, dtype=np.float32)
    raise UsageError(f"the audio is {audio.dtype}; it must be int16, or floats in [-1, 1]")
