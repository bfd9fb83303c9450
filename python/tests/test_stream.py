"""What a stream gives."""

import json

import numpy as np
import pytest
from conftest import concatenated, rows, script, write_wav

import wakemill


def same(batches, others):
    """Whether two runs of batches are the same, to the byte."""
    batches, others = list(batches), list(others)
    return len(batches) == len(others) and all(
        a.features.tobytes() == b.features.tobytes()
        and a.clip == b.clip
        and (a.split == b.split).all()
        and (a.round == b.round).all()
        for a, b in zip(batches, others)
    )


def equals_files(batches, dataset):
    return all(
        concatenated(batches, split).tobytes() == np.asarray(dataset.features(split)).tobytes()
        for split in dataset.splits
    )


@pytest.mark.parametrize(
    "workers",
    [
        {},
        {"stages.decode.workers": 2, "stages.embed.workers": 1, "flow.batch": 6},
        {"stages.augment.workers": 3, "stages.embed.workers": 3, "flow.in_flight": 2},
    ],
)
def test_epoch_0_is_what_a_build_writes(quickstart, built, workers):
    batches = list(wakemill.Stream(quickstart, batch=7, provenance=True, set=workers))
    assert [len(batch.clip) for batch in batches] == [7] * 6 + [6]
    assert equals_files(batches, built)
    for batch in batches:
        assert batch.features.dtype == np.float32 and batch.features.shape[1:] == (16, 96)
        assert batch.features.flags.c_contiguous and batch.features.flags.writeable
    facts = [
        {"split": split, "clip": clip, "round": round, **drawn}
        for batch in batches
        for split, clip, round, drawn in zip(*batch[1:])
    ]
    lines = [{key: line[key] for key in line if key != "row"} for line in rows(built)]
    assert facts == lines


def test_shards_put_together_are_the_whole(quickstart, built):
    parts = [list(wakemill.Stream(quickstart, batch=5, shard=(i, 4))) for i in range(4)]
    assert equals_files(sum(parts, []), built)
    whole = wakemill.Stream(quickstart, batch=48, shuffle=True, epoch=3)
    (whole,) = whole
    parts = [list(whole_part) for whole_part in (
        wakemill.Stream(quickstart, batch=5, shuffle=True, epoch=3, shard=(i, 4)) for i in range(4)
    )]
    parts = sum(parts, [])
    assert np.concatenate([part.features for part in parts]).tobytes() == whole.features.tobytes()
    assert sum((part.clip for part in parts), []) == whole.clip


@pytest.mark.parametrize("options", [{"batch": 7}, {"batch": 5, "shuffle": True},
                                     {"batch": {"wake": 3, "other": 8}, "shuffle": True}])
def test_a_state_goes_on_in_the_middle_of_an_epoch(quickstart, options):
    stream = wakemill.Stream(quickstart, epoch=1, **options)
    straight = [next(stream) for _ in range(len(stream))] + list(stream)
    for taken in (1, 3, len(stream)):
        stream = wakemill.Stream(quickstart, epoch=1, **options)
        for _ in range(taken):
            next(stream)
        state = json.loads(json.dumps(stream.state()))
        stream.close()
        resumed = wakemill.Stream(quickstart, state=state, **options)
        rest = list(resumed) + (list(resumed) if taken < len(stream) else [])
        assert same(rest, straight[taken:]), taken
    with pytest.raises(wakemill.UsageError, match="of another stream"):
        wakemill.Stream(quickstart, state=state, **{**options, "shuffle": not options.get("shuffle")})


def test_every_epoch_is_drawn_afresh(quickstart):
    stream = wakemill.Stream(quickstart, batch=48, provenance=True)
    assert stream.epoch == 0
    (zero,) = stream
    assert stream.epoch == 1
    (one,) = stream
    assert zero.clip == one.clip
    assert not (zero.features == one.features).all(axis=(1, 2)).any()
    assert all(a != b for a, b in zip(zero.drawn, one.drawn))
    stream.set_epoch(0)
    assert same(stream, [zero])
    with pytest.raises(StopIteration):
        next(stream)


def test_two_processes_agree_on_epoch_7(quickstart):
    text = """
import hashlib, sys, wakemill
stream = wakemill.Stream(sys.argv[1], epoch=7, shuffle=True, batch=int(sys.argv[2]),
                         set={"stages.embed.workers": int(sys.argv[3])})
hash = hashlib.sha256()
for batch in stream:
    hash.update(batch.features.tobytes() + repr(batch.clip).encode()[1:-1].replace(b", ", b""))
print(hash.hexdigest())
"""
    runs = [script(text, quickstart, batch, workers) for batch, workers in ((48, 1), (48, 3))]
    assert all(run.returncode == 0 for run in runs), runs
    assert runs[0].stdout == runs[1].stdout


def test_a_shuffle_is_a_permutation_of_its_own_in_each_epoch(quickstart):
    stream = wakemill.Stream(quickstart, batch=48, shuffle=True)
    (zero,), (one,) = stream, stream
    plain = wakemill.Stream(quickstart, batch=48)
    (ordered,) = plain
    assert sorted(zero.clip) == sorted(one.clip) == sorted(ordered.clip)
    assert len({tuple(zero.clip), tuple(one.clip), tuple(ordered.clip)}) == 3
    # Where a row is says nothing of what it is.
    of = {(clip, round): row for clip, round, row in zip(ordered.clip, ordered.round, ordered.features)}
    for clip, round, row in zip(zero.clip, zero.round, zero.features):
        assert (of[clip, round] == row).all()
    # Splits are mixed.
    assert len(set(zero.split[:24])) == 2


