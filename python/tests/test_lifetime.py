"""Trainers that sleep, raise, are interrupted, fork or go away; clips that fail."""

import gc
import logging
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import eventually, script, threads, threads_at_rest

import wakemill

#: A long build of small pieces: what is begun is done before anything ends.
LONG = {"augment.rounds": 1000, "augment.row_order": "pass", "augment.round_from": "clip"}


def test_threads_begin_with_the_first_row_and_end_with_the_stream(quickstart):
    before = threads_at_rest()
    stream = wakemill.Stream(quickstart, batch=4)
    assert eventually(lambda: threads() == before)
    next(stream)
    assert threads() > before
    began = time.monotonic()
    del stream
    gc.collect()
    # Gone when it is gone; what was begun, a few rows, was finished.
    assert eventually(lambda: threads() == before, 1.0)
    assert time.monotonic() - began < 5.0


def test_a_closed_stream_has_no_more_batches(quickstart):
    before = threads_at_rest()
    with wakemill.Stream(quickstart, batch=4) as stream:
        next(stream)
    assert eventually(lambda: threads() == before, 1.0)
    assert list(stream) == []


def test_a_trainer_that_sleeps_holds_the_build_back(quickstart):
    stream = wakemill.Stream(quickstart, batch=4)
    next(stream)
    time.sleep(1.0)
    used = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - used < 0.1
    assert len(next(stream).clip) == 4


def test_a_trainer_that_raises_leaves_no_thread(quickstart):
    before = threads_at_rest()

    def train():
        for _ in wakemill.Stream(quickstart, batch=4):
            raise RuntimeError("loss is nan")

    with pytest.raises(RuntimeError):
        train()
    gc.collect()
    assert eventually(lambda: threads() == before, 1.0)


@pytest.mark.parametrize("work", [
    "for _ in wakemill.Stream(sys.argv[1], batch=100000, set=long): pass",
    "wakemill.run(sys.argv[1], on_event=None, set={**long, 'output': sys.argv[2]})",
])
def test_ctrl_c_is_heeded_within_a_second(quickstart, tmp_path, work):
    text = f"""
import sys, threading, time, os, signal, wakemill
long = {LONG}
# Where the tests run in the background, a shell has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
def interrupt():
    time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGINT)
    global sent
    sent = time.monotonic()
threading.Thread(target=interrupt, daemon=True).start()
try:
    {work}
except KeyboardInterrupt:
    late = time.monotonic() - sent
    print("late", late)
    sys.exit(0 if late < 1.0 else 3)
"""
    run = script(text, quickstart, tmp_path / "out")
    assert run.returncode == 0 and "late" in run.stdout, run


def test_an_interrupted_build_can_be_gone_on_with(quickstart, tmp_path):
    settings = {**LONG, "augment.rounds": 40, "output": str(tmp_path / "out"), "flow.commit_seconds": 0}

    def stop(event):
        if event["event"] == "progress" and event["done"] > 0:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        wakemill.run(quickstart, set=settings, on_event=stop)
    with pytest.raises(wakemill.UsageError, match="--resume"):
        wakemill.run(quickstart, set=settings, on_event=None)
    resumed = wakemill.run(quickstart, set=settings, resume=True, on_event=None)
    straight = wakemill.run(quickstart, set={**settings, "output": str(tmp_path / "b")}, on_event=None)
    for split in straight.splits:
        assert (resumed.features(split) == straight.features(split)).all()


def consume(stream, queue):
    queue.put([batch.features.tobytes() for batch in stream])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_another_process_goes_on_by_itself(quickstart, method):
    stream = wakemill.Stream(quickstart, batch=10, shuffle=True)
    next(stream)
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    process = context.Process(target=consume, args=(stream, queue))
    process.start()
    theirs = queue.get(timeout=60)
    process.join(20)
    assert process.exitcode == 0
    assert theirs == [batch.features.tobytes() for batch in stream]


def test_a_fork_in_the_middle_of_a_wait_hangs_nobody(quickstart):
    text = """
import os, sys, threading, wakemill
stream = wakemill.Stream(sys.argv[1], batch=2000)
waiting = threading.Thread(target=next, args=(stream,), daemon=True)
waiting.start()
for _ in range(5):
    child = os.fork()
    if child == 0:
        del stream
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""
    assert script(text, quickstart).returncode == 0


@pytest.mark.parametrize("wait", [0.0, 0.02, 0.05, 0.3, 0.31, 0.33])
def test_the_interpreter_may_end_while_daemon_threads_wait(quickstart, wait):
    text = """
