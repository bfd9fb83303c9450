"""Builds wake-word training sets in one streaming run: audio clips in,
``(N, 16, 96)`` speech-embedding arrays out.

- :func:`run` builds a data set, as ``wakemill run`` does; :func:`plan`,
  :func:`inspect`, :func:`render` and :func:`eval` are the commands of those names.
- :class:`Stream` gives rows to a trainer, with fresh augmentation in every epoch
  and nothing on disk; :mod:`wakemill.torch` wraps one for PyTorch.
- :func:`embed` and :func:`mel` compute the features of arrays in memory.

A *configuration* is the path of a pipeline (``.toml``) or of another program's
file that wakemill reads (``.yaml``), or a dict with a pipeline's keys; relative
paths start at the file's folder, or at the current one. What goes wrong is an
:class:`Error`, with the text that the command line has.
"""

import atexit as _atexit
import os as _os
from pathlib import Path as _Path

from ._commands import Dataset, Plan, eval, inspect, plan, render, run
from ._features import embed, mel
from ._stream import Batch, Pairs, Stream
from ._wakemill import VERSION as __version__
from ._wakemill import BuildError, Error, UsageError
from ._wakemill import bundled_networks as _bundled_networks
from ._wakemill import end as _end
from ._wakemill import forked as _forked

_bundled_networks(_Path(__file__).parent / "networks")
# No thread may be in native code when the interpreter goes.
_atexit.register(_end)
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_forked)

__all__ = [
    "Batch",
    "BuildError",
    "Dataset",
    "Error",
    "Pairs",
    "Plan",
    "Stream",
    "UsageError",
    "embed",
    "eval",
    "inspect",
    "mel",
    "plan",
    "render",
    "run",
]
