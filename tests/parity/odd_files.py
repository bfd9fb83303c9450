#!/usr/bin/env python3
"""Odd audio files as people have them, held against ffmpeg or against what was encoded.

    odd_files.py [--wakemill BINARY] [--work FOLDER] [NAME ...]

Where `coded_files.py` sweeps encoders, this has one file for each thing that can be strange about one: a count
that is too small or too large, files joined end to end, a start or an end that only the container knows, a
header of another dialect, a tag where none belongs. Each file has a verdict of its own:

    SAME      what ffmpeg decodes, sample by sample (ffmpeg's decoded length is the reference)
    ENCODED   exactly what was encoded, where ffmpeg gives more or less
    a text    refused, with this in the message

Needs ffmpeg with libmp3lame, libvorbis and libopus, and mutagen; names take files whose name holds one.
"""

import argparse
import shutil
import struct
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from coded_files import ID3V1, ape, ffmpeg, id3, lag, plain, read, reference, voice

SAME, ENCODED = "SAME", "ENCODED"
# What no decoder here reads, by the beginnings of its files' names, is refused with what to do: samples of 64 bits,
# of 8 in QuickTime, CAF and Matroska, more than two channels of AAC, Opus in channels without an order, A-law in CAF,
# Speex.
UNREADABLE = ("s64le_", "s8_1.caf", "s8_2.caf", "s8_1.mov", "s8_2.mov", "u8_1.mka", "u8_2.mka", "aac_3", "aac_4", "aac_6",
              "aac_8", "libopus_2_channels", "libopus_3", "libopus_4", "libopus_6", "libopus_8", "pcm_alaw.caf",
              "pcm_mulaw.caf", "unreadable.spx")
RATE, OPUS_RATE = 16000, 48000
# Largest difference of a sample: decoders of lossy formats differ in their last bits.
BOUND = 5e-3


class Files:
    """Makes files, each with its rate, its verdict and what was encoded."""

    def __init__(self, folder):
        self.folder, self.sources, self.all = folder, folder / "plain", []
        self.sources.mkdir(parents=True)

    def encode(self, extension, *options, rate=RATE, seconds=1.0, channels=1):
        """The bytes of a file that ffmpeg makes."""
        path = self.folder / f"made.{extension}"
        ffmpeg("-i", plain(self.sources, rate, seconds, channels), *options, path)
        return path.read_bytes()

    def trim(self, extension, data, start, length, target=None):
        """The bytes of a piece that is cut without decoding."""
        whole, piece = self.folder / f"whole.{extension}", self.folder / f"piece.{target or extension}"
        whole.write_bytes(data)
        ffmpeg("-ss", start, "-t", length, "-i", whole, "-c", "copy", piece)
        return piece.read_bytes()

    def add(self, name, data, verdict=SAME, rate=RATE, lengths=(1.0,)):
        path = self.folder / str(rate) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        if name.startswith(UNREADABLE):
            verdict = "convert it"
        self.all.append((path, rate, verdict, lengths))


def replaced(data, at, new):
    return data[:at] + new + data[at + len(new):]


def big(value, size=4):
    return value.to_bytes(size, "big")


def little(value, size=4):
    return value.to_bytes(size, "little")


