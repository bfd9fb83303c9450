"""A build on a Ray cluster: ``python -m wakemill.ray FILE --shards N``.

A task a shard, and what is done is what the storage says: nothing is kept here, and
started again it goes on. Each task starts the command ``wakemill`` as a process of
its own, so that a crash or a kill of one shard takes nothing else along.
"""

import argparse
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import Dict, List, Optional

#: Tasks that wait at once: enough for an autoscaler to see what is wanted.
PENDING = 1000
#: Seconds between two looks at the storage.
LOOK = float(os.environ.get("WAKEMILL_RAY_LOOK", "30"))
#: The command; another one for tests.
COMMAND = os.environ.get("WAKEMILL_RAY_COMMAND")


class Failed(Exception):
    """A command that may be right the next time."""


def wakemill(arguments: List[str], folder: str, command: Optional[str]) -> Dict:
    """Runs the command, here; gives its exit code, what it says, and the host."""

    def die_with_parent() -> None:
        # When the worker dies, what it has built is kept for the next one.
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)

    start = [command] if command else [sys.executable, "-m", "wakemill"]
    done = subprocess.run(
        start + arguments,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent if sys.platform == "linux" else None,
    )
    return {
        "code": done.returncode,
        "out": done.stdout,
        "err": done.stderr[-4000:],
        "host": os.uname().nodename,
    }


class Host:
    """A host that builds, for the commands beside the shards, as the head may not see
    the storage. One process for all of them: to start another each time would take
    more than most commands do."""

    def __init__(self, folder: str, command: Optional[str]) -> None:
        self.folder, self.command = folder, command

    def wakemill(self, arguments: List[str]) -> Dict:
        return wakemill(arguments, self.folder, self.command)


def shard(arguments: List[str], folder: str, command: Optional[str]) -> Dict:
    """Builds a shard; raises where trying again may help."""
    result = wakemill(arguments, folder, command)
    if result["code"] not in (0, 2):
        raise Failed(f"exit code {result['code']} on {result['host']}:\n{result['err']}")
    # Of one that was whole already, nothing.
    built = re.search(r"is whole: (\d+) rows", result["err"])
    result["rows"] = int(built[1]) if built else 0
    return result


