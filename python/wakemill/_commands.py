"""The commands as functions."""

import json
import os
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional, Union

import numpy as np

from . import _wakemill
from ._config import Configuration, Settings, native
from ._progress import log, reporter

_Paths = Union[str, "os.PathLike[str]", Iterable[Union[str, "os.PathLike[str]"]]]


class Dataset:
    """A finished data set in its folder."""

    def __init__(self, path: Union[str, "os.PathLike[str]"], *, built: bool = False) -> None:
        """Opens the data set in a folder.

        Raises :class:`UsageError` where there is none.
        """
        #: The folder.
        self.path = Path(path)
        #: Whether it was built just now, not there already.
        self.built = built
        try:
            text = (self.path / "dataset.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise _wakemill.UsageError(f"{self.path}: there is no data set") from None
        #: What ``dataset.json`` says.
        self.manifest: Dict[str, Any] = json.loads(text)

    @property
    def splits(self) -> List[str]:
        """The names of its splits, in order."""
        return [split["name"] for split in self.manifest["splits"]]

    def features(self, split: str) -> np.ndarray:
        """The features of a split, mapped from its file: ``(rows, 16, 96)``, float32, or
        what ``dtype`` and ``layout`` of the split say.

        Raises :class:`UsageError` for a split that is not there, or that ``merge --parts``
        has left in several files.
        """
        for known in self.manifest["splits"]:
            if known["name"] == split:
                if known.get("parts"):
                    files = ", ".join(part["features"] for part in known["parts"])
                    raise _wakemill.UsageError(f"split '{split}' is in parts: map each of {files}")
                # What has no rows cannot be mapped.
                mode = "r" if known["rows"] else None
                return np.load(self.path / known["features"], mmap_mode=mode)
        known = ", ".join(self.splits)
        raise _wakemill.UsageError(f"there is no split '{split}'; there are: {known}")

    def __repr__(self) -> str:
        rows = ", ".join(f"{split['name']}: {split['rows']}" for split in self.manifest["splits"])
        return f"<wakemill.Dataset {str(self.path)!r}, rows: {rows}>"


class Plan(Dict[str, Any]):
    """What a build would do: its settings under a pipeline's keys. As text, the
    words of ``wakemill run --dry-run``."""

    def __init__(self, keys: Dict[str, Any], clips: Dict[str, int], text: str) -> None:
        super().__init__(keys)
        #: Clips of each split.
        self.clips = clips
        self._text = text

    def __str__(self) -> str:
        return self._text


def run(
    config: Configuration,
    *,
    resume: bool = False,
    overwrite: bool = False,
    set: Settings = (),
    with_: _Paths = (),
    on_event: Union[Callable[[Dict[str, Any]], object], None, bool] = True,
) -> Dataset:
    """Builds the data set that a configuration describes, as ``wakemill run`` does.

    ``resume`` goes on with what an earlier run left in the output folder, and
    ``overwrite`` replaces it; without either, a finished data set of the same
    configuration and inputs is taken as it is, and anything else is an error.
    ``set`` overrides keys (``{"augment.rounds": 2}``), ``with_`` lays TOML files
    over the configuration.

    ``on_event`` is called with a dict of each event (``event`` is ``"started"``,
    ``"resumed"``, ``"progress"``, ``"left_out"``, ``"warning"`` or ``"notice"``), from
    another thread; what it raises ends the build and is raised here. ``True`` shows
    progress on standard error, ``None`` nothing.

    Raises :class:`UsageError` for what has to be changed first, :class:`BuildError`
    for what fails on the way. After Ctrl-C, what was built is kept for ``resume``.
    """
    if resume and overwrite:
        raise _wakemill.UsageError("resume and overwrite exclude each other")
    existing = "resume" if resume else "overwrite" if overwrite else "keep"
    listener = reporter() if on_event is True else on_event or None
    path, built = _wakemill.run(native(config, set, with_), existing, listener)
    return Dataset(path, built=built)


def plan(config: Configuration, *, set: Settings = (), with_: _Paths = ()) -> Plan:
    """What :func:`run` would do. Finds every input, and builds nothing.

    Raises :class:`UsageError` for what :func:`run` would refuse.
    """
    keys, clips, text = _wakemill.plan(native(config, set, with_))
    return Plan(json.loads(keys), dict(clips), text)


def inspect(path: Union[str, "os.PathLike[str]"], *, verify: bool = False) -> Dict[str, Any]:
    """What is in an ``.npy`` file or the folder of a data set, as
    ``wakemill inspect --json`` says it; with ``verify``, a folder's files are compared
    with their hashes.

    Raises :class:`UsageError` where there is neither, :class:`BuildError` where a
    file is not the one that was built.
    """
    return json.loads(_wakemill.inspect(Path(path), verify))


def render(
    config: Configuration,
    split: str,
    clip: str,
    round: int = 0,
    *,
    decoded: bool = False,
    set: Settings = (),
    with_: _Paths = (),
) -> np.ndarray:
    """The exact audio that a row is computed from: int16, ``(samples,)``, at the
    pipeline's rate (16 kHz unless ``audio.sample_rate`` says otherwise).

    ``clip`` is named as in ``rows.jsonl``, with or without its extension. With
    ``decoded``, the clip as it was read, before any effect, as float32 in [-1, 1].

    Raises :class:`UsageError` for a split, clip or round that is not there,
    :class:`BuildError` for a clip that cannot be processed.
    """
    config = native(config, set, with_)
    samples, _, _ = _wakemill.render(config, split, clip, round, decoded)
    return samples


def eval(
    config: Union[str, "os.PathLike[str]"],
    models: _Paths = (),
    *,
    overwrite: bool = False,
) -> Dict[str, Dict[str, Any]]:
    """How good classifiers (ONNX) are on the features that a livekit-wakeword
    or openWakeWord configuration names, as ``wakemill eval`` says it: a dict of figures by the
    classifier's name. Figures and plot are written beside the features.

    Without ``models``, the configuration's own. ``overwrite`` replaces files of the
    results' names that no evaluation wrote.

    Raises :class:`UsageError` and :class:`BuildError`.
    """
    if isinstance(models, (str, os.PathLike)):
        models = [models]
    figures, _, notes = _wakemill.evaluate(native(config), [Path(model) for model in models], overwrite)
    for note in notes:
        log.warning(note)
    return {name: json.loads(text) for name, text in figures}
