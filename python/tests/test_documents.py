"""The examples of both READMEs, run as they stand, in their order."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = Path(__file__).parents[1]
DOCUMENTS = [PYTHON / "README.md", PYTHON.parent / "README.md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.parent.name)
def test_examples_run_as_they_stand(document, quickstart, tmp_path):
    shutil.copytree(quickstart.parent, tmp_path / "work", ignore=shutil.ignore_patterns("out"))
    examples = re.findall(r"^```python\n(.*?)^```", document.read_text(), re.M | re.S)
    assert len(examples) == 3
    said = []
    for example in examples:
        assert len([line for line in example.splitlines() if line.strip()]) <= 12
        run = subprocess.run(
            [sys.executable, "-c", example],
            cwd=tmp_path / "work",
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert run.returncode == 0, run.stderr
        said.append(run.stdout)
    assert "wake (48, 16, 96)" in said[0]
    # The clip is one that the classifier has learnt.
    assert float(re.search(r"score (\S+)", said[2])[1]) > 0.5


def test_commands_are_those_that_there_are():
    text = "".join(document.read_text() for document in DOCUMENTS)
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S))
    commands = set(re.findall(r"^wakemill ([a-z]+)", blocks, re.M))
    assert commands
    for words in commands:
        run = subprocess.run(
            [sys.executable, "-m", "wakemill", words, "--help"], capture_output=True, env=os.environ
        )
        assert run.returncode == 0, words
