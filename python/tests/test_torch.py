"""The wrapper for PyTorch. Where PyTorch is not installed, what the wrapper takes of
it stands in: the base class, and what a loader tells its workers. Processes are real
either way."""

import multiprocessing
import random
import sys
import types

import numpy as np
import pytest

import wakemill

METHODS = ["fork", "spawn"]


class Info:
    """What ``torch.utils.data.get_worker_info`` gives in a worker."""

    def __init__(self, id, num_workers, seed):
        self.id, self.num_workers, self.seed = id, num_workers, seed


def stand_in():
    """As much of PyTorch as the wrapper imports."""
    torch = types.ModuleType("torch")
    torch.utils = types.ModuleType("torch.utils")
    torch.utils.data = types.ModuleType("torch.utils.data")
    torch.utils.data.IterableDataset = type("IterableDataset", (), {})
    torch.utils.data.get_worker_info = lambda: None
    modules = {"torch": torch, "torch.utils": torch.utils, "torch.utils.data": torch.utils.data}
    sys.modules.update(modules)


try:
    import torch.utils.data  # noqa: F401
except ImportError:
    stand_in()


def serve(dataset, info, passes, queue):
    """A loader's worker: that many passes over the data set."""
    sys.modules["torch.utils.data"].get_worker_info = lambda: info
    for _ in range(passes):
        for batch in dataset:
            queue.put((info.id, batch.features.tobytes(), batch.clip))
        queue.put((info.id, None, None))


def load(dataset, workers, method, passes=1):
    """A loader's iterator, with workers kept for some passes: each pass's batches."""
    context = multiprocessing.get_context(method)
    queue, seed = context.Queue(), random.getrandbits(62)
    infos = [Info(id, workers, seed + id) for id in range(workers)]
    processes = [context.Process(target=serve, args=(dataset, info, passes, queue)) for info in infos]
    for process in processes:
        process.start()
    got = [[[] for _ in range(passes)] for _ in range(workers)]
    at, left = [0] * workers, workers * passes
    while left:
        id, features, clip = queue.get(timeout=60)
        if features is None:
            at[id], left = at[id] + 1, left - 1
        else:
            got[id][at[id]].append((features, clip))
    for process in processes:
        process.join(20)
        assert process.exitcode == 0
    return [sum((got[id][number] for id in range(workers)), []) for number in range(passes)]


def whole(quickstart, epoch, shard=(0, 1)):
    (batch,) = wakemill.Stream(quickstart, batch=48, shuffle=True, epoch=epoch, shard=shard)
    return batch.features.tobytes()


@pytest.fixture
def dataset(quickstart):
    from wakemill.torch import Dataset

    return Dataset(wakemill.Stream(quickstart, batch=5, shuffle=True, epoch=2))


def joined(batches):
    return b"".join(features for features, _ in batches)


def test_without_workers_it_is_the_stream(quickstart, dataset):
    for epoch in (2, 3):
        assert b"".join(batch.features.tobytes() for batch in dataset) == whole(quickstart, epoch)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("workers", [1, 3])
def test_workers_share_an_epoch_and_go_on_with_the_next(quickstart, dataset, workers, method):
    # A loader whose workers end with each pass, then one that keeps them.
    for epoch in (2, 3):
        assert joined(*load(dataset, workers, method)) == whole(quickstart, epoch)
    kept = load(dataset, workers, method, passes=2)
    assert [joined(batches) for batches in kept] == [whole(quickstart, 4), whole(quickstart, 5)]
    dataset.set_epoch(3)
    assert joined(*load(dataset, workers, method)) == whole(quickstart, 3)


def test_workers_take_parts_of_the_streams_part(quickstart):
    from wakemill.torch import Dataset

    parts = [wakemill.Stream(quickstart, batch=5, shuffle=True, shard=(i, 2)) for i in range(2)]
    loaded = [joined(*load(Dataset(part), 2, "fork")) for part in parts]
    assert loaded == [whole(quickstart, 0, (i, 2)) for i in range(2)]


def test_with_labels_items_are_pairs(quickstart):
    from wakemill.torch import Dataset

    stream = wakemill.Stream(quickstart, batch={"wake": 4, "other": 8})
    features, labels = next(iter(Dataset(stream, labels={"wake": 1, "other": 0})))
    assert features.shape == (12, 16, 96)
    assert labels.tolist() == [1.0] * 4 + [0.0] * 8 and labels.dtype == np.float32


def test_a_real_loader_takes_it(quickstart):
    data = pytest.importorskip("torch.utils.data")
    if not hasattr(data, "DataLoader"):
        pytest.skip("PyTorch is not installed")
    from wakemill.torch import Dataset

    for method in METHODS:
        dataset = Dataset(wakemill.Stream(quickstart, batch=5, shuffle=True))
        loader = data.DataLoader(
            dataset, batch_size=None, num_workers=2, multiprocessing_context=method
        )
        for epoch in range(2):
            rows = {row.numpy().tobytes() for batch in loader for row in batch.features}
            (want,) = wakemill.Stream(quickstart, batch=48, shuffle=True, epoch=epoch)
            assert rows == {row.tobytes() for row in want.features}
