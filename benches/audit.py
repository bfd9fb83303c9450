#!/usr/bin/env python3
"""What the audit costs: builds with it on and off in alternating pairs.

usage: audit.py WAKEMILL CONFIGURATION [--pairs 6] [--set KEY=VALUE]...

The time is that of the whole process, what is said of the set and the report's section
included; a throughput is the inverse of it. Memory is the peak of the process.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time


def once(command):
    before = time.monotonic()
    child = subprocess.Popen(command)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"failed: {command}")
    return time.monotonic() - before, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wakemill")
    parser.add_argument("configuration")
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--set", action="append", default=[])
    a = parser.parse_args()
    more = [part for value in a.set for part in ("--set", value)]
    with tempfile.TemporaryDirectory() as folder:
        base = [a.wakemill, "run", a.configuration, "--progress", "none", "--overwrite", *more]
        on = [*base, "--set", f"output={folder}/on", "--set", "audit.checks=warn"]
        off = [*base, "--set", f"output={folder}/off", "--set", "audit.checks=off"]
        once(off)
        pairs = []
        for turn in range(a.pairs):
            first, second = (on, off) if turn % 2 else (off, on)
            one, two = once(first), once(second)
            pairs.append((two, one) if turn % 2 == 0 else (one, two))
            (with_audit, cpu_with, memory_with), (without, cpu_without, memory_without) = pairs[-1]
            print(f"on {with_audit:.2f} s, {cpu_with:.2f} s of processor, {memory_with:.0f} MiB; "
                  f"off {without:.2f} s, {cpu_without:.2f} s, {memory_without:.0f} MiB; "
                  f"throughput {without / with_audit:.3f}, processor {cpu_without / cpu_with:.3f}", flush=True)
        wall = [without[0] / on[0] for on, without in pairs]
        cpu = [without[1] / on[1] for on, without in pairs]
        print(f"throughput with the audit: median {statistics.median(wall):.3f} ({min(wall):.3f} to {max(wall):.3f}); "
              f"by processor time {statistics.median(cpu):.3f} ({min(cpu):.3f} to {max(cpu):.3f})")


if __name__ == "__main__":
    main()
