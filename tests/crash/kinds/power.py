"""Loss of power: a run is recorded, and what may be left on the disk after any part of it is opened and audited.

disk.py is the model of what may be left."""

import errno
import os
import random
import shutil

from disk import CREATE, LINK, MKDIR, RENAME, UNLINK, Disk, read_trace
from harness import SYNCS, rounds

NAMING = (CREATE, RENAME, LINK, UNLINK, MKDIR)
RECENT = 12  # records
POLICIES = ("none", "all", "torn", "random", "garbage", "data", "names")


class Recording:
    """A run that was recorded, perhaps of several processes one after the other."""

    def __init__(self, bench, where, base):
        self.bench = bench
        self.base = base
        self.store = bench.fresh(where, base)
        self.trace = os.path.join(where, "trace")
        self.told = os.path.join(where, "told")
        self.inodes = self._inodes() if base else {}

    def _inodes(self):
        """{inode: path}, of what was there when the run began."""
        found = {}
        for directory, _, names in os.walk(self.store):
            for name in names:
                path = os.path.join(directory, name)
                found[os.stat(path).st_ino] = os.path.relpath(path, self.store)
        return found

    def add(self, *options, fault=None):
        self.bench.workload(self.store, self.told, *options, fault=fault, trace=self.trace)

    def records(self):
        return list(read_trace(self.trace))

    def disk_after(self, records):
        """What the disk has followed so far."""
        disk = Disk(self.base, self.inodes)
        for record in records:
            disk.follow(*record)
        return disk

    def audit_image(self, place, disk, policy, seed):
        """Opens and audits one state that may be left."""
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        store, told = os.path.join(place, "store"), os.path.join(place, "told")
        with open(told, "wb") as file:
            file.write(disk.told)
        disk.write_image(store, policy, random.Random(seed))
        self.bench.audit(store, told, boot=True)


def first_policies(records, end):
    """Four for a prefix; more where a directory has just been changed, since it is soon synced."""
    policies = ["none", "torn", "random", POLICIES[1 + end % 6]]
    if any(record[0] in NAMING for record in records[max(0, end - RECENT) : end]):
        policies += ["names", "names", "random"]
    return policies


def power(bench, rng, where):
    """Every prefix of a recorded run, with what wasn't synced dropped, reordered, torn at 512 bytes. In the first
    round, in which a compaction is recorded, each prefix has some of the policies; later ones have them all."""
    for i, runs in enumerate(rounds(bench, rng, where)):
        for which, r in enumerate(runs):
            recording = Recording(bench, f"{where}-{i}-{which}", r.base)
            recording.add(*r.options)
            records = recording.records()
            for end in rng.sample(range(1, len(records) + 1), len(records)):
                for policy in first_policies(records, end) if i == 0 else POLICIES:
                    seed = rng.randrange(1 << 30)

                    def run(place, recording=recording, records=records, end=end, policy=policy, seed=seed):
                        recording.audit_image(place, recording.disk_after(records[:end]), policy, seed)

                    yield f"{r.options[-1]} prefix {end} of {len(records)} {policy}", run
            shutil.rmtree(f"{where}-{i}-{which}", ignore_errors=True)
        yield None


def after(bench, rng, where, is_sync):
    """Somebody dies, or is told of a failed sync; another goes on, is told OK; then the power goes."""

    def case(r, fault):
        policy, seed = rng.choice(("none", "none", "random", "names", "data")), rng.randrange(1 << 30)

        def run(place):
            recording = Recording(bench, place + "-run", r.base)
            recording.add(*r.options, fault=fault)
            recording.add(r.options[-1], "writer=2", "ops=5", "group=1")
            recording.audit_image(place, recording.disk_after(recording.records()), policy, seed)

        return f"{fault} {policy} {r.options[-1]}", run

    for i, runs in enumerate(rounds(bench, rng, where)):
        for r in runs:
            if is_sync:
                for n in r.positions(rng, SYNCS) * 3:
                    yield case(r, f"sync:{n}:{errno.EIO}")
            else:
                for n in r.positions(rng)[: 200 if i == 0 else None]:
                    yield case(r, f"kill:{n}")
        yield None


def after_kill(bench, rng, where):
    """kill -9, then a loss of power."""
    return after(bench, rng, where, is_sync=False)


def after_lost_sync(bench, rng, where):
    """An fdatasync that fails once and then succeeds, then a loss of power."""
    return after(bench, rng, where, is_sync=True)