import sys, threading, time, wakemill
long = {"augment.rounds": 1000}
stream = wakemill.Stream(sys.argv[1], batch=40000, set=long)
def wait():
    while True:
        next(stream)
for work in (wait, lambda: wakemill.run(sys.argv[1], on_event=lambda event: None,
                                        set={**long, "output": sys.argv[3]})):
    threading.Thread(target=work, daemon=True).start()
time.sleep(float(sys.argv[2]))
raise SystemExit(5)
"""
    run = script(text, quickstart, wait, quickstart.parent / f"out{wait}", timeout=60)
    assert run.returncode == 5, run


def test_a_pickled_stream_is_at_the_same_place(quickstart):
    stream = wakemill.Stream(quickstart, batch=10, shuffle=True, epoch=2)
    next(stream)
    copy = pickle.loads(pickle.dumps(stream))
    for a, b in zip(stream, copy):
        assert a.features.tobytes() == b.features.tobytes()


def test_the_process_ends_with_a_stream_in_use(quickstart):
    text = """
import sys, wakemill
stream = wakemill.Stream(sys.argv[1], batch=4)
next(stream)
raise SystemExit(5)
"""
    assert script(text, quickstart, timeout=20).returncode == 5


def spoil(config, split, name):
    path = f"{next(s['input'] for s in config['split'] if s['name'] == split)}/{name}"
    with open(path, "wb") as file:
        file.write(b"RIFF, and then nothing that is audio")


def test_a_clip_that_fails_is_raised_by_name(clips):
    config = clips({"a": 20})
    spoil(config, "a", "0011.wav")
    before = threads_at_rest()
    stream = wakemill.Stream(config, batch=4)
    got = []
    with pytest.raises(wakemill.BuildError, match="split 'a', clip '0011.wav', decode"):
        for batch in stream:
            got.append(batch)
    assert 1 <= len(got) <= 3 and eventually(lambda: threads() == before, 1.0)


def test_under_skip_its_rows_are_missing_and_it_is_logged(clips, caplog):
    config = clips({"a": 20}, failures={"policy": "skip", "max_rate": 0.1}, augment={"rounds": 2})
    spoil(config, "a", "0011.wav")
    stream = wakemill.Stream(config, batch=8)
    with caplog.at_level(logging.WARNING, logger="wakemill"):
        epoch = list(stream)
    assert [len(batch.clip) for batch in epoch] == [8, 8, 6, 8, 8]
    assert sum("left out 0011.wav of split a" in text for text in caplog.messages) >= 1
    built = wakemill.run(config, on_event=None)
    features = np.concatenate([batch.features for batch in epoch])
    assert features.tobytes() == np.asarray(built.features("a")).tobytes()
    spoil(config, "a", "0002.wav")
    spoil(config, "a", "0003.wav")
    with pytest.raises(wakemill.BuildError, match="max_rate allows \\(2\\)"):
        list(wakemill.Stream(config, batch=8))


def test_memory_does_not_grow_with_epochs(quickstart):
    text = """
import resource, sys, wakemill
stream = wakemill.Stream(sys.argv[1], batch=16, shuffle=True, set={"augment.rounds": 4})
peaks = []
for epoch in range(20):
    for batch in stream:
        pass
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(peaks[0], peaks[-1])
sys.exit(peaks[-1] > 1.15 * peaks[0])
"""
    run = script(text, quickstart, timeout=120)
    assert run.returncode == 0, run


def test_the_command_heeds_ctrl_c_as_the_program_does(quickstart, tmp_path):
    for command in (["-m", "wakemill"],):
        process = subprocess.Popen(
            [sys.executable, *command, "run", str(quickstart), "--set", f"output={tmp_path}/out",
             "--progress", "plain", *(f"--set={key}={value}" for key, value in LONG.items())],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        assert eventually(lambda: list(tmp_path.glob("out/*.partial")), 20)
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 130, said
        assert "--resume" in said and "Traceback" not in said
        assert time.monotonic() - began < 2.0
    assert os.path.exists(tmp_path / "out/build.journal")
