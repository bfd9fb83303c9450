"""The package as it is installed."""

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import script

import wakemill

PACKAGE = Path(wakemill.__file__).parent


def test_a_first_build_needs_no_network_and_few_seconds(tmp_path):
    # A cache folder that cannot be written, and nothing on the path to fetch with.
    environment = {"WAKEMILL_HOME": "/proc/nowhere", "PATH": "", "HOME": str(tmp_path)}
    run = [sys.executable, "-m", "wakemill"]
    subprocess.run([*run, "init", "--quickstart", tmp_path], env=environment, check=True)
    began = time.monotonic()
    built = subprocess.run(
        [*run, "run", tmp_path / "quickstart.toml"], env=environment, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    assert time.monotonic() - began < 5
    assert "fetching" not in built.stderr
    binary = os.environ.get("WAKEMILL_BINARY")
    if binary is None:
        pytest.skip("WAKEMILL_BINARY names no binary to compare with")
    subprocess.run([binary, "run", tmp_path / "quickstart.toml", "--set", f"output={tmp_path}/b"], check=True)
    for split in ("wake", "other"):
        ours, theirs = tmp_path / f"out/{split}.npy", tmp_path / f"b/{split}.npy"
        assert ours.read_bytes() == theirs.read_bytes()


def test_the_networks_are_those_that_are_pinned():
    pins = Path(__file__).parents[2] / "src/runtime/packages.rs"
    pinned = dict(re.findall(r'name: "([^"]+\.onnx)",\s*sha256: "([^"]+)"', pins.read_text()))
    assert len(pinned) == 2
    for name, digest in pinned.items():
        data = (PACKAGE / "networks" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
    assert "Apache License" in (PACKAGE / "networks/LICENSE").read_text()
    assert "speech_embedding" in (PACKAGE / "networks/NOTICE").read_text()


def test_importing_it_is_quick_and_takes_numpy_alone():
    text = """
import sys
before = set(sys.modules)
import numpy
numpy_too = set(sys.modules)
import wakemill
standard = set(sys.stdlib_module_names)
new = {name.split(".")[0] for name in set(sys.modules) - numpy_too} - standard
print(sorted(new))
"""
    assert script(text).stdout.strip() == "['wakemill']"


def test_every_public_name_has_words_and_a_type():
    stub = (PACKAGE / "_wakemill.pyi").read_text()
    for name in dir(wakemill._wakemill):
        if not name.startswith("_"):
            assert re.search(rf"(class|def) {name}\b|^{name}:", stub, re.M), name
    for name in wakemill.__all__:
        assert getattr(wakemill, name).__doc__, name
    assert (PACKAGE / "py.typed").exists()
