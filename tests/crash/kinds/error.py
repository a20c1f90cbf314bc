"""Calls that fail, once or from then on, and a store that can't be written to. It may refuse; it may not err."""

import errno
import hashlib
import os

from harness import READS, SYNCS, Failure, rounds

REFUSALS = ("failed", "missing")  # of a store that can't be rebuilt because it can't be written to


def error(bench, rng, where):
    """The n-th call fails, does half, or finds no room from there on. Its caller is refused; who comes then can read
    everything, and after a reboot all is well."""

    def case(fault, base, options):
        def run(place):
            store, told = bench.fresh(place, base), os.path.join(place, "told")
            status, _, log = bench.workload(store, told, *options, fault=fault)
            if status != 0:
                raise Failure(f"workload was killed\n{log[-1000:]}")
            bench.audit(store, told, look=True)
            bench.audit(store, told, boot=True)

        return f"{fault} {options[-1]}", run

    for i, runs in enumerate(rounds(bench, rng, where)):
        for r in runs:
            for n in r.positions(rng):
                for code in (errno.ENOSPC, errno.EIO, errno.EINTR):
                    yield case(f"fail:{n}:{code}", r.base, r.options)
                yield case(f"short:{n}", r.base, r.options)
                if i > 0 or n % 4 == 0:
                    yield case(f"full:{n}", r.base, r.options)
                if i > 0 or n % 4 == 2:
                    yield case(f"cow:{n}", r.base, r.options)
            for n in r.positions(rng, SYNCS):
                yield case(f"sync:{n}:{errno.EIO}", r.base, r.options)
            for n in r.positions(rng, READS):
                yield case(f"read:{n}:{errno.EIO}", r.base, r.options)
                if i > 0 or n % 4 == 0:
                    yield case(f"read:{n}:{errno.EINTR}", r.base, r.options)
                    yield case(f"less:{n}", r.base, r.options)
        yield None


def contents(store):
    """A digest of each file."""
    found = {}
    for directory, _, names in os.walk(store):
        for name in names:
            with open(os.path.join(directory, name), "rb") as file:
                found[os.path.join(directory, name)] = hashlib.sha256(file.read()).hexdigest()
    return found


def read_only(bench, rng, where):
    """A file system that is mounted read-only: everything can be read, nothing is changed or said to be."""
    for i in range(1 << 30):
        options = ["ops=60", "users=4", f"seed={rng.randrange(1 << 30)}"]
        fault = f"kill:{rng.randrange(1, 200)}" if i % 2 else None  # half of them need a rebuild

        def run(place, options=options, fault=fault):
            store, told, other = (bench.fresh(place, bench.template), os.path.join(place, "told"),
                                  os.path.join(place, "other"))
            bench.workload(store, told, *options, fault=fault)
            before = contents(store)
            bench.workload(store, other, "writer=2", *options, fault="ro:1")
            bench.audit(store, told, look=True, fault="ro:1", allow=("check", *(REFUSALS if fault else ())))
            if contents(store) != before:
                raise Failure("a file was changed")
            with open(other) as file:
                lines = [line.split() for line in file]
            # An invitation that is there already is told to be.
            invites = {line[1] for line in lines if line[0] == "+" and line[2] == "invite"}
            if any(line[0] == "=" and line[-1] == "ok" and line[1] not in invites for line in lines):
                raise Failure("something was told to be changed")
            bench.audit(store, told, boot=bool(i % 4 == 0))

        yield f"{options[-1]} after {fault}", run
        if i == 30:
            yield None