def counts(files):
    """A count in a header limits what is read."""
    flac, shorter = files.encode("flac"), files.encode("flac", seconds=0.6)

    def total(count):
        facts = int.from_bytes(flac[18:26], "big")
        return replaced(flac, 18, big(facts >> 36 << 36 | count, 8))
    files.add("flac_counts_none.flac", total(0))
    files.add("flac_counts_fewer.flac", total(4000), "counts less than there is")
    files.add("flac_counts_more.flac", total(40000), "truncated")
    files.add("flac_joined.flac", flac + shorter, "damaged")

    mp3 = files.encode("mp3", "-b:a", "48k")
    tag = mp3.index(b"Info") if b"Info" in mp3 else mp3.index(b"Xing")
    files.add("mp3_counts_fewer.mp3", replaced(mp3, tag + 8, big(5)), "counts less than there is")
    files.add("mp3_counts_more.mp3", replaced(mp3, tag + 8, big(500)), "truncated")
    vbri = b"VBRI" + struct.pack(">HHHIIHHHH", 1, 1105, 75, len(mp3), 10, 0, 1, 2, 1)
    sync = mp3.index(b"\xff\xf3")
    files.add("mp3_vbri_counts_fewer.mp3", replaced(replaced(mp3, tag, bytes(40)), sync + 36, vbri))
    files.add("mp3_of_another_rate_follows.mp3", mp3 + files.encode("mp3", rate=24000), "changes its format")

    aiff = files.encode("aiff")
    count = aiff.index(b"COMM") + 10
    files.add("aiff_counts_fewer.aiff", replaced(aiff, count, big(4000)))
    files.add("aiff_counts_more.aiff", replaced(aiff, count, big(40000)), "truncated")

    wav = files.encode("wav")
    files.add("wav_joined.wav", wav + wav, "behind the end")
    rf64 = files.encode("wav", "-rf64", "always")
    size = rf64.index(b"ds64") + 16
    files.add("rf64.wav", rf64)
    files.add("rf64_counts_less.wav", replaced(rf64, size, little(8000, 8)), "behind the end")

    m4a = files.encode("m4a", "-c:a", "aac")
    files.add("m4a_joined.m4a", m4a + m4a, "behind the end")
    files.add("m4a_counts_fewer.m4a", replaced(m4a, m4a.index(b"stsz") + 12, big(8)), "damaged")
    fragments = files.encode("mp4", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov+default_base_moof",
                             "-frag_duration", "500000", seconds=3.07)
    files.add("mp4_in_fragments.mp4", fragments, lengths=(3.07,))
    files.add("mp4_in_fragments_joined.mp4", fragments + fragments, "behind the end")
    files.add("mp4_in_fragments_cut.mp4", fragments[:len(fragments) * 2 // 3], "truncated")

    for extension in ("webm", "mka"):
        data = files.encode(extension, "-c:a", "libopus", rate=OPUS_RATE)
        files.add(f"{extension}_joined.{extension}", data + data, "behind the end", OPUS_RATE)
        # Of a voice at 16 kHz, which the container names, and into a pipe, where no length can be filled in.
        data = files.encode(extension, "-c:a", "libopus")
        files.add(f"{extension}_of_16_khz.{extension}", data, rate=OPUS_RATE)
        piped = files.encode(extension, "-c:a", "libopus", "-live", "1")
        files.add(f"{extension}_piped.{extension}", piped, rate=OPUS_RATE)
        files.add(f"{extension}_piped_and_joined.{extension}", piped + piped, "behind the end", OPUS_RATE)
    ogg = files.encode("ogg", "-c:a", "libvorbis")
    files.add("ogg_of_another_rate_follows.ogg", ogg + files.encode("ogg", "-c:a", "libvorbis", rate=48000),
              "changes its format")
    ogg_flac = [files.encode("oga", "-c:a", "flac", seconds=seconds) for seconds in (1.0, 0.6)]
    files.add("ogg_flac_joined.oga", b"".join(ogg_flac), lengths=(1.0, 0.6))
    opus = [files.encode("opus", "-c:a", "libopus", rate=OPUS_RATE, seconds=seconds) for seconds in (1.0, 0.6)]
    # ffmpeg does not begin anew at the second.
    files.add("opus_joined.opus", b"".join(opus), ENCODED, OPUS_RATE, (1.0, 0.6))


def ends(files):
    """The container's word on what is to be heard."""
    long = 3.07
    files.add("m4a_alac_trimmed.m4a", files.trim("m4a", files.encode("m4a", "-c:a", "alac", seconds=long), 0.5, 1.04))
    for extension, codec, rate in (("ogg", "libvorbis", RATE), ("mp3", "libmp3lame", RATE), ("opus", "libopus", OPUS_RATE)):
        data = files.encode(extension, "-c:a", codec, rate=rate, seconds=long)
        files.add(f"{extension}_trimmed.{extension}", files.trim(extension, data, 1.0, 1.04), rate=rate)
    files.add("webm_trimmed.webm", files.trim("opus", data, 1.0, 1.04, "webm"), rate=OPUS_RATE)

    mp3 = files.encode("mp3", "-b:a", "48k")
    delays = mp3.index(b"Lavc") + 21
    files.add("mp3_delay_of_another_encoder.mp3", replaced(mp3, delays, big(1105 << 12 | 576, 3)))
    opus = files.encode("opus", "-c:a", "libopus", rate=OPUS_RATE)
    for name, field, value in (("skips_none", 10, 0), ("skips_80_ms", 10, 3840), ("is_quieter", 16, -6 * 256)):
        files.add(f"opus_{name}.opus", opus_head(opus, field, value), rate=OPUS_RATE)

    m4a = files.encode("m4a", "-c:a", "aac")
    files.add("m4a_later_than_its_film.m4a", itsoffset(files))
    # As iTunes writes it: no edit list, but a note of delay, padding and length.
    bare = m4a.replace(b"edts", b"free")
    files.add("m4a_noted_by_itunes.m4a", noted(files, bare, 1024, 384, RATE))
    files.add("m4a_noted_by_itunes_as_shorter.m4a", noted(files, bare, 1024, 384, 4000))
    files.add("m4a_without_a_word.m4a", bare)
    for extension, codec, rate, verdict in (
            ("mkv", "aac", RATE, SAME), ("mka", "libmp3lame", RATE, SAME), ("mka", "flac", RATE, SAME),
            ("mka", "pcm_s16le", RATE, SAME), ("mka", "libvorbis", RATE, SAME), ("mka", "libopus", OPUS_RATE, SAME),
            ("mp4", "libmp3lame", RATE, ENCODED), ("mp4", "libopus", OPUS_RATE, ENCODED), ("mp4", "flac", RATE, SAME),
            ("mp4", "alac", RATE, SAME), ("mov", "pcm_s16le", RATE, SAME), ("mov", "pcm_s24be", RATE, SAME)):
        data = files.encode(extension, "-c:a", codec, "-strict", "-2", rate=rate)
        files.add(f"{codec}_in.{extension}", data, verdict, rate)
    stereo = files.encode("mp4", "-c:a", "libopus", rate=OPUS_RATE, channels=2)
    files.add("libopus_stereo_in.mp4", stereo, ENCODED, OPUS_RATE)


def opus_head(data, field, value):
    """An Opus file with another 16-bit field in its header."""
    at = data.index(b"OpusHead") + field
    data = replaced(data, at, struct.pack("<h", value))
    end = 27 + data[26] + sum(data[27:27 + data[26]])
    page = replaced(data[:end], 22, bytes(4))
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc >> 31 else crc << 1) & 0xFFFFFFFF
    return replaced(data, 22, little(crc))


def itsoffset(files):
    """An M4A that begins 0.3 s after its film."""
    path = files.folder / "later.m4a"
    ffmpeg("-itsoffset", "0.3", "-i", plain(files.sources, RATE, 1.0), "-c:a", "aac", path)
    return path.read_bytes()


def noted(files, data, delay, padding, length):
    from mutagen.mp4 import MP4, MP4FreeForm
    path = files.folder / "noted.m4a"
    path.write_bytes(data)
    tags = MP4(path)
    note = f" 00000000 {delay:08X} {padding:08X} {length:016X}" + " 00000000" * 8
    tags["----:com.apple.iTunes:iTunSMPB"] = [MP4FreeForm(note.encode())]
    tags["----:com.apple.iTunes:Encoding Params"] = [MP4FreeForm(b"vers\0\0\0\1")]
    tags.save()
    return path.read_bytes()


def dialects(files):
    """Headers as other programs write them, and things where none belong."""
    for codec, extensions in (("pcm_alaw", ("wav", "aiff", "caf")), ("pcm_mulaw", ("wav", "aiff", "caf")),
                              ("pcm_s16be", ("aiff", "caf")), ("pcm_f32le", ("wav", "caf")), ("adpcm_ms", ("wav",)),
                              ("adpcm_ima_wav", ("wav",))):
        for extension in extensions:
            files.add(f"{codec}.{extension}", files.encode(extension, "-c:a", codec))
    files.add("aifc_little_endian.aifc", files.encode("aiff", "-c:a", "pcm_s16be"))
    wav, flac, mp3 = files.encode("wav"), files.encode("flac"), files.encode("mp3", "-b:a", "48k")
    data = wav.index(b"data")
    empty_tag = b"ID3\x03\0\0\0\0\0\x0a" + bytes(10)
    for name, more in (("zeros", bytes(1000)), ("id3", empty_tag), ("list", b"LIST" + little(12) + b"INFOISFT" + bytes(4)),
                       ("id3v1", ID3V1), ("ape", ape(300))):
        files.add(f"wav_and_{name}.wav", wav + more)
    files.add("id3_and_wav.wav", empty_tag + wav)
    files.add("id3_and_flac.flac", id3(3000) + flac)
    files.add("mp3_and_id3v1.mp3", mp3 + ID3V1)
    files.add("wav_odd_chunk.wav", wav[:data] + b"odd " + little(3) + b"abc\0" + wav[data:])
    unknown = replaced(wav, 4, little(0))
    files.add("wav_sizes_0.wav", replaced(unknown, data + 4, little(0)))
    for size in (0xFFFFFFFF, 0xFFFFF000, 0x80000000, 0x7FFFFFFF):
        files.add(f"wav_size_{size:x}.wav", replaced(wav, data + 4, little(size)))
    files.add("wav_size_0.wav", replaced(wav, data + 4, little(0)), "behind the end")
    files.add("wav_counts_more.wav", replaced(wav, data + 4, little(132000)), "truncated")
    files.add("wav_half_a_sample.wav", replaced(wav, data + 4, little(len(wav) - data - 9))[:-1])
    files.add("mp3_in.wav", files.encode("wav", "-c:a", "libmp3lame"), "not supported")
    files.add("flac_wrong_md5.flac", replaced(flac, 26, bytes(16)))
    files.add("flac_broken_byte.flac", replaced(flac, len(flac) // 2, bytes([flac[len(flac) // 2] ^ 0x55])), "damaged")
    files.add("mp3_hole.mp3", replaced(mp3, len(mp3) // 2, bytes(20)))
    noise = np.random.default_rng(1).integers(0, 256, 3000, np.uint8).tobytes()
    # ffmpeg misses the encoder's tag behind what is no audio.
    files.add("zeros_and_mp3.mp3", bytes(3000) + mp3, ENCODED)
    files.add("noise_and_mp3.mp3", noise + mp3, ENCODED)
    for extension in ("au", "w64", "tta", "wma"):
        files.add(f"unreadable.{extension}", files.encode(extension), "convert it")
    files.add("unreadable.spx", files.encode("spx", "-c:a", "libspeex"))


def samples(files):
    """Every type of sample, in every container that has it, mono and stereo."""
    kinds = [f"{sign}{bits}{order}" for sign in "suf" for bits in (8, 16, 24, 32, 64) for order in ("le", "be", "")]
    for extension in ("wav", "aiff", "caf", "mov", "mka"):
        for kind in kinds:
            for channels in (1, 2):
                options = ("-c:a", f"pcm_{kind}", "-strict", "-2")
                try:
                    data = files.encode(extension, *options, channels=channels)
                except RuntimeError:
                    continue  # This container has no such samples.
                files.add(f"{kind}_{channels}.{extension}", data)
    for extension, codec, formats in (("flac", "flac", ("s16", "s32")), ("m4a", "alac", ("s16p", "s32p")),
                                      ("mka", "flac", ("s32",)), ("oga", "flac", ("s32",))):
        for form in formats:
            for channels in (1, 2):
                data = files.encode(extension, "-c:a", codec, "-sample_fmt", form, channels=channels)
                files.add(f"{codec}_{form}_{channels}.{extension}", data)
    for channels in (2, 3, 4, 6, 8):
        for extension, codec in (("m4a", "aac"), ("flac", "flac"), ("ogg", "libvorbis"), ("wav", "pcm_s16le"),
                                 ("m4a", "alac"), ("caf", "pcm_s16be")):
            data = files.encode(extension, "-c:a", codec, channels=channels)
            files.add(f"{codec}_{channels}_channels.{extension}", data)
        data = files.encode("opus", "-c:a", "libopus", "-mapping_family", "255", rate=OPUS_RATE, channels=channels)
        files.add(f"libopus_{channels}_channels.opus", data, rate=OPUS_RATE)


def judge(wakemill, folder, path, rate, verdict, lengths):
    """What is wrong with what is read of a file, or nothing."""
    found = read(wakemill, folder, rate, path)
    if verdict not in (SAME, ENCODED):
        if not isinstance(found, str):
            return f"{len(found)} samples of a file to be refused ({verdict})"
        return None if verdict in found else f"refused without a word of '{verdict}': {found}"
    if isinstance(found, str):
        return found
    if verdict == SAME:
        expected = reference(path)
    else:
        expected = np.concatenate([voice(rate, seconds)[:, 0] for seconds in lengths]) / 32768
        if len(found) == len(expected):
            late = lag(found, expected)
            return late and f"{late} samples late"
    if path.suffix in (".m4a", ".mp4") and 0 < len(expected) - len(found) < 1024:
        expected = expected[:len(found)]  # ffmpeg keeps the whole of the last frame, the edit list ends within it.
    if len(found) != len(expected):
        return f"{len(found)} samples, not {len(expected)}"
    worst = float(np.abs(found.astype(float) - expected).max())
    return None if worst <= BOUND else f"a sample {worst:.1e} off"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wakemill", default="target/release/wakemill", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("name", nargs="*")
    arguments = parser.parse_args()
    if not shutil.which("ffmpeg"):
        sys.exit("not run: there is no ffmpeg here")
    folder = arguments.work or Path(tempfile.mkdtemp(prefix="odd_files."))
    shutil.rmtree(folder, ignore_errors=True)
    files = Files(folder)
    for make in (counts, ends, dialects, samples):
        make(files)
    (folder / "read").mkdir()
    names = arguments.name or [""]
    wanted = [made for made in files.all if any(name in made[0].name for name in names)]
    with ThreadPoolExecutor(2) as pool:
        judged = list(pool.map(lambda made: judge(arguments.wakemill.resolve(), folder, *made), wanted))
    wrong = [(made[0].name, problem) for made, problem in zip(wanted, judged) if problem]
    for name, problem in wrong:
        print(f"{name}: {problem}")
    print(f"{len(wanted) - len(wrong)} of {len(wanted)} odd files end as they should")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
