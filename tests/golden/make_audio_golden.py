"""Makes tests/golden/audio/ and tests/golden/audio.json.

The folder gets one short file for each way of storing samples; the JSON gets
what libsndfile (through soundfile) reads from them and from the quickstart
clips: sample rate, channels, frames, and samples of the first channel as
float32 bit patterns, every `step`-th. What libsndfile does not read, or not to
its end, is decoded by ffmpeg.

libsndfile puts the time into files of floats, so these differ from run to run;
what is read from them does not.

Needs numpy, soundfile and ffmpeg. Run from the repository's root.
"""

import json
import pathlib
import subprocess
import tempfile

import numpy as np
import soundfile as sf

ROOT = pathlib.Path("tests/golden/audio")
FRAMES = 96
MAX_VALUES = 200

STORED = {
    "u8.wav": ("WAV", "PCM_U8", 1),
    "s16.wav": ("WAV", "PCM_16", 1),
    "s16_stereo.wav": ("WAV", "PCM_16", 2),
    "s24.wav": ("WAV", "PCM_24", 1),
    "s24_stereo.wav": ("WAV", "PCM_24", 2),
    "s32.wav": ("WAV", "PCM_32", 3),
    "f32.wav": ("WAV", "FLOAT", 1),
    "f64_stereo.wav": ("WAV", "DOUBLE", 2),
    "extensible_s16.wav": ("WAVEX", "PCM_16", 2),
    "extensible_s24.wav": ("WAVEX", "PCM_24", 1),
    "extensible_f32.wav": ("WAVEX", "FLOAT", 4),
    "ulaw.wav": ("WAV", "ULAW", 1),
    "alaw.wav": ("WAV", "ALAW", 2),
    "ima_adpcm.wav": ("WAV", "IMA_ADPCM", 1),
    "ms_adpcm.wav": ("WAV", "MS_ADPCM", 1),
    "s8.aiff": ("AIFF", "PCM_S8", 1),
    "s16.aiff": ("AIFF", "PCM_16", 2),
    "s24.aiff": ("AIFF", "PCM_24", 1),
    "s32.aiff": ("AIFF", "PCM_32", 1),
    "f32.aifc": ("AIFF", "FLOAT", 1),
    "s8.flac": ("FLAC", "PCM_S8", 1),
    "s16.flac": ("FLAC", "PCM_16", 2),
    "s24.flac": ("FLAC", "PCM_24", 1),
}

# By ffmpeg: an MP3 of varying bit rate without a tag that counts its frames,
# whose loud beginning leads an estimate of its length astray, and a FLAC whose
# writer could not go back to fill in the length.
NOISE_THEN_SILENCE = "aevalsrc=0.5*(2*random(0)-1)*lt(t\\,0.1):s=16000:d=1"
SINE = "sine=frequency=500:sample_rate=16000:duration=0.1"
CODED = {
    "no_tag.mp3": (NOISE_THEN_SILENCE, ["-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0", "-f", "mp3"]),
    "open_ended.flac": (SINE, ["-c:a", "flac", "-f", "flac"]),
    "opus.ogg": (SINE, ["-c:a", "libopus", "-f", "ogg"]),
    "ac3.mka": (SINE, ["-c:a", "ac3", "-b:a", "32k", "-f", "matroska"]),
}
UNREADABLE = {"ac3.mka"}


# What people's tools make of such files: parts joined end to end, a cover behind
# the audio, a piece cut out without decoding, padding that a container tells,
# AIFF into a pipe, Opus in MP4, QuickTime's big-endian samples.
LAME = ["-c:a", "libmp3lame", "-b:a", "48k", "-id3v2_version", "0", "-f", "mp3"]
AAC = ["-c:a", "aac", "-movflags", "faststart", "-f", "ipod"]


def encoded(options, source=SINE, path="-"):
    encode = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-map_metadata", "-1"]
    encode += ["-fflags", "+bitexact", "-flags:a", "+bitexact", *options, path]
    return subprocess.check_output(encode)


def joined():
    return encoded(LAME) + encoded([*LAME, "-write_xing", "0"], SINE.replace("500", "700"))


