"""A stream for PyTorch: ``DataLoader(wakemill.torch.Dataset(stream), batch_size=None)``."""

import multiprocessing
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

import torch.utils.data

from ._stream import Stream


class Dataset(torch.utils.data.IterableDataset):
    """The batches of a stream. They are whole already: the loader's ``batch_size`` is
    ``None``.

    With loader workers, each takes its part of the stream's shard, in a stream of its
    own; started by fork or by spawn, kept or not. Each pass of a loader is an epoch,
    the first the stream's own, whatever the number of workers.

    Items are :class:`wakemill.Batch`; with ``labels``, a dict from names of splits to
    numbers, they are pairs of features and labels (float32, ``(B,)``).
    """

    def __init__(self, stream: Stream, labels: Optional[Mapping[str, float]] = None) -> None:
        self._stream = stream
        self._labels = None if labels is None else dict(labels)
        self._epochs = _Epochs(stream.epoch)
        # This process's own stream, where it is a worker, and its epochs so far.
        self._worker: Optional[Stream] = None
        self._begun: Tuple[Any, int] = (None, 0)

    def set_epoch(self, epoch: int) -> None:
        """Goes to the beginning of an epoch, from the loader's next pass on."""
        self._stream.set_epoch(epoch)
        self._epochs.restart(epoch)

    def __iter__(self) -> Iterator[Any]:
        worker = torch.utils.data.get_worker_info()
        if worker is None:
            stream = self._stream
        else:
            stream = self._of(worker)
        return iter(stream if self._labels is None else stream.pairs(self._labels))

    def _of(self, worker: Any) -> Stream:
        """The stream of a worker, at the epoch of this pass."""
        # The same for all workers of a loader's iterator, and for no other's.
        passes = worker.seed - worker.id
        run, first = self._epochs.of(passes)
        count = self._begun[1] + 1 if self._begun[0] == run else 0
        self._begun = (run, count)
        epoch = first + count
        self._epochs.used(epoch)
        if self._worker is None:
            index, parts = self._stream.shard
            shard = (index * worker.num_workers + worker.id, parts * worker.num_workers)
            self._worker = self._stream.again(epoch=epoch, shard=shard)
        elif (self._worker.epoch, self._worker.batch) != (epoch, 0):
            self._worker.set_epoch(epoch)
        return self._worker

    def __getstate__(self) -> Dict[str, Any]:
        return {**self.__dict__, "_worker": None}


class _Epochs:
    """Which epoch a pass of a loader is, agreed among its workers."""

    def __init__(self, first: int) -> None:
        # Works for processes of either kind.
        context = multiprocessing.get_context("spawn")
        # Iterator, restarts, its first epoch, the first unused epoch.
        self._shared = context.Array("q", [-1, 0, first, first])

    def of(self, passes: int) -> Tuple[Tuple[int, int], int]:
        """What a loader's iterator counts its passes by, and its first epoch."""
        # Seeds may have 64 bits without a sign.
        passes &= 2**63 - 1
        with self._shared.get_lock():
            shared = self._shared.get_obj()
            if shared[0] != passes:
                shared[0], shared[2] = passes, shared[3]
            return (passes, shared[1]), shared[2]

    def used(self, epoch: int) -> None:
        """Says of an epoch that it has begun."""
        with self._shared.get_lock():
            shared = self._shared.get_obj()
            shared[3] = max(shared[3], epoch + 1)

    def restart(self, epoch: int) -> None:
        """The next pass is that epoch."""
        with self._shared.get_lock():
            shared = self._shared.get_obj()
            shared[:] = [-1, shared[1] + 1, epoch, epoch]
