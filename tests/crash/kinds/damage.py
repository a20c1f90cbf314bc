"""A bit that isn't what was written: turned on the disk for good, or once on the way from it."""

import os

from harness import READS, Failure


def flip(bench, rng, where):
    """A bit of a settled store is turned: found, named, never served, never a crash."""
    store, told = bench.fresh(where, bench.template), os.path.join(where, "told")
    bench.workload(store, told, f"seed={rng.randrange(1 << 30)}", "ops=150", "users=4")
    files = sorted(os.path.relpath(os.path.join(d, n), store) for d, _, ns in os.walk(store) for n in ns)
    sizes = {name: used_bytes(os.path.join(store, name)) for name in files}
    names = [name for name in files if sizes[name] > 0]
    tried = 0
    while True:
        name = rng.choice(names)
        at, bit, boot = rng.randrange(sizes[name]), 1 << rng.randrange(8), rng.random() < 0.5

        def run(place, name=name, at=at, bit=bit, boot=boot):
            copy = bench.fresh(place, store)
            with open(os.path.join(copy, name), "r+b") as file:
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ bit]))
            judge_damage(bench, copy, told, name, boot)

        yield f"{name} byte {at} bit {bit:02x}{' after a reboot' if boot else ''}", run
        tried += 1
        if tried == 1000:
            yield None


def used_bytes(path):
    """A log's zeros at the end don't count."""
    with open(path, "rb") as file:
        content = file.read()
    return len(content.rstrip(b"\0") if os.path.basename(path).startswith("log") else content)


def judge_damage(bench, store, told, name, boot):
    """What a damaged log lost must be named; nothing else may be wrong; no other file loses anything."""
    base = name.split("/")[-1]
    is_log = base.startswith("log")
    is_own = name in ("store.conf", "host.key")
    allow = ("missing", "failed", "back", "count", "check") if is_log else ()
    if is_own:
        allow = ("open", "missing", "failed", "account", "check")
    out, log = bench.audit(store, told, allow=allow, look=True, boot=boot)
    if is_own and "open:" not in out and "account:" in out:
        raise Failure(f"served: {out.splitlines()[0]}")
    if is_log and any(not line.startswith("check:") for line in out.splitlines()) and "log_" not in log:
        raise Failure(f"not named: {out.splitlines()[0]}\n{log[-1000:]}")
    if "back:" in out and "lost=acknowledgement" not in log:
        raise Failure(f"served again: {out}\n{log[-1000:]}")


def bit(bench, rng, where):
    """What is read has a bit turned, once, as by bad memory: nothing wrong is served, and nothing stays wrong."""
    told = os.path.join(where + "-base", "told")
    store = bench.fresh(where + "-base", bench.template)
    bench.workload(store, told, f"seed={rng.randrange(1 << 30)}", "ops=80", "users=4")
    count = os.path.join(where + "-base", "count")
    bench.run(["audit", store, "look=1", told], store=store, count=count)
    with open(count) as file:
        reads = int(file.read().split()[READS])
    while True:
        order = list(range(1, reads + 1))
        rng.shuffle(order)
        for n in order:
            fault = f"bit:{n}:{rng.randrange(1 << 20)}"

            def run(place, fault=fault):
                copy = bench.fresh(place, store)
                bench.audit(copy, told, look=True, boot=True)  # settled here: a copy's index isn't trusted
                bench.audit(copy, told, look=True, boot=True, fault=fault,
                            allow=("open", "failed", "missing", "count", "check", "account"))
                bench.audit(copy, told, look=True, boot=True)

            yield fault, run
        yield None