def with_cover():
    cover = np.random.default_rng(2).integers(0, 256, 3000, np.uint8)
    cover[::97], cover[1::97] = 255, 0xFB
    item = len(cover).to_bytes(4, "little") + (2).to_bytes(4, "little") + b"Cover Art (Front)\0" + cover.tobytes()
    def edge(flags):
        numbers = (2000, len(item) + 32, 1, flags, 0, 0)
        return b"APETAGEX" + b"".join(number.to_bytes(4, "little") for number in numbers)
    audio = encoded([*LAME, "-write_xing", "0"])
    return audio + edge(0xA0000000) + item + edge(0x80000000) + b"TAG".ljust(128, b"\0")


def trimmed():
    with tempfile.TemporaryDirectory() as folder:
        whole, piece = f"{folder}/whole.m4a", f"{folder}/piece.m4a"
        encoded(AAC, SINE.replace("0.1", "0.8"), whole)
        subprocess.check_call(["ffmpeg", "-v", "error", "-ss", "0.25", "-t", "0.3", "-i", whole, "-c", "copy", piece])
        return pathlib.Path(piece).read_bytes()


def from_a_file(extension, options):
    """Where the container is completed by going back."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/made.{extension}"
        encoded(options, path=path)
        return pathlib.Path(path).read_bytes()


MADE = {
    "joined.mp3": joined,
    "cover_behind.mp3": with_cover,
    "trimmed.m4a": trimmed,
    "padded.webm": lambda: encoded(["-c:a", "libopus", "-f", "webm"]),
    "piped.aiff": lambda: encoded(["-f", "aiff"]),
    "opus.mp4": lambda: from_a_file("mp4", ["-c:a", "libopus", "-ar", "48000"]),
    "s24be.mov": lambda: from_a_file("mov", ["-c:a", "pcm_s24be"]),
    "s24le.mov": lambda: from_a_file("mov", ["-c:a", "pcm_s24le"]),
    "f32be.mov": lambda: from_a_file("mov", ["-c:a", "pcm_f32be"]),
}


def signal(channels):
    """Noise and full-scale corners; every channel is different."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (FRAMES, channels))
    x[:6, 0] = [-1, 1 - 2**-31, 0, 2**-15, -(2**-15), 2**-23]
    return x


def record(x, rate, frames, channels):
    step = max(1, -(-len(x) // MAX_VALUES))
    values = x[::step].astype("<f4").view("<u4").tolist()
    return {
        "sample_rate": rate,
        "channels": channels,
        "frames": frames,
        "step": step,
        "bits": values,
    }


def by_soundfile(path):
    x, rate = sf.read(path, dtype="float32", always_2d=True)
    return record(x[:, 0], rate, len(x), x.shape[1])


def by_ffmpeg(path):
    probe = ["ffprobe", "-v", "error", "-show_entries", "stream=sample_rate,channels,duration"]
    rate, channels, duration = subprocess.check_output([*probe, "-of", "csv=p=0", path], text=True).split(",")
    rate, channels = int(rate), int(channels)
    raw = subprocess.check_output(["ffmpeg", "-v", "error", "-i", path, "-f", "f32le", "-"])
    x = np.frombuffer(raw, "<f4").reshape(-1, channels)
    if path.suffix in (".m4a", ".mp4"):
        # ffmpeg gives the whole of the last frame, within which the edit list ends.
        x = x[:round(float(duration) * rate)]
    return record(x[:, 0], rate, len(x), channels)


def main():
    ROOT.mkdir(exist_ok=True)
    golden = {}
    for name, (container, subtype, channels) in STORED.items():
        path = ROOT / name
        sf.write(path, signal(channels), 16000, format=container, subtype=subtype)
        golden[str(path)] = by_soundfile(path)
    for name, (source, options) in CODED.items():
        path = ROOT / name
        path.write_bytes(encoded(options, source))
        if name not in UNREADABLE:
            golden[str(path)] = by_ffmpeg(path)
    for name, make in MADE.items():
        path = ROOT / name
        path.write_bytes(make())
        golden[str(path)] = (by_soundfile if path.suffix == ".aiff" else by_ffmpeg)(path)
    for path in sorted(pathlib.Path("pipelines/quickstart").glob("*/*")):
        golden[str(path)] = (by_ffmpeg if path.suffix == ".m4a" else by_soundfile)(path)
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in golden.items())
    pathlib.Path("tests/golden/audio.json").write_text(f"{{\n{lines}\n}}\n")


main()
