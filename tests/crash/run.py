#!/usr/bin/python3
"""Breaks stores in every way that a machine can, and balances the books after each.

Usage: run.py BUILD [--seconds N] [--seed N] [--only KIND,...] [--cases N] [--shown N]

Without --seconds each kind does a fixed amount of work: `make check` runs that. With it, each kind goes on for its
share of the time: `make check-crash`. A failed case is told with what is wrong and the command that repeats it. The
last line is `N passed, N failed`, and counts faults.

The parts, from the store outwards:
  workload.c     uses a store, and writes down what it was told      points.c  dies at a named point
  audit.c        balances a store against that, by books.c           faults/   preloaded: fails, kills, records
  collide.c      ids that are one in GDBM's hash
  harness.py     runs these programs; says what a kind of fault is and how to add one
  disk.py        what a loss of power may leave of a recording
  kinds/         the kinds of faults, by subject"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Bench, Failure, Skip  # noqa: E402
from kinds import around, crowd, damage, death, disks, error, filesystems, power  # noqa: E402

# Name: (generator of cases, share of the time). The long ones first, so that the short ones fill the gaps.
KINDS = {
    "error": (error.error, 6),
    "stop": (crowd.stop, 2),
    "file systems": (filesystems.filesystems, 6),
    "power": (power.power, 5),
    "kill": (death.kill, 5),
    "points": (death.points, 3),
    "rebuild": (death.rebuild, 2),
    "after kill": (power.after_kill, 2),
    "after lost sync": (power.after_lost_sync, 2),
    "flip": (damage.flip, 3),
    "bit": (damage.bit, 2),
    "crowd": (crowd.crowd, 4),
    "copy": (around.copy, 2),
    "clock": (around.clock, 1),
    "read-only": (error.read_only, 1),
    "many": (crowd.many, 1),
    "collide": (around.collide, 1),
}
# For a scratch directory that is a file system of its own.
MOUNTED_KINDS = {"disk full": (disks.full, 1), "remounted": (disks.remounted, 1)}

stopping = threading.Event()


class Tally:
    """What became of a kind's faults."""

    def __init__(self, kind):
        self.kind = kind
        self.tried = self.failed = 0

    def line(self):
        return f"{'FAILED' if self.failed else 'ok':7} {self.kind}: {self.tried} faults, {self.failed} failed"


def take_cases(cases, options, seconds):
    """As many of a kind's cases as this run has."""
    end = None if seconds is None else time.monotonic() + seconds
    taken = 0
    for case in cases:
        over = end is None and case is None or end is not None and taken and time.monotonic() >= end
        if over or stopping.is_set() or (options.cases and taken >= options.cases):
            return
        if case is not None:
            taken += 1
            yield case


def run_kind(bench, kind, options, seconds):
    """Works through a kind's cases."""
    tally = Tally(kind)
    place = os.path.join(bench.scratch, kind.replace(" ", "-"))
    cases = (KINDS | MOUNTED_KINDS)[kind][0](bench, random.Random(f"{options.seed} {kind}"), place)
    try:
        for name, run in take_cases(cases, options, seconds):
            run_case(tally, options, name, lambda run=run: run(f"{place}-case"))
    except (Failure, OSError) as wrong:  # of the generator itself
        run_case(tally, options, "set-up", lambda wrong=wrong: fail(wrong))
    return tally


def fail(wrong):
    raise wrong


def run_case(tally, options, name, run):
    number = tally.tried
    try:
        tried = run()
        tally.tried += 1 if tried is None else tried
    except Skip as why:
        print(f"skipped {tally.kind}: {why}", flush=True)
    except (Failure, OSError, KeyError, subprocess.SubprocessError) as wrong:
        tally.tried += 1
        tally.failed += 1
        if tally.failed <= options.shown and not stopping.is_set():
            print(f"FAILED  {tally.kind}: {name} (after {number} faults of --seed {options.seed} "
                  f"--only '{tally.kind}')\n{wrong!s}", flush=True)


def run_all(bench, kinds, options):
    """Three kinds at a time, since much of it is waiting; one on a disk of our own, which some fill. (passed, failed)"""
    whole = sum((KINDS | MOUNTED_KINDS)[kind][1] for kind in kinds)
    passed = failed = 0
    workers = 1 if options.mounted else 3
    with ThreadPoolExecutor(workers) as pool:
        jobs = []
        for kind in kinds:
            share = (KINDS | MOUNTED_KINDS)[kind][1] / whole
            seconds = None if options.seconds is None else workers * options.seconds * share
            jobs.append(pool.submit(run_kind, bench, kind, options, seconds))
        try:
            for job in jobs:
                tally = job.result()
                print(tally.line(), flush=True)
                passed += tally.tried - tally.failed
                failed += tally.failed
        except KeyboardInterrupt:
            stopping.set()
            pool.shutdown(cancel_futures=True)
            raise
    return passed, failed


@contextlib.contextmanager
def scratch_directory(mounted):
    if mounted:
        with filesystems.mounted(mounted) as place:
            yield place
        return
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    place = tempfile.mkdtemp(prefix="secmsg-crash-", dir=base)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def parse():
    parser = argparse.ArgumentParser(description="Breaks stores, and balances the books.")
    parser.add_argument("build", help="the build directory")
    parser.add_argument("--seconds", type=float, help="go on for so long (default: a fixed amount of work)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(KINDS), help="kinds, with commas between")
    parser.add_argument("--cases", type=int, help="at most so many cases of each kind")
    parser.add_argument("--shown", type=int, default=3, help="failures told of each kind")
    parser.add_argument("--mounted", choices=filesystems.FILE_SYSTEMS,
                        help="on such a file system, made for this run: as root, in a mount namespace of its own")
    options = parser.parse_args()
    options.only = options.only.split(",")
    unknown = set(options.only) - set(KINDS | MOUNTED_KINDS)
    if unknown or (set(options.only) & set(MOUNTED_KINDS) and not options.mounted):
        parser.error(f"kinds are: {', '.join(KINDS)}; with --mounted also {', '.join(MOUNTED_KINDS)}")
    return options


def main():
    options = parse()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with scratch_directory(options.mounted) as scratch:
            passed, failed = run_all(Bench(options.build, scratch, options.mounted), options.only, options)
    except KeyboardInterrupt:
        return 130
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