def test_mixed_batches_have_their_shares(clips):
    config = clips({"positive": 5, "negative": 23, "background": 9}, augment={"rounds": 2})
    shares = {"positive": 4, "negative": 10, "background": 3}
    stream = wakemill.Stream(config, batch=shares, shuffle=True, provenance=True)
    epoch = list(stream)
    assert len(epoch) == len(stream) == 6  # 9 x 2 rows, 3 a batch
    for batch in epoch:
        assert {name: int((batch.split == name).sum()) for name in shares} == shares
    # The shorter split goes round; no two of its rows are alike.
    positive = concatenated(epoch, "positive")
    assert len({row.tobytes() for row in positive}) == len(positive) == 24
    names = [clip for batch in epoch for clip, split in zip(batch.clip, batch.split) if split == "positive"]
    assert sorted(names[:10]) == sorted(2 * [f"{i:04}.wav" for i in range(5)])
    again = wakemill.Stream(config, batch=shares, shuffle=True, epoch=1)
    assert same(stream, again)


def test_only_the_splits_that_are_wanted_are_made(quickstart, built):
    stream = wakemill.Stream(quickstart, splits=["other"], batch=100)
    assert stream.splits == ["wake", "other"]
    (batch,) = stream
    assert set(batch.split) == {"other"}
    assert batch.features.tobytes() == np.asarray(built.features("other")).tobytes()


def test_pairs_have_labels(quickstart):
    stream = wakemill.Stream(quickstart, batch=20)
    pairs = stream.pairs({"wake": 1, "other": 0})
    for _ in range(2):
        epoch = list(pairs())
        assert [len(labels) for _, labels in epoch] == [20, 20, 8]
        assert np.concatenate([labels for _, labels in epoch]).sum() == 24
        assert epoch[0][1].dtype == np.float32
    with pytest.raises(wakemill.UsageError, match="no label for split 'other'"):
        stream.pairs({"wake": 1})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"splits": ["sleep"]}, "no split 'sleep'; there are: wake, other"),
        ({"splits": ["wake", "wake"]}, "named twice"),
        ({"splits": []}, "names no split"),
        ({"batch": 0}, "batch is 0"),
        ({"batch": 2.5}, "batch is 2.5"),
        ({"batch": True}, "batch is True"),
        ({"batch": {}}, "names no split"),
        ({"batch": {"wake": 0}}, "batch\\['wake'\\] is 0"),
        ({"batch": {"wake": 1}, "splits": ["wake"]}, "leave out one"),
        ({"shard": (4, 4)}, "no shard 4 of 4"),
        ({"shard": 3}, "must be \\(i, n\\)"),
        ({"shard": (0, 0)}, "shard's n is 0"),
        ({"shard": (0, 100), "batch": {"wake": 1}}, "has no clip of split 'wake'"),
        ({"epoch": -1}, "epoch is -1"),
        ({"epoch": 2**40}, "epochs go from 0"),
        ({"state": {"epoch": 1}}, "none that Stream.state"),
        ({"set": {"seeed": 1}}, "did you mean 'seed'"),
    ],
)
def test_what_cannot_be_is_refused(quickstart, options, said):
    with pytest.raises(wakemill.UsageError, match=said):
        wakemill.Stream(quickstart, **options)


def test_a_part_without_clips_has_no_batch(quickstart):
    stream = wakemill.Stream(quickstart, shard=(0, 100), batch=4)
    assert (len(stream), list(stream), list(stream)) == (0, [], [])


def test_recordings_come_in_turns(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "rec").mkdir()
    for name, seconds in (("a", 6), ("b", 3), ("c", 9)):
        samples = rng.integers(-3000, 3000, 16000 * seconds, dtype=np.int16)
        write_wav(tmp_path / "rec" / f"{name}.wav", samples)
    talk = {"name": "talk", "input": str(tmp_path / "rec"), "kind": "recordings", "interleave": 2}
    config = {"output": str(tmp_path / "out"), "split": [talk], "augment": {"enabled": False}}
    written = np.asarray(wakemill.run(config, on_event=None).features("talk"))

    stream = wakemill.Stream(config, batch=4)
    with pytest.raises(TypeError, match="before they are decoded"):
        len(stream)
    batches = list(stream)
    assert [len(batch.clip) for batch in batches] == [4] * (len(written) // 4) + [
        len(written) % 4
    ] * (len(written) % 4 > 0)
    assert {clip for batch in batches for clip in batch.clip} == {"a.wav", "b.wav", "c.wav"}
    features = np.concatenate([batch.features for batch in batches])
    assert features.astype(np.float16).tobytes() == written.astype(np.float16).tobytes()
    # The next epoch follows, and a state goes on within one.
    assert (stream.epoch, stream.batch) == (1, 0)
    first = next(iter(stream))
    resumed = wakemill.Stream(config, batch=4, state=stream.state())
    assert (resumed.epoch, resumed.batch) == (1, 1)
    rest = np.concatenate([batch.features for batch in [first, *resumed]])
    assert rest.tobytes() == features.tobytes()
    for options in ({"shuffle": True}, {"batch": {"talk": 2}}):
        with pytest.raises(wakemill.UsageError, match="recordings"):
            wakemill.Stream(config, **options)
