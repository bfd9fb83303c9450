"""Makes tests/golden/npy/: arrays as NumPy saves them, and their SHA-256.

Needs numpy. Run from the repository's root.
"""

import hashlib
import pathlib

import numpy as np
from numpy.lib import format as npy

ROOT = pathlib.Path("tests/golden/npy")


def main():
    ROOT.mkdir(exist_ok=True)
    x = np.arange(24, dtype=np.float32) / 8 - 1
    arrays = {
        "float32_4x2x3": x.reshape(4, 2, 3),
        "float16_4x2x3": x.reshape(4, 2, 3).astype(np.float16),
        "float32_24": x,
        "float32_scalar": np.float32(2.5),
        "float64": x.astype(np.float64),
        "big_endian": x.astype(">f4"),
        "int16": x.astype(np.int16),
        "record": np.zeros(3, dtype=[("a", "<f4"), ("b", "<i2")]),
        "fortran": np.asfortranarray(x.reshape(8, 3)),
    }
    for name, array in arrays.items():
        np.save(ROOT / f"{name}.npy", array)
    with open(ROOT / "float32_version2_8x3.npy", "wb") as file:
        npy.write_array(file, x.reshape(8, 3), version=(2, 0))
    sums = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in sorted(ROOT.glob("*.npy"))]
    (ROOT / "SHA256SUMS").write_text("".join(sums))


main()
