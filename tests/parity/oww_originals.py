"""What openWakeWord 0.6.0 does to a clip, step by step, with its random draws replaced by those of
rows.jsonl. Every step calls the class or function that openWakeWord calls."""

import sys
import types
import warnings
from fractions import Fraction
from unittest import mock

warnings.filterwarnings("ignore")
# Imported by openWakeWord's data code for what is not used here.
for name in ("acoustics", "pronouncing", "mutagen"):
    sys.modules.setdefault(name, types.ModuleType(name))

import audiomentations  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch_audiomentations  # noqa: E402
from openwakeword.data import create_fixed_size_clip, mmap_batch_generator  # noqa: E402, F401
from openwakeword.utils import AudioFeatures  # noqa: E402
from speechbrain.processing.signal_processing import reverberate  # noqa: E402
from torch_audiomentations.utils.dsp import convert_decibels_to_amplitude_ratio  # noqa: E402
from torch_audiomentations.utils.io import Audio  # noqa: E402

RATE = 16000

EFFECTS = {
    "pitch_shift": torch_audiomentations.PitchShift(
        min_transpose_semitones=-3, max_transpose_semitones=3, p=1, sample_rate=RATE, mode="per_batch"),
    "band_stop": torch_audiomentations.BandStopFilter(p=1, mode="per_batch"),
    "colored_noise": torch_audiomentations.AddColoredNoise(
        min_snr_in_db=10, max_snr_in_db=30, min_f_decay=-1, max_f_decay=2, p=1, mode="per_batch"),
    "gain": torch_audiomentations.Gain(max_gain_in_db=0, p=1),
}


def batch(audio):
    return torch.from_numpy(np.ascontiguousarray(audio, np.float32))[None, None]


def single(tensor):
    return tensor[0, 0].numpy().astype(np.float32)


def within(value, low, high):
    assert np.float32(low) <= value <= np.float32(high), (low, value, high)
    assert float(np.float32(value)) == value, f"{value} is not in single precision"
    return torch.tensor([value], dtype=torch.float32)


def place(audio, samples, record):
    assert record["kind"] == "start", record
    clip = torch.from_numpy(audio[:samples])
    latest = max(0, samples - len(clip))
    assert max(0, latest - 3199) <= record["start"] <= latest, (record, len(clip))
    return np.asarray(create_fixed_size_clip(clip, samples, RATE, start=record["start"]), np.float32)


def equalizer(audio, bands):
    effect = audiomentations.SevenBandParametricEQ(min_gain_db=-6, max_gain_db=6, p=1.0)
    filters = [effect.low_shelf_filter, *effect.peaking_filters, effect.high_shelf_filter]
    for one, band in zip(filters, bands, strict=True):
        kind = type(one).__name__.removesuffix("Filter")
        assert kind == band["kind"].title().replace("_", ""), (kind, band)
        assert one.min_gain_db <= band["gain_db"] <= one.max_gain_db, band
        assert one.min_q <= band["q"] <= one.max_q, band
        assert one.min_center_freq - 1e-6 < band["center_hz"] < one.max_center_freq + 1e-6, band
        one.parameters = {"should_apply": True, "center_freq": band["center_hz"],
                          "gain_db": band["gain_db"], "q_factor": band["q"]}
        one.freeze_parameters()
    return effect.apply(audio, RATE)


def tanh_distortion(audio, amount):
    effect = audiomentations.TanhDistortion(min_distortion=0.0001, max_distortion=0.10, p=1.0)
    assert 0.0001 <= amount <= 0.10, amount
    effect.parameters = {"should_apply": True, "distortion_amount": amount}
    return effect.apply(audio, RATE)


def pitch_shift(audio, ratio):
    effect = EFFECTS["pitch_shift"]
    ratio = Fraction(ratio)
    assert ratio in effect._fast_shifts, ratio
    effect.transform_parameters = {"transpositions": [ratio]}
    return single(effect.apply_transform(batch(audio), sample_rate=RATE).samples)


def band_stop(audio, record):
    effect = EFFECTS["band_stop"]
    effect.transform_parameters = {"center_freq": within(record["center_hz"], 199.999, 4000.001),
                                   "bandwidth": within(record["bandwidth"], 0.5, 1.99)}
    return single(effect.apply_transform(batch(audio), sample_rate=RATE).samples)