class Driver:
    """Hands out shards until the storage says that all are whole."""

    def __init__(self, ray, args: argparse.Namespace) -> None:
        from ray.util import metrics

        self.ray, self.args = ray, args
        self.folder = os.getcwd()
        keys = [part for key in args.set for part in ("--set", key)]
        self.configuration = [args.file, *keys]
        self.options = {
            "num_cpus": args.cores,
            "num_gpus": args.gpus,
            "memory": args.memory or None,
            "max_retries": args.retries,
            "retry_exceptions": [Failed],
        }
        self.task = ray.remote(shard)
        self.hosts = ray.remote(Host)
        self.host = self.another()
        self.before = 0
        self.running: Dict = {}
        self.failed: Dict[int, str] = {}
        self.done, self.rows = 0, 0
        self.began = time.monotonic()
        self.gauge = metrics.Gauge("wakemill_shards", "Shards, by state.", ("state",))
        self.total = metrics.Counter("wakemill_rows_total", "Rows built.")

    def another(self):
        """A host for commands, where there is a CPU, which shards may have once it runs."""
        return self.hosts.remote(self.folder, COMMAND)

    def must(self, name: str, *arguments: str) -> None:
        # That a host is lost is known only when a command fails there.
        for left in range(max(1, self.args.retries), -1, -1):
            try:
                result = self.ray.get(self.host.wakemill.remote([name, *self.configuration, *arguments]))
                break
            except self.ray.exceptions.RayActorError:
                if not left:
                    raise
                self.host = self.another()
        sys.stderr.write(result["err"])
        if result["code"]:
            raise SystemExit(result["code"])

    def look(self):
        """Asks the storage which shards are whole."""
        return self.host.wakemill.remote(["merge", *self.configuration, "--status", "--json"])

    def status(self, look) -> Dict:
        result = self.ray.get(look)
        try:
            return json.loads(result["out"])
        except ValueError:
            sys.stderr.write(result["err"])
            raise SystemExit(result["code"] or 1) from None

    def start(self, index: int) -> None:
        arguments = ["run", *self.configuration, "--shard", f"{index}/{self.args.shards}"]
        arguments += ["--cores", str(max(1, int(self.args.cores))), "--progress", "plain"]
        name = f"wakemill shard {index}/{self.args.shards}"
        task = self.task.options(name=name, **self.options)
        self.running[task.remote(arguments, self.folder, COMMAND)] = index

    def ended(self, task, index: int) -> None:
        try:
            result = self.ray.get(task)
        except self.ray.exceptions.TaskCancelledError:
            return
        except self.ray.exceptions.RayError as error:
            self.failed[index] = str(getattr(error, "cause", None) or error).strip()
            say(f"shard {index}/{self.args.shards}: failed: {self.failed[index]}")
            return
        if result["code"] == 2:
            sys.stderr.write(result["err"])
            for other in self.running:
                self.ray.cancel(other, force=True)
            say(f"shard {index}/{self.args.shards}: exit code 2 is never right the next time")
            raise SystemExit(2)
        self.whole(index, result["host"], result["rows"])

    def whole(self, index: int, host: str, rows: int = 0) -> None:
        self.done, self.rows = self.done + 1, self.rows + rows
        if rows:
            self.total.inc(rows)
        seconds = time.monotonic() - self.began
        left = self.args.shards - self.done
        eta = seconds / max(1, self.done - self.before) * left
        say(
            f"shard {index}/{self.args.shards} is whole, on {host}: {self.done} of "
            f"{self.args.shards}, {self.rows / seconds:.0f} rows/s, ETA {eta:.0f} s"
        )

    def seen(self, look) -> None:
        """A shard that is whole on the storage is done, whatever its task says: a
        host that was lost and is there again may be the one that reports."""
        try:
            whole = set(self.status(look)["whole"])
        except self.ray.exceptions.RayError:
            # Its host is gone; the next look is another one's.
            self.host = self.another()
            return
        for task, index in list(self.running.items()):
            if index in whole:
                del self.running[task]
                self.ray.cancel(task, force=True)
                self.whole(index, "the storage")

    def build(self) -> None:
        status = self.status(self.look())
        left = [bad["shard"] for bad in status["shards"]][::-1]
        self.before = self.done = len(status["whole"])
        looked, look = time.monotonic(), None
        while left or self.running:
            while left and len(self.running) < PENDING:
                self.start(left.pop())
            states = {"running": self.running, "waiting": left, "failed": self.failed}
            for state, shards in states.items():
                self.gauge.set(len(shards), {"state": state})
            self.gauge.set(self.done, {"state": "whole"})
            if look is None and time.monotonic() - looked > LOOK:
                look = self.look()
            waiting = [*self.running, look] if look else list(self.running)
            ready, _ = self.ray.wait(waiting, timeout=min(LOOK, 5))
            for task in ready:
                if task == look:
                    self.seen(look)
                    looked, look = time.monotonic(), None
                elif task in self.running:
                    self.ended(task, self.running.pop(task))
        if self.failed:
            say(f"failed: {', '.join(map(str, sorted(self.failed)))}; the others are whole")
            raise SystemExit(1)

    def check_resources(self) -> None:
        """A task that fits no host would wait for ever."""
        wanted = {"CPU": self.args.cores, "GPU": self.args.gpus, "memory": self.args.memory}
        hosts = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        if not any(all(host.get(key, 0) >= n for key, n in wanted.items()) for host in hosts):
            asked = ", ".join(f"{n:g} {key}" for key, n in wanted.items() if n)
            there = max((host.get("CPU", 0) for host in hosts), default=0)
            say(f"no host has {asked} (the largest has {there:g} CPU): choose other --cores, --gpus or --memory")
            raise SystemExit(2)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Plans, builds every shard, and merges."""
    parser = argparse.ArgumentParser(prog="python -m wakemill.ray", description=__doc__.splitlines()[0])
    parser.add_argument("file", help="the pipeline, at a path that all hosts see")
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--cores", type=float, default=1, help="CPUs of a shard")
    parser.add_argument("--gpus", type=float, default=0, help="GPUs of a shard; a fraction shares one")
    parser.add_argument("--memory", type=int, default=0, help="bytes of a shard")
    parser.add_argument("--retries", type=int, default=3)
    parser.add_argument("--address", help="the cluster; found by itself inside of one")
    parser.add_argument("--no-merge", action="store_true")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    args.file = os.path.abspath(args.file)
    import ray

    ray.init(address=args.address, log_to_driver=False, logging_level="warning")
    try:
        driver = Driver(ray, args)
        driver.check_resources()
        driver.must("plan", "--shards", str(args.shards))
        driver.build()
        if not args.no_merge:
            driver.must("merge")
    finally:
        ray.shutdown()


if __name__ == "__main__":
    # So that workers import what they run by its name.
    from wakemill.ray import main as by_name

    by_name()
