"""Compares what wakemill reads from files of other rates with ideal resampling.

Ideal is to leave every frequency that both rates can hold as it is, and to add none. Between
silence, a signal's Fourier transform is that of its samples, at either rate: so the transforms of a
file and of what wakemill reads from it (`render --decoded`) can be compared frequency by frequency,
without a second resampler whose own filter would have to be allowed for.

The bounds follow from the filter: a sinc under a squared Blackman-Harris window, as long as N
samples of the lower rate, N being at least 1,024.

- Pass band: the main lobe of that window's transform reaches 16 / N of the Nyquist frequency of the
  lower rate to both sides, and the cutoff lies 13.7 / N below that frequency. So below 1 - 30 / N of
  it, 97 %, the filter changes nothing. Between there and the Nyquist frequency its gain falls from
  1 to 0, with no change of phase; above, nothing may be left. What is below 0 Hz or above the
  Nyquist frequency falls back into the band if the filter leaves it: so aliases and images are seen
  as what was added.
- Precision: the side lobes are beneath what single precision holds. The gain is that of thousands
  of taps summed in single precision (12,288 for 192 kHz): errors of 2^-24 that add up like random
  ones come to 7e-6. The bound is 2^-15, a 16-bit step of a full-scale tone, for each frequency.

Then what precedes and follows a file counts as silence: a file read alone, in whatever sample
format, first channel, must be the middle of what wakemill reads from the same samples between
silence, as 32-bit float.
"""

import math

import dataset
import numpy as np
import soundfile as sf
from dataset import RATE
from wakemill import check

RATES = (8000, 11025, 12000, 22050, 24000, 32000, 44056, 44100, 48000, 96000, 192000)
PASS_BAND = 0.97
STEP = 2.0 ** -15


def check_rates(wakemill, folder):
    """Full-scale white noise with clipped samples, which begins and ends at once, at many rates."""
    rng = np.random.default_rng(5)
    for rate in RATES:
        hard = dataset.noise(rng, 1.3, 0, level=0.5, rate=rate).clip(-1, 1)
        dataset.write(folder / f"noise_{rate}.wav", hard, rate, "FLOAT")
    check_files(wakemill, folder, folder / "work")


def check_files(wakemill, root, work):
    """Every file below a folder that is not at 16 kHz."""
    paths = [path for path in sorted(root.rglob("*.wav")) if sf.info(path).samplerate != RATE]
    found = [check_file(wakemill, path, work) for path in paths]
    passed, added, alone = 20 * np.log10(np.max(found, axis=0))
    print(f"  resampling: {len(found)} files, differences of at most {passed:.0f} dB in the pass band, "
          f"{added:.0f} dB added elsewhere, {alone:.0f} dB at the ends")


def check_file(wakemill, path, work):
    """Gives the differences in the pass band, of what was added outside it, and between the file
    alone and between silence; as shares, of a frequency's level or the mean level, of the mean
    level, and of the peak.
    """
    original, rate = sf.read(path, always_2d=True, dtype="float32")
    original = original[:, 0]
    # Whole seconds are whole numbers of samples at both rates.
    seconds = 2 + math.ceil(len(original) / rate)
    between_silence = np.zeros(seconds * rate, np.float32)
    between_silence[rate:][:len(original)] = original
    dataset.write(work / "between_silence.wav", between_silence, rate, "FLOAT")
    wakemill.decode(work / "between_silence.wav", work / "converted")
    converted, _ = sf.read(work / "converted")
    check(len(converted) == seconds * RATE, f"{path.name}: {len(converted)} samples for {seconds} s")
    passed, added = compare(between_silence, rate, converted)
    check(passed <= STEP, f"{path.name}: {passed:.1e} off in the pass band")
    check(added <= STEP, f"{path.name}: {added:.1e} added")

    wakemill.decode(path, work / "alone")
    alone, _ = sf.read(work / "alone")
    length = math.floor(len(original) * RATE / rate + 0.5)
    check(len(alone) == length, f"{path.name}: {len(alone)} samples, not {length}")
    ends = np.abs(alone - converted[RATE:][:length]).max() / np.abs(original).max()
    check(ends <= STEP, f"{path.name}: {ends:.1e} off from the same between silence")
    return passed, added, ends


def compare(original, rate, converted):
    """Differences of two signals of the same seconds, the first at `rate`, the second at 16 kHz."""
    # Both have a bin for every 1 / seconds Hz.
    found = np.fft.rfft(converted)
    expected = np.zeros(len(found), complex)
    whole = np.fft.rfft(original.astype(float)) * RATE / rate
    shared = min(len(found), len(whole))
    expected[:shared] = whole[:shared]
    level = math.sqrt(np.mean(np.abs(expected[:shared]) ** 2))
    passing = np.arange(len(found)) < PASS_BAND * (shared - 1)
    difference = np.abs(found - expected)
    passed = (difference / np.maximum(np.abs(expected), level))[passing].max()
    # A gain between 0 and 1 takes away no more than there is, and leaves no more.
    added = (np.maximum(difference, np.abs(found)) - np.abs(expected))[~passing].max() / level
    return passed, added
