"""Features of arrays in memory."""

import numpy as np
import pytest

import wakemill

RNG = np.random.default_rng(1)
NOISE = RNG.uniform(-0.5, 0.5, 40000).astype(np.float32)


def test_shapes_follow_from_the_length():
    # 32 ms a frame, every 10; 76 frames a window, every 8.
    for samples in (12400, 16000, 32000, 40000):
        mel = wakemill.mel(NOISE[:samples])
        assert mel.dtype == np.float32 and mel.shape == ((samples - 512) // 160 + 1, 32)
        embeddings = wakemill.embed(NOISE[:samples])
        expected = max((len(mel) - 76) // 8 + 1, 0)
        assert embeddings.dtype == np.float32 and embeddings.shape == (expected, 96)
        assert np.isfinite(embeddings).all()
    assert wakemill.embed(NOISE[:8000]).shape == (0, 96)


def test_integers_are_the_same_audio():
    integers = (NOISE * 32767).astype(np.int16)
    floats = integers.astype(np.float64) / 32768
    assert (wakemill.embed(integers) == wakemill.embed(floats)).all()
    assert not (wakemill.embed(integers) == wakemill.embed(integers, scale="int16")).all()


def test_other_rates_are_converted():
    seconds = np.arange(48000) / 48000
    tone = 0.5 * np.sin(2 * np.pi * 440 * seconds)
    there, here = wakemill.mel(tone, 48000), wakemill.mel(tone[::3])
    assert there.shape == here.shape
    # Where the tone is; aliases and ripple are far below.
    loudest = here[10:-10].argmax(axis=1)
    assert (there[10:-10].argmax(axis=1) == loudest).all()
    assert abs(there[10:-10].max(axis=1) - here[10:-10].max(axis=1)).max() < 0.05


@pytest.mark.parametrize(
    ("audio", "options", "said"),
    [
        (NOISE.reshape(2, -1), {}, "must be mono"),
        (NOISE.astype(np.int32), {}, "int32"),
        (NOISE > 0, {}, "bool"),
        ([], {}, "no samples"),
        (np.array([0.0, np.nan]), {}, "sample 1 is NaN"),
        (NOISE, {"sample_rate": 0}, "sample_rate is 0"),
        (NOISE, {"sample_rate": 44100.5}, "44100.5"),
        (NOISE, {"scale": "loud"}, "no scale 'loud'"),
    ],
)
def test_what_is_no_audio_is_refused(audio, options, said):
    with pytest.raises(wakemill.UsageError, match=said):
        wakemill.embed(audio, **options)
