#!/usr/bin/env python3
"""Puts the two networks into the package, for a wheel that needs no network: fetched
with pip, by the pins of ../src/runtime/packages.rs. Run it before maturin.

    python python/fetch_networks.py
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PINS = HERE.parent / "src/runtime/packages.rs"
INTO = HERE / "wakemill/networks"

NOTICE = """\
melspectrogram.onnx and embedding_model.onnx, Apache License 2.0 (see LICENSE). The
speech embedding network is Google's `speech_embedding` (TensorFlow Hub), converted to
ONNX by the openWakeWord project (David Scripka) together with the mel spectrogram
network; both are taken unchanged from the wheel of {package} {version}
(LiveKit, Inc.).
"""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> None:
    text = PINS.read_text(encoding="utf-8")
    models = re.search(r"pub const MODELS: Package = Package \{(.*?)\n\};", text, re.S)[1]
    pin = {
        key: re.search(rf'{key}: "([^"]+)"', models)[1] for key in ("name", "version", "sha256")
    }
    files = {
        name: (folder, digest)
        for folder, name, digest in re.findall(
            r'PackagedFile = PackagedFile \{\s*folder: "([^"]+)",\s*name: "([^"]+\.onnx)",\s*sha256: "([^"]+)"',
            text,
        )
    }
    assert len(files) == 2, files
    INTO.mkdir(parents=True, exist_ok=True)
    have = {name: INTO / name for name in files}
    if not all(path.is_file() and sha256(path.read_bytes()) == files[name][1] for name, path in have.items()):
        fetch(pin, files)
    (INTO / "NOTICE").write_text(
        NOTICE.format(package=pin["name"], version=pin["version"]), encoding="utf-8"
    )
    shutil.copyfile(HERE.parent / "LICENSE", INTO / "LICENSE")
    print(f"both networks are in {INTO}")


def fetch(pin: dict, files: dict) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(f"{pin['name']}=={pin['version']} --hash=sha256:{pin['sha256']}\n")
        # As wakemill itself does it: one wheel, whatever interpreter runs this.
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
            + ["--python-version", "3.12", "--require-hashes", "--dest", folder, "-r", str(wanted)],
            check=True,
        )
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name, (inside, digest) in files.items():
                data = archive.read(inside + name)
                if sha256(data) != digest:
                    sys.exit(f"{name} of {wheel.name} has SHA-256 {sha256(data)}, expected {digest}")
                (INTO / name).write_bytes(data)


if __name__ == "__main__":
    main()
