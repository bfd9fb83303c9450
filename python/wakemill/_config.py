"""Configurations as Python names them."""

import json
import os
from pathlib import Path
from typing import Any, Iterable, List, Mapping, Union

from ._wakemill import Config, UsageError

#: A file, or the keys of a pipeline.
Configuration = Union[str, "os.PathLike[str]", Mapping[str, Any]]
#: Keys over it: ``{"augment.rounds": 2}`` or ``["augment.rounds=2"]``.
Settings = Union[Mapping[str, Any], Iterable[str]]


def native(config: Configuration, set: Settings = (), with_: Iterable[Any] = ()) -> Config:
    """The native half's configuration."""
    settings = _assignments(set)
    files = [Path(os.fspath(path)) for path in _listed(with_)]
    if isinstance(config, Mapping):
        return Config(None, json.dumps(_plain(config)), files, settings)
    return Config(Path(os.fspath(config)), None, files, settings)


def _listed(paths: Any) -> Iterable[Any]:
    return [paths] if isinstance(paths, (str, os.PathLike)) else paths


def _assignments(set: Settings) -> List[str]:
    if isinstance(set, str):
        return [set]
    if not isinstance(set, Mapping):
        return list(set)
    return [f"{key}={_text(value)}" for key, value in set.items()]


def _text(value: Any) -> str:
    value = _plain(value)
    return value if isinstance(value, str) else json.dumps(value)


def _plain(value: Any) -> Any:
    """A value of JSON; a key that is ``None`` is left out."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return value.item()
    raise UsageError(f"the configuration has a {type(value).__name__}: {value!r}")
