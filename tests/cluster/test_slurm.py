"""``pipelines/cluster/slurm.sh`` on a Slurm of one node, started here."""

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
from conftest import WAKEMILL, hashes, need, not_run

SCRIPT = Path(__file__).parents[2] / "pipelines/cluster/slurm.sh"

CONF = """ClusterName=wakemill
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={port}
SlurmdPort={other}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
MaxArraySize=5
SchedulerParameters=sched_interval=1
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@pytest.fixture
def slurm(tmp_path_factory):
    """The environment of a Slurm with a controller and a node."""
    need("munged", "slurmctld", "slurmd", "sbatch")
    if os.getuid() != 0:
        not_run("Slurm's daemons need root")
    folder = tmp_path_factory.mktemp("slurm")
    host = socket.gethostname().split(".")[0]
    text = CONF.format(
        host=host, folder=folder, port=free_port(), other=free_port(), cores=os.cpu_count()
    )
    (folder / "slurm.conf").write_text(text)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "key").write_bytes(os.urandom(1024))
    (folder / "key").chmod(0o400)
    env = {
        **os.environ,
        "SLURM_CONF": str(folder / "slurm.conf"),
        "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
    }
    logs = open(folder / "log", "w")
    start = lambda *command: subprocess.Popen(command, env=env, stdout=logs, stderr=logs)
    munge = [f"--{name}={folder}/munge.{name[:-5]}" for name in ("log-file", "pid-file", "seed-file")]
    daemons = [
        start("munged", "--foreground", "--force", f"--key-file={folder}/key", f"--socket={folder}/munge.socket", *munge)
    ]
    try:
        wait_for(lambda: (folder / "munge.socket").exists(), folder)
        daemons.append(start("slurmctld", "-D", "-i"))
        daemons.append(start("slurmd", "-D", "-N", host))
        idle = lambda: "idle" in said(["sinfo", "-h", "-o", "%t"], env)
        wait_for(idle, folder, seconds=60)
        yield env
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in daemons:
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
        logs.close()


def said(command, env):
    return subprocess.run(command, env=env, capture_output=True, text=True).stdout


def wait_for(check, folder, seconds=30):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, (folder / "log").read_text()[-3000:]
        time.sleep(0.2)


def submit(project, env, of, parallel="2"):
    done = subprocess.run(
        [SCRIPT, project.file, str(of), parallel],
        env={**env, "WAKEMILL": WAKEMILL},
        cwd=project.folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def ended(env):
    return not said(["squeue", "-h"], env).strip()


def test_arrays_with_an_offset_merge_to_the_bytes_of_one_machine(slurm, project):
    project = project(30)
    expected = project.one_machine()
    # More than MaxArraySize, so two arrays.
    submit(project, slurm, 8)
    wait_for(lambda: ended(slurm), Path(slurm["SLURM_CONF"]).parent, seconds=120)
    logs = "".join(path.read_text() for path in project.folder.glob("slurm-*.out"))
    assert hashes(project.output) == expected, logs


def test_what_failed_is_named_and_the_same_line_again_builds_the_rest(slurm, project):
    project = project(30)
    expected = project.one_machine()
    # A task that is cancelled keeps what it has, and the merge names it.
    job = submit(project, slurm, 4, "1")
    wait_for(lambda: project.shards(), Path(slurm["SLURM_CONF"]).parent, seconds=60)
    first = min(
        int(line.split("_")[0]) for line in said(["squeue", "-h", "-o", "%i"], slurm).split() if "_" in line
    )
    subprocess.run(["scancel", f"{first}_3"], env=slurm, check=True)
    wait_for(lambda: ended(slurm), Path(slurm["SLURM_CONF"]).parent, seconds=120)
    text = (project.folder / f"slurm-{job}.out").read_text()
    assert "shard 3/4" in text and "run again: 3" in text, text
    assert not (project.output / "dataset.json").exists()
    submit(project, slurm, 4)
    wait_for(lambda: ended(slurm), Path(slurm["SLURM_CONF"]).parent, seconds=120)
    assert hashes(project.output) == expected