def normals(seed, count):
    """The standard normals of a seed: SplitMix64, Box and Muller."""
    assert 0 <= seed < 2 ** 53, seed
    k = np.arange(1, count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + k * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    u = ((z >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0 ** 53
    radius, turn = np.sqrt(-2 * np.log(u[0::2])), 2 * np.pi * u[1::2]
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1).ravel().astype(np.float32)


def colored_noise(audio, record):
    effect = EFFECTS["colored_noise"]
    effect.transform_parameters = {"snr_in_db": within(record["snr_db"], 10, 30),
                                   "f_decay": within(record["f_decay"], -1, 2)}
    white = torch.from_numpy(normals(record["seed"], RATE))
    with mock.patch("torch.normal", lambda *_, **__: white.clone()):
        return single(effect.apply_transform(batch(audio), sample_rate=RATE).samples)


def background(audio, record, path_of):
    """`path_of` gives the file of a recorded name."""
    pieces = record["pieces"]
    files = [str(path_of(piece["file"])) for piece in pieces]
    effect = torch_audiomentations.AddBackgroundNoise(
        background_paths=sorted(set(files)), p=1, min_snr_in_db=-10, max_snr_in_db=15, mode="per_batch")
    chosen = iter(files)

    def choice(paths):
        wanted = next(chosen)
        return next(path for path in paths if str(path) == wanted)

    def randint(low, high):
        start = pieces[-1]["start"]
        assert low <= start <= high, (low, start, high)
        return start

    reader = Audio(RATE, mono=True)
    with mock.patch("random.choice", choice), mock.patch("random.randint", randint):
        noise = effect.random_background(reader, len(audio))
    assert next(chosen, None) is None, f"not all of {pieces} are used"
    assert noise.shape[-1] == len(audio) == sum(piece["length"] for piece in pieces)
    for file, piece in zip(files[:-1], pieces[:-1]):
        assert (piece["start"], piece["length"]) == (0, reader.get_num_samples(file)), piece
    effect.transform_parameters = {"background": noise[None], "snr_in_db": within(record["snr_db"], -10, 15)}
    return single(effect.apply_transform(batch(audio), sample_rate=RATE).samples)


def gain(audio, gain_db):
    effect = EFFECTS["gain"]
    factor = convert_decibels_to_amplitude_ratio(within(gain_db, -18, 0))
    effect.transform_parameters = {"gain_factors": factor.unsqueeze(1).unsqueeze(1)}
    return single(effect.apply_transform(batch(audio), sample_rate=RATE).samples)


def room(audio, response):
    """`response` is (samples,), at 16 kHz."""
    response = torch.from_numpy(np.ascontiguousarray(response, np.float32))[None]
    wet = reverberate(torch.from_numpy(audio)[None], response, rescale_amp="avg")
    return wet[0].numpy()


def pcm(audio):
    return (audio * 32767).astype(np.int16)


def redo(row, clip, samples, path_of, read):
    """The 16-bit samples of a row. `clip` is what is read of its file; `path_of` gives the file of
    a recorded name, and `read` the first channel of a file as float32."""
    audio = place(clip, samples, row["place"])
    if row["equalizer"] is not None:
        audio = equalizer(audio, row["equalizer"])
    if row["tanh_distortion"] is not None:
        audio = tanh_distortion(audio, row["tanh_distortion"])
    audio = np.asarray(audio, np.float32)
    if row["pitch_shift"] is not None:
        audio = pitch_shift(audio, row["pitch_shift"])
    if row["band_stop"] is not None:
        audio = band_stop(audio, row["band_stop"])
    if row["colored_noise"] is not None:
        audio = colored_noise(audio, row["colored_noise"])
    if row["background"] is not None:
        audio = background(audio, row["background"], path_of)
    audio = gain(audio, row["gain_db"])
    if row["rir"] is not None:
        audio = room(audio, read(path_of(row["rir"])))
    return pcm(audio)


def features(models):
    """openWakeWord's front end, of the networks in a folder."""
    return AudioFeatures(melspec_model_path=str(models / "melspectrogram.onnx"),
                         embedding_model_path=str(models / "embedding_model.onnx"),
                         inference_framework="onnx", ncpu=1)
