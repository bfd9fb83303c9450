"""Rows for a trainer."""

import json
import os
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Union

import numpy as np

from ._config import Configuration, Settings, native
from ._progress import log
from ._wakemill import Feed, UsageError


class Batch(NamedTuple):
    """Some rows, and what each is."""

    #: float32, ``(B, 16, 96)``.
    features: np.ndarray
    #: The name of each row's split: text, ``(B,)``.
    split: np.ndarray
    #: The name of each row's clip, as in ``rows.jsonl``.
    clip: List[str]
    #: Each row's round: int64, ``(B,)``.
    round: np.ndarray
    #: What was drawn for each row, as in ``rows.jsonl``; ``None`` without ``provenance``.
    drawn: Optional[List[Dict[str, Any]]]


class Stream:
    """The rows of a build in batches for a trainer, with fresh augmentation in every
    epoch and nothing on disk.

    >>> stream = wakemill.Stream("wake.toml", shuffle=True)      # doctest: +SKIP
    >>> for epoch in range(10):
    ...     for batch in stream:
    ...         train(batch.features, batch.split == "wake")

    Each ``for`` goes through one epoch, or through what is left of it; the next one
    goes on with the epoch after it. The build runs in threads of its own, at most
    about a batch ahead, also into the next epoch, and waits for the trainer; when the
    stream is closed or gone, so are they.

    Without ``shuffle``, epoch 0 is what :func:`wakemill.run` writes, byte for byte, in
    the order of the splits. A row depends on nothing but the seed, its epoch, split,
    clip and round: it is the same on any host, for any number of workers or shards.

    :param config: a pipeline's path or keys; its ``output`` is not touched.
    :param splits: names of splits to take; all where it is ``None``.
    :param epoch: where to begin.
    :param batch: rows a batch; an epoch's last has what is left. Or rows of each split,
        such as ``{"positive": 50, "negative": 200}``: an epoch then ends with the split
        that lasts longest, and the others go round, drawn afresh each time (as epoch
        ``e + p * 2**32`` in pass ``p``); every batch is full.
    :param shuffle: gives each epoch an order of its own, keyed by seed and epoch: a
        permutation of the clips, whose rounds stay together.
    :param shard: ``(i, n)`` for the ``i``-th of ``n`` equal parts of each epoch's order.
    :param provenance: whether batches say what was drawn (``Batch.drawn``).
    :param set: keys over the configuration's, as for :func:`wakemill.run`.
    :param with_: TOML files over it.
    :param state: what :meth:`state` gave, to go on from there.

    Splits of recordings are taken as they are built: their rows in turns, without
    ``shuffle`` and in no mixed batch; take them in a stream of their own (``splits``) beside
    that of the clips. Their rows are those of the feature file before they are rounded to
    its type, ``clip`` is the recording and ``round`` the number of the row in it. A shard has
    whole blocks of 1,024 recordings; a state within an epoch is gone on from by building
    what lies before it again; and only with ``augment`` are epochs different.

    A clip that cannot be processed follows ``failures.policy``: it is raised as a
    :class:`BuildError` that names it (``"stop"``), or logged to ``wakemill``, and its rows
    are missing from their batch (``"skip"``).

    Raises :class:`UsageError` for arguments that cannot be, and for a configuration that
    :func:`wakemill.run` would refuse.
    """

    def __init__(
        self,
        config: Configuration,
        *,
        splits: Optional[Iterable[str]] = None,
        epoch: int = 0,
        batch: Union[int, Mapping[str, int]] = 256,
        shuffle: bool = False,
        shard: Tuple[int, int] = (0, 1),
        provenance: bool = False,
        set: Settings = (),
        with_: Any = (),
        state: Optional[Mapping[str, Any]] = None,
    ) -> None:
        self._recipe = {
            "config": config,
            "splits": None if splits is None else _names(splits),
            "batch": dict(batch) if isinstance(batch, Mapping) else _count("batch", batch, 1),
            "shuffle": bool(shuffle),
            "shard": _shard(shard),
            "provenance": bool(provenance),
            "set": set if isinstance(set, (str, Mapping)) else list(set),
            "with_": with_,
        }
        if splits is not None and isinstance(batch, Mapping):
            raise UsageError("batch names the splits already: leave out one of splits and batch")
        self._epoch, self._batch = _count("epoch", epoch, 0), 0
        self._state = None if state is None else dict(state)
        if self._state is not None:
            self._epoch, self._batch = _position(self._state)
        self._ended = False
        self._feed: Optional[Feed] = None
        self._owner = 0
        self._open()

    @property
    def splits(self) -> List[str]:
        """The names of the configuration's splits, in order."""
        return self._open().splits

    @property
    def taken(self) -> List[str]:
        """The names of the splits that it takes rows of."""
        batch = self._recipe["batch"]
        chosen = list(batch) if isinstance(batch, dict) else self._recipe["splits"]
        return chosen or self.splits

    @property
    def epoch(self) -> int:
        """The epoch that the next batch is of."""
        return self._epoch

    @property
    def batch(self) -> int:
        """The number of the next batch in its epoch, counted from 0."""
        return self._batch

    @property
    def shard(self) -> Tuple[int, int]:
        """Its part: ``(i, n)``."""
        return self._recipe["shard"]

    def set_epoch(self, epoch: int) -> None:
        """Goes to the beginning of an epoch."""
        feed = self._open()
        self._epoch, self._batch, self._ended = _count("epoch", epoch, 0), 0, False
        feed.seek(self._epoch, 0)

    def state(self) -> Dict[str, Any]:
        """Where it is, in plain values that JSON can hold: ``Stream(..., state=state)``
        with the same arguments goes on with the next batch."""
        return {"stream": self._open().fingerprint, "epoch": self._epoch, "batch": self._batch}

    def close(self) -> None:
        """Ends its threads. A closed stream has no more batches."""
        if self._feed is not None:
            self._feed.close()
        self._closed = True

    _closed = False

    def __len__(self) -> int:
        """Batches of a whole epoch. Of recordings nobody knows before: a
        :class:`TypeError`."""
        batches = self._open().batches
        if batches is None:
            raise TypeError("how many rows recordings have is not known before they are decoded")
        return batches

    def __iter__(self) -> "Stream":
        self._ended = False
        return self

    def __next__(self) -> Batch:
        if self._ended or self._closed:
            raise StopIteration
        feed = self._open()
        if feed.batches == 0:
            self._ended = True
            raise StopIteration
        while True:
            if self._ended:
                raise StopIteration
            batch = self._take(feed)
            # Only where all clips of a batch were left out.
            if len(batch.clip):
                return batch

    def _take(self, feed: Feed) -> Batch:
        epoch, number, is_last, features, split, clip, round, drawn, left_out = feed.next()
        self._epoch, self._batch = epoch, number + 1
        if is_last:
            self._epoch, self._batch, self._ended = epoch + 1, 0, True
        self._tell(feed)
        for index, name, stage, reason in left_out:
            log.warning("left out %s of split %s: %s: %s", name, feed.splits[index], stage, reason)
        return Batch(
            features,
            np.asarray(feed.splits)[split],
            clip,
            round,
            None if drawn is None else [json.loads(text) for text in drawn],
        )

    def _open(self) -> Feed:
        """The native stream of this process: one that was forked makes its own, which
        goes on where the other was."""
        if self._feed is None or self._owner != os.getpid():
            recipe = self._recipe
            batch = recipe["batch"]
            shares = list(batch.items()) if isinstance(batch, dict) else []
            if isinstance(batch, dict) and not shares:
                raise UsageError("batch names no split")
            self._feed = Feed(
                native(recipe["config"], recipe["set"], recipe["with_"]),
                0 if shares else batch,
                recipe["splits"] or [],
                [(str(name), _count(f"batch[{name!r}]", rows, 1)) for name, rows in shares],
                recipe["shuffle"],
                recipe["shard"],
                recipe["provenance"],
                (self._epoch, self._batch),
            )
            self._owner = os.getpid()
            self._check_state()
            self._tell(self._feed)
        return self._feed

    def _check_state(self) -> None:
        if self._state is not None and self._state["stream"] != self._feed.fingerprint:
            raise UsageError(
                "the state is of another stream: seed, clips, splits, batch, shuffle and shard "
                "have to be the same"
            )

    def _tell(self, feed: Feed) -> None:
        for note in feed.notes():
            log.warning(note)

    def again(self, **changes: Any) -> "Stream":
        """Another stream with the same arguments but for some: at the beginning of this
        one's epoch, unless ``epoch`` or ``state`` says otherwise."""
        return Stream(**{**self._recipe, "epoch": self._epoch, **changes})

    def pairs(self, labels: Mapping[str, float]) -> "Pairs":
        """Its batches as pairs of features and labels, for trainers that take an
        iterable or a generator function (Keras, ``tf.data.Dataset.from_generator``).

        ``labels`` gives a number for the name of each split that it takes."""
        return Pairs(self, labels)

    def __getstate__(self) -> Dict[str, Any]:
        """A stream in another process makes its own threads."""
        kept = {key: value for key, value in self.__dict__.items() if key != "_feed"}
        return {**kept, "_owner": 0}

    def __setstate__(self, kept: Dict[str, Any]) -> None:
        self.__dict__.update(kept)
        self._feed = None

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Pairs:
    """Pairs of features, float32 ``(B, 16, 96)``, and labels, float32 ``(B,)``: each
    ``for``, and each call, goes through an epoch of the stream."""

    def __init__(self, stream: Stream, labels: Mapping[str, float]) -> None:
        self._stream = stream
        self._labels = {str(name): float(label) for name, label in labels.items()}
        missing = [name for name in stream.taken if name not in self._labels]
        if missing:
            raise UsageError(f"there is no label for split '{missing[0]}'")

    def __call__(self) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
        return iter(self)

    def __iter__(self) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
        for batch in self._stream:
            labels = [self._labels[name] for name in batch.split]
            yield batch.features, np.asarray(labels, dtype=np.float32)

    def __len__(self) -> int:
        return len(self._stream)


def _names(splits: Iterable[str]) -> List[str]:
    names = [splits] if isinstance(splits, str) else list(splits)
    if not names:
        raise UsageError("splits names no split")
    return names


def _count(name: str, value: Any, least: int) -> int:
    try:
        count = value.__index__()
    except AttributeError:
        count = least - 1
    if isinstance(value, bool) or not least <= count < 2**62:
        raise UsageError(f"{name} is {value!r}; it must be a whole number from {least}")
    return count


def _shard(shard: Tuple[int, int]) -> Tuple[int, int]:
    try:
        index, count = shard
    except (TypeError, ValueError):
        raise UsageError(f"shard is {shard!r}; it must be (i, n)") from None
    return _count("shard's i", index, 0), _count("shard's n", count, 1)


def _position(state: Dict[str, Any]) -> Tuple[int, int]:
    try:
        return _count("epoch", state["epoch"], 0), _count("batch", state["batch"], 0)
    except (KeyError, TypeError):
        raise UsageError("the state is none that Stream.state() gives") from None
