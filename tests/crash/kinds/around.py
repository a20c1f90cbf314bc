"""What the world around a store may do to it without harm: copy it, set the clock, choose ids."""

import glob
import itertools
import os
import random
import re
import shutil
import time

from harness import Failure, Process

IDS = 10000


def copy(bench, rng, where):
    """A store is copied file by file while it is in use, and opened in the same boot: beside the original, in its
    place, or written over it. What was told before the copying began is there. Over it, a shard may be refused,
    because its log is shorter than its lock file, which is still the same one, says; without that file it opens."""
    for number in itertools.count():
        seed, how = rng.randrange(1 << 30), ("beside", "in place", "over")[number % 3]

        def run(place, seed=seed, how=how):
            dice = random.Random(seed)
            store, told = bench.fresh(place, bench.template), os.path.join(place, "told")
            copied = os.path.join(place, "copy")
            with Process(bench, store, told, f"seed={seed}", "seconds=600", "users=4") as user:
                while not os.path.exists(told) or os.path.getsize(told) < dice.randrange(5000, 200000):
                    time.sleep(0.01)
                known = os.path.getsize(told)
                copy_slowly(store, copied, dice)
                user.kill()
            if how == "in place":
                shutil.rmtree(store)
                os.rename(copied, store)
            elif how == "over":
                copy_over(copied, store)
                judge_over(bench, store, told, known)
            bench.audit(copied if how == "beside" else store, told, known=known)

        yield f"{how} {seed}", run
        if number == 11:
            yield None


def copy_slowly(store, copied, dice):
    """File by file, in any order; again from the start when a compaction took one away meanwhile."""
    while True:
        shutil.rmtree(copied, ignore_errors=True)
        files = []
        for directory, _, names in os.walk(store):
            os.makedirs(os.path.join(copied, os.path.relpath(directory, store)), 0o700, exist_ok=True)
            files += [os.path.relpath(os.path.join(directory, name), store) for name in names]
        os.chmod(copied, 0o700)
        dice.shuffle(files)
        try:
            for name in files:
                shutil.copy2(os.path.join(store, name), os.path.join(copied, name))
                time.sleep(dice.uniform(0, 0.01))
            return
        except FileNotFoundError:
            continue


def copy_over(copied, store):
    """As rsync --inplace --delete: names that are there keep their inodes."""
    for directory, _, names in os.walk(store):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.exists(os.path.join(copied, os.path.relpath(path, store))):
                os.unlink(path)
    shutil.copytree(copied, store, dirs_exist_ok=True)


def judge_over(bench, store, told, known):
    out, log = bench.audit(store, told, known=known, look=True, allow=("failed", "missing", "check"))
    if out and not re.search("event=log_(cut_short|damaged|missing)", log):
        raise Failure(f"not named: {out}\n{log[-1000:]}")
    for lock in glob.glob(os.path.join(store, "shards/*/lock")):
        os.unlink(lock)


def clock(bench, rng, where):
    """The clock jumps to 2038 and back, again and again: no id is forgotten, nothing lost."""
    for number in itertools.count():
        options = ["ops=200", "users=3", "clock=1", f"compact={number % 4}", f"seed={rng.randrange(1 << 30)}"]

        def run(place, options=options, boot=number % 2 == 1):
            store, told = bench.fresh(place, bench.template), os.path.join(place, "told")
            bench.workload(store, told, *options)
            bench.audit(store, told, boot=boot)

        yield f"clock {options[-1]}", run
        if number == 29:
            yield None


def collide(bench, rng, where):
    """Ten thousand ids that are one in GDBM's hash take what ten thousand random ones take. As keys in a GDBM file
    of their own, the first few hundred of them are too many for 16 MB."""

    def size(place, how):
        store = bench.fresh(place, bench.template)
        status, out, log = bench.run(["collide", store, how, IDS])
        if status != 0:
            raise Failure(f"{how}: {status}\n{log[-1000:]}")
        bench.admin_check(store)
        return int(out)

    def run(place):
        chosen, usual = size(place, "chosen"), size(place, "random")
        if chosen > 1.1 * usual:
            raise Failure(f"index: {chosen} bytes with chosen ids, {usual} with random ones")
        plain = [bench.run(["collide", os.path.join(place, how), how, 400])[0]
                 for how in ("plain-chosen", "plain-random")]
        if plain != [3, 0]:
            raise Failure(f"the ids don't collide at all: {plain}")

    while True:
        yield f"{IDS} ids", run
        yield None
