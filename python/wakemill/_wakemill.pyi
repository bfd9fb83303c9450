"""The native half: what the modules beside it are made of."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

VERSION: str

class Error(Exception):
    """Something that wakemill could not do: the base of its exceptions."""

class UsageError(Error):
    """A setting, an argument or an input has to be changed before any work can start."""

class BuildError(Error):
    """Something failed on the way; what was built is kept, where the text says so."""

class Config:
    def __new__(
        cls, file: Optional[Path], keys: Optional[str], with_: Sequence[Path], set: Sequence[str]
    ) -> "Config": ...

class Embedder:
    def __new__(cls, scale: str) -> "Embedder": ...
    def mel(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]: ...
    def embed(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]: ...

class Feed:
    splits: List[str]
    batches: Optional[int]
    fingerprint: str
    def __new__(
        cls,
        config: Config,
        rows: int,
        splits: Sequence[str],
        shares: Sequence[Tuple[str, int]],
        shuffle: bool,
        shard: Tuple[int, int],
        provenance: bool,
        position: Tuple[int, int],
    ) -> "Feed": ...
    def next(
        self,
    ) -> Tuple[
        int,
        int,
        bool,
        NDArray[np.float32],
        NDArray[np.int64],
        List[str],
        NDArray[np.int64],
        Optional[List[str]],
        List[Tuple[int, str, str, str]],
    ]: ...
    def seek(self, epoch: int, batch: int) -> None: ...
    def close(self) -> None: ...
    def notes(self) -> List[str]: ...

def main(arguments: Sequence[str]) -> int: ...
def bundled_networks(folder: Path) -> None: ...
def end() -> None: ...
def forked() -> None: ...
def run(
    config: Config, existing: str, on_event: Optional[Callable[[Dict[str, Any]], object]]
) -> Tuple[Path, bool]: ...
def plan(config: Config) -> Tuple[str, List[Tuple[str, int]], str]: ...
def inspect(path: Path, verify: bool) -> str: ...
def render(
    config: Config, split: str, clip: str, round: int, decoded: bool
) -> Tuple[NDArray[Any], int, Optional[str]]: ...
def evaluate(
    config: Config, models: Sequence[Path], overwrite: bool
) -> Tuple[List[Tuple[str, str]], List[Path], List[str]]: ...
