"""Makes tests/golden/recordings/: eight seconds in each format, for tests that break them.

Needs ffmpeg with libmp3lame, libvorbis and libopus. Run from the repository's root.
"""

import pathlib
import subprocess

ROOT = pathlib.Path("tests/golden/recordings")
SECONDS = 8
# A chord that swings over a little noise.
SOUND = ("aevalsrc=0.2*sin(2*PI*220*t)*sin(2*t)+0.1*sin(2*PI*587*t)*sin(3*t)+0.003*(2*random(0)-1)"
         f":s={{rate}}:d={SECONDS}")
FILES = {
    "16k.flac": (16000, 1, ["-af", "volume=0.02", "-c:a", "flac", "-sample_fmt", "s16"]),
    "8k_stereo.flac": (8000, 2, ["-af", "volume=0.001", "-c:a", "flac", "-sample_fmt", "s32"]),
    "16k.mp3": (16000, 1, ["-c:a", "libmp3lame", "-b:a", "16k", "-id3v2_version", "0"]),
    "44k_stereo.mp3": (44100, 2, ["-c:a", "libmp3lame", "-b:a", "32k", "-id3v2_version", "0"]),
    "16k.ogg": (16000, 1, ["-c:a", "libvorbis", "-q:a", "-1", "-page_duration", "500000", "-serial_offset", "7"]),
    "22k.ogg": (22050, 1, ["-c:a", "libvorbis", "-q:a", "-1", "-page_duration", "500000", "-serial_offset", "8"]),
    "48k.opus": (48000, 1, ["-c:a", "libopus", "-b:a", "12k", "-page_duration", "500000", "-serial_offset", "9"]),
    "16k.m4a": (16000, 1, ["-c:a", "aac", "-b:a", "16k", "-movflags", "faststart", "-f", "ipod"]),
    "16k.aac": (16000, 1, ["-c:a", "aac", "-b:a", "16k", "-f", "adts"]),
    "48k.webm": (48000, 1, ["-c:a", "libopus", "-b:a", "12k", "-f", "webm"]),
    "16k.mka": (16000, 1, ["-c:a", "libvorbis", "-q:a", "-1", "-f", "matroska"]),
}


def main():
    ROOT.mkdir(parents=True, exist_ok=True)
    for name, (rate, channels, options) in FILES.items():
        source = SOUND.format(rate=rate)
        subprocess.check_call(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-ac", str(channels),
                               "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", *options,
                               str(ROOT / name)])


if __name__ == "__main__":
    main()
