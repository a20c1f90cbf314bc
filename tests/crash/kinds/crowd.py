"""Many at once: killed at random, stopped with a lock in hand, or just many."""

import itertools
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from harness import Failure, Process, rounds

CROWD = 24
KILLS = 300
MOUNTED_KILLS = 60  # on each of several file systems
STOPPED = 8
MANY = 200
PATIENCE = 60  # seconds, for what gives up after five


def crowd(bench, rng, where):
    """Two dozen processes at once, which compact now and then; hundreds of kill -9 at random moments, with somebody
    new each time."""
    for number in itertools.count():
        seed = rng.randrange(1 << 30)

        def run(place, seed=seed):
            dice = random.Random(seed)
            store = bench.fresh(place, bench.template)
            files, members, writer = [], {}, itertools.count(1)

            def join(own):
                n = next(writer)
                files.append(os.path.join(place, f"told-{n:04}"))
                members[own] = Process(bench, store, files[-1], f"own={own}", f"writer={n}", f"users={CROWD}",
                                       f"seed={seed + n}", "seconds=600", "compact=1", f"group={1 + n % 8}")

            try:
                for own in range(CROWD):
                    join(own)
                for _ in range(MOUNTED_KILLS if bench.mounted else KILLS):
                    time.sleep(dice.uniform(0.002, 0.02))
                    own = dice.randrange(CROWD)
                    if members[own].kill() != -signal.SIGKILL:
                        raise Failure("a process ended by itself")
                    join(own)
            finally:
                for process in members.values():
                    process.kill()
            bench.audit(store, *files)
            return len(files)

        yield f"crowd {number}", run
        if number == 1 or bench.mounted:
            yield None


def many(bench, rng, where):
    """Two hundred processes that begin at once, each with an account of its own: all are served."""
    for number in itertools.count():
        seed = rng.randrange(1 << 30)

        def run(place, seed=seed):
            store = bench.fresh(place, bench.template)
            files = [os.path.join(place, f"told-{n:03}") for n in range(MANY)]
            members = [Process(bench, store, told, f"own={n}", f"writer={n + 1}", f"users={MANY}",
                               f"seed={seed + n}", "ops=15") for n, told in enumerate(files)]
            try:
                if any([member.wait() != 0 for member in members]):
                    raise Failure("a process failed")
            finally:
                for member in members:
                    member.kill()
            bench.audit(store, *files)
            return MANY

        yield f"many {number}", run
        if number == 0:
            yield None


def stop(bench, rng, where):
    """SIGSTOP before the n-th change, mostly with a lock held: others get busy, none hangs, and all is well after
    it went on or was killed. Eight stores at a time, since it's all waiting."""

    def one(place, r, n):
        store, told, other = (bench.fresh(place, r.base), os.path.join(place, "told"), os.path.join(place, "other"))
        with Process(bench, store, told, *r.options, preload=store, fault=f"stop:{n}") as first:
            _, status = os.waitpid(first.process.pid, os.WUNTRACED)
            begin = time.monotonic()
            if os.WIFSTOPPED(status):
                bench.workload(store, other, "writer=2", "ops=1", "seed=3")
                os.kill(first.process.pid, signal.SIGCONT if n % 2 else signal.SIGKILL)
                first.wait()
            if time.monotonic() - begin > PATIENCE:
                raise Failure(f"others waited for over {PATIENCE} s")
        bench.audit(store, other, told)

    def case(r, positions):
        def run(place):
            with ThreadPoolExecutor(STOPPED) as pool:
                jobs = [pool.submit(one, f"{place}-{n}", r, n) for n in positions]
                for job in jobs:
                    job.result()
            return len(positions)

        return f"stop:{positions} {r.options[-1]}", run

    for i, (r, _) in enumerate(rounds(bench, rng, where)):
        order = r.positions(rng)[: 3 * STOPPED if i == 0 else None]
        for at in range(0, len(order), STOPPED):
            yield case(r, order[at : at + STOPPED])
        yield None
