"""A disk that is really full, and one that is really read-only: for a scratch directory that is a file system of
its own (run.py --mounted), of which nobody else has anything."""

import itertools
import os
import shutil
import subprocess

from harness import Failure
from kinds.error import REFUSALS

LEFT = 3 << 20


def fill(path, left):
    """Leaves so many bytes, in a file that holds the rest."""
    with open(path, "ab") as file:
        for size in (1 << 20, 1 << 16, 1 << 12):
            try:
                while True:
                    fs = os.statvfs(path)
                    if fs.f_bavail * fs.f_frsize < left + size:
                        break
                    os.write(file.fileno(), os.urandom(size))
                    os.fsync(file.fileno())
            except OSError:
                continue


def full(bench, rng, where):
    """Messages until there is no room; then not a byte is left. What was accepted is there and can be removed, and
    with room again all goes on. Btrfs writes nothing in place, so nothing can be removed there either; but nothing is
    lost."""
    told = os.path.join(os.path.dirname(bench.scratch), "told")

    def answers(told, begin, word):
        with open(told) as lines:
            lines.seek(begin)
            return [line for line in lines if line.startswith("=") and line.endswith(f" {word}\n")]

    def use_it_up(store, filler, seed):
        bench.workload(store, told, "ops=40", "users=4", seed)
        fill(filler, LEFT)
        bench.workload(store, told, "ops=8000", "users=4", "writer=2", seed)
        if not answers(told, 0, "no"):
            raise Failure("the disk wasn't full")
        fill(filler, 0)
        bench.audit(store, told, look=True, allow=("check", *REFUSALS) if bench.mounted == "btrfs" else ("check",))
        begin = os.path.getsize(told)
        bench.workload(store, told, "ops=60", "users=4", "writer=3", "empty=1", seed)
        if bench.mounted != "btrfs" and (answers(told, begin, "no") or answers(told, begin, "unknown")):
            raise Failure("a full disk can't be emptied")

    for number in itertools.count():
        seed = f"seed={rng.randrange(1 << 30)}"

        def run(place, seed=seed):
            store, filler = bench.fresh(place, bench.template), os.path.join(place, "filler")
            try:
                use_it_up(store, filler, seed)
                os.truncate(filler, 0)
                os.sync()
                bench.audit(store, told)
            finally:
                shutil.rmtree(place)
                os.unlink(told)
                os.sync()

        yield f"full {seed}", run
        if number == 1:
            yield None


def remounted(bench, rng, where):
    """Mounted read-only after a kill: read and unchanged. Read-write again, it goes on."""
    for number in itertools.count():
        seed = f"seed={rng.randrange(1 << 30)}"
        fault = f"kill:{rng.randrange(100, 300)}" if number % 2 else None

        def run(place, seed=seed, fault=fault):
            store, told = bench.fresh(place, bench.template), os.path.join(place, "told")
            bench.workload(store, told, "ops=60", "users=4", seed, fault=fault)
            os.sync()
            remount("ro")
            try:
                bench.audit(store, told, look=True, allow=("check", *(("failed", "missing") if fault else ())))
            finally:
                remount("rw")
            bench.audit(store, told)

        def remount(mode):
            subprocess.run(["mount", "-o", f"remount,{mode}", bench.scratch], check=True)

        yield f"remounted {seed} {fault}", run
        if number == 3:
            yield None
