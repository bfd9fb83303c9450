"""``python -m wakemill.ray`` on a Ray of two nodes, started here."""

import collections
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import WAKEMILL, hashes, not_run

try:
    import wakemill  # noqa: F401
    from ray.cluster_utils import Cluster
except ImportError as error:
    Cluster, missing = None, error


@pytest.fixture
def cluster():
    """Two nodes on the loopback interface, of one CPU each; the driver's own host
    has none."""
    if Cluster is None:
        not_run(f"{missing} (pip install wakemill[ray])")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    cluster.nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()


def start(project, cluster, of, *arguments):
    command = [sys.executable, "-m", "wakemill.ray", str(project.file), "--shards", str(of)]
    command += ["--address", cluster.address, *arguments]
    return subprocess.Popen(
        command, cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def ends(process, code):
    said, _ = process.communicate(timeout=300)
    assert process.returncode == code, said
    return said


def test_two_nodes_merge_to_the_bytes_of_one_machine_and_start_again(cluster, project):
    project = project(24)
    expected = project.one_machine()
    said = ends(start(project, cluster, 5, "--no-merge"), 0)
    assert said.count(" is whole, on ") == 5, said
    assert "rows/s, ETA" in said
    assert len(project.shards()) == 5 and not (project.output / "dataset.json").exists()
    # Started again, it goes on: nothing is built, and the merge is made.
    said = ends(start(project, cluster, 5), 0)
    assert " is whole, on " not in said
    assert hashes(project.output) == expected
    # What is never right the next time ends it.
    said = ends(start(project, cluster, 6), 2)
    assert "6 shards are asked for, 5 were planned" in said
    said = ends(start(project, cluster, 5, "--cores", "64"), 2)
    assert "no host has 64 CPU" in said


def test_a_shard_that_fails_is_tried_again_and_the_others_are_finished(cluster, project):
    project = project(24)
    bad = project.folder / "wake" / "0001.wav"
    bad.write_bytes(b"no audio")
    said = ends(start(project, cluster, 4, "--retries", "1"), 1)
    assert "failed: " in said and "0001.wav" in said, said
    assert len(project.shards()) == 3, said
    # Another shard in its place is never right the next time.
    missing = {f"{index:05}-of-00004" for index in range(4)} - {path.name for path in project.shards()}
    place = project.output / "shards" / missing.pop()
    shutil.rmtree(place)
    shutil.copytree(project.shards()[0], place)
    said = ends(start(project, cluster, 4, "--no-merge"), 2)
    assert "is not of this build" in said and "--overwrite" in said, said


#: Notes each shard that is started, with the processes that it descends from, and
#: holds all but the first two until there is a file `go`.
NOTING = """#!/bin/sh
case "$1" in run)
    chain= process=$$
    while [ "$process" -gt 1 ]; do
        process=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$process/status")
        chain="$chain $process"
    done
    echo "$* :$chain" >> {log}
    if [ "$(wc -l < {log})" -gt 2 ]; then
        until [ -e {go} ]; do sleep 0.05; done
    fi;;
esac
exec {wakemill} "$@"
"""


def starts(log):
    """Each start of a shard: which, and the processes that it descends from, the nearest first."""
    for line in log.read_text().splitlines():
        command, _, chain = line.rpartition(" :")
        yield re.search(r"--shard (\d+)/", command)[1], [int(process) for process in chain.split()]


def runs(process):
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_node_that_is_killed_costs_its_shard_and_no_other(cluster, project, monkeypatch):
    project = project(240)
    expected = project.one_machine()
    log, go, noting = (project.folder / name for name in ("starts", "go", "wakemill"))
    noting.write_text(NOTING.format(log=log, go=go, wakemill=shutil.which(WAKEMILL)))
    noting.chmod(0o755)
    monkeypatch.setenv("WAKEMILL_RAY_COMMAND", str(noting))
    driver = start(project, cluster, 6)
    end = time.monotonic() + 120
    # Two shards are whole and two run, one on each node.
    while len(project.shards()) < 2 or len(list(starts(log))) < 4:
        assert time.monotonic() < end and driver.poll() is None
        time.sleep(0.01)
    before = {path: (path / "shard.json").stat().st_mtime_ns for path in project.shards()}
    lost = cluster.nodes[0].all_processes["raylet"][0].process.pid
    cluster.remove_node(cluster.nodes[0], allow_graceful=False)
    # Its workers go with a machine; of a node alone they may outlive it.
    for worker in {ancestors[0] for _, ancestors in starts(log) if lost in ancestors}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        while runs(worker):
            assert time.monotonic() < end
            time.sleep(0.01)
    go.touch()
    ends(driver, 0)
    assert hashes(project.output) == expected
    for path, when in before.items():
        assert (path / "shard.json").stat().st_mtime_ns == when
    # What ran on the other node ran on: it was started once.
    begun = collections.defaultdict(list)
    for shard, ancestors in starts(log):
        begun[shard].append(lost in ancestors)
    assert sorted(begun) == [str(index) for index in range(6)]
    again = [on_lost for on_lost in begun.values() if len(on_lost) > 1]
    assert again == [[True, False]], begun
    assert any(not on_lost for on_lost, *_ in begun.values()), begun


#: Builds, and of the first shard never says so.
SILENT = """#!/bin/sh
{wakemill} "$@" || exit
case "$*" in run*"--shard 0/"*) exec sleep 1000;; esac
"""


def test_what_is_whole_on_the_storage_is_done_whatever_its_task_says(cluster, project, monkeypatch):
    project = project(24)
    expected = project.one_machine()
    silent = project.folder / "wakemill"
    silent.write_text(SILENT.format(wakemill=shutil.which(WAKEMILL)))
    silent.chmod(0o755)
    monkeypatch.setenv("WAKEMILL_RAY_COMMAND", str(silent))
    monkeypatch.setenv("WAKEMILL_RAY_LOOK", "1")
    said = ends(start(project, cluster, 3), 0)
    assert "shard 0/3 is whole, on the storage" in said, said
    assert hashes(project.output) == expected
