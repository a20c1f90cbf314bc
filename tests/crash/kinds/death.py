"""kill -9: at each file call, at each named point of each operation, and in the rebuild that comes after."""

import os
import pathlib
import re
import signal

from harness import Failure, rounds

SOURCE = pathlib.Path(__file__).resolve().parents[3] / "src"
OPERATIONS = ("register", "password", "put", "ack", "delete", "invite", "admit")
EACH = 6  # passes of a point tried in a short run, of each operation


def kill(bench, rng, where):
    """Before, or in the middle of, the n-th change; then the audit."""

    def case(fault, base, options):
        def run(place):
            store, told = bench.fresh(place, base), os.path.join(place, "told")
            bench.workload(store, told, *options, fault=fault)
            bench.audit(store, told)

        return f"{fault} {options[-1]}", run

    for runs in rounds(bench, rng, where):
        for r in runs:
            for n in r.positions(rng):
                yield case(f"kill:{n}", r.base, r.options)
                yield case(f"tear:{n}", r.base, r.options)
        yield None


def rebuild(bench, rng, where):
    """Whoever comes after a kill is killed too, in the rebuild; so is the next; then a third comes."""

    def case(first, seconds, base, options):
        def run(place):
            store, told = bench.fresh(place, base), os.path.join(place, "told")
            bench.workload(store, told, *options, fault=first)
            for second in seconds:
                bench.run(["audit", store, "look=1", told], store=store, fault=second)
            bench.audit(store, told)
            return 1 + len(seconds)

        return " ".join([first, *seconds, options[-1]]), run

    for i, runs in enumerate(rounds(bench, rng, where)):
        for r in runs:
            for n in r.positions(rng)[: 120 if i == 0 else None]:
                seconds = [f"{rng.choice(('kill', 'tear'))}:{rng.randrange(1, 40)}" for _ in range(rng.choice((1, 2)))]
                yield case(f"kill:{n}", seconds, r.base, r.options)
        yield None


# ---- named points ----


def names_in_source():
    """What the store calls its points, all of which must be reached."""
    text = "".join(path.read_text() for path in sorted(SOURCE.glob("store/**/*.c")))
    return set(re.findall(r'point_pass\("([^"]+)"\)', text))


def passes(bench, where, options, log=None):
    """{(operation, point): how often} of a run."""
    store, file = bench.fresh(where, bench.template), os.path.join(where, "points")
    bench.workload(store, os.path.join(where, "told"), *options, points=file)
    found = {}
    with open(file) as lines:
        for line in lines:
            n, _, rest = line.strip().partition(" ")
            operation, _, point = rest.partition("/")
            found[operation, point] = int(n)
    return found


def point_runs(bench, rng, where):
    """Workloads in which each operation comes by each of its points, with what they pass."""
    wanted = {(operation, "commit: appended") for operation in OPERATIONS} | {
        ("compact", point) for point in names_in_source() if point.startswith("compact:")
    }
    for _ in range(200):
        options = ["ops=90", "users=8", "compact=8", f"seed={rng.randrange(1 << 30)}"]
        found = passes(bench, where, options)
        if wanted <= set(found):
            return options, found
    raise Failure(f"never reached: {sorted(wanted - set(found))}")


def points(bench, rng, where):
    """At each pass of each named point, by what was being done there. A name that is never reached fails."""
    reached = set()

    def case(base, options, operation, point, n):
        def run(place):
            store, told = bench.fresh(place, base), os.path.join(place, "told")
            status, _, _ = bench.workload(store, told, *options, die=f"{operation}/{point}/{n}")
            if status != -signal.SIGKILL:
                raise Failure("didn't come there")
            reached.add(point)
            bench.audit(store, told)

        return f"{operation}: {point}: pass {n} {options[-1]}", run

    def after(base, options, fault, point, n):
        def run(place):
            store, told = bench.fresh(place, base), os.path.join(place, "told")
            bench.workload(store, told, *options, fault=fault)
            status, _, _ = bench.run(["audit", store, "look=1", told], store=store, die=f"*/{point}/{n}")
            if status == -signal.SIGKILL:
                reached.add(point)
            bench.audit(store, told)
            return 2

        return f"{fault}, then {point}: pass {n} {options[-1]}", run

    def all_reached(place):
        missed = names_in_source() - reached
        if missed:
            raise Failure(f"nobody died at {sorted(missed)}")
        return 0

    first = True
    while True:
        options, found = point_runs(bench, rng, where)
        for (operation, point), count in sorted(found.items()):
            for n in sorted(rng.sample(range(1, count + 1), min(count, EACH if first else count))):
                yield case(bench.template, options, operation, point, n)
        for point in sorted(names_in_source()):
            if point.startswith("rebuild:"):
                for n in (1, 2, 3):
                    yield after(bench.template, options, f"kill:{rng.randrange(50, 300)}", point, n)
        if first:
            yield "all of them", all_reached
            yield None
        first = False
