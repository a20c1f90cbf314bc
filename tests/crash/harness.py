"""What all kinds of faults use: the programs and how they are run, the audit, the scratch directory.

A kind is a generator function in kinds/, called as kind(bench, rng, where): `rng` is its own dice, seeded by --seed
and its name; `where` a path of its own under the scratch directory. It yields cases, without end:

    (name, run)    run(place) breaks one store, made anew at `place`, and has it audited. It raises Failure when
                   something is wrong, and returns how many faults it tried (None: one)
    None           all that a short run (`make check`) does has been yielded; further rounds may follow

A case is fixed by the seed and its number, and what it complains about doesn't depend on how fast the machine is.
To add a kind: write it, and name it in run.py's table."""

import itertools
import os
import shutil
import signal
import subprocess

NEXT_BOOT = "5eed5eed-0000-4000-8000-00000000b007\n"
# Few shards, so that there are several accounts in each; and a secret that puts them into the same ones always.
CONF = """format = 1
shards = 3
id = AAECAwQFBgcICQoLDA0ODw==
secret = c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MDE=
"""
TIMEOUT = 120
CHECK_EACH = 40  # audits, one of which is followed by secmsg-admin check


class Failure(Exception):
    """What is wrong with a case."""


class Skip(Exception):
    """Why a case can't be tried on this machine."""


class Bench:
    """The programs, the scratch directory, and an empty store to copy."""

    def __init__(self, build, scratch, mounted):
        self.build = os.path.abspath(build)
        self.mounted = mounted  # the file system that `scratch` is, made for this run, or None
        self.scratch = scratch
        self.audits = itertools.count(1)
        self.boot = os.path.join(scratch, "next-boot")
        with open(self.boot, "w") as file:
            file.write(NEXT_BOOT)
        self.template = os.path.join(scratch, "template")
        self.run(["audit", self.template, "look=1"])
        with open(os.path.join(self.template, "store.conf"), "w") as file:
            file.write(CONF)

    def program(self, name):
        return os.path.join(self.build, name if name == "secmsg-admin" else f"tests/crash/{name}")

    def environment(self, store=None, boot=False, **how):
        """`store` preloads faults.so for it; `how` are the variables of faults.h and points.h by short names."""
        env = {"PATH": os.environ["PATH"]}
        # GDBM itself leaks 4 KB whenever it fails to open a file. What a sanitizer reports goes to stderr: to make
        # a file of it, ASan calls into the library that is preloaded behind it, before that can be called.
        env["ASAN_OPTIONS"] = "detect_leaks=0:handle_sigill=1:exitcode=99"
        if store:  # a sanitizer's library, which CRASH_PRELOAD names, must come first
            libraries = [os.environ.get("CRASH_PRELOAD", ""), self.program("faults.so")]
            env["LD_PRELOAD"] = " ".join(filter(None, libraries))
            env["FAULTS_DIR"] = store
        for short, name in (("fault", "FAULTS"), ("trace", "FAULTS_TRACE"), ("count", "FAULTS_COUNT"),
                            ("told", "FAULTS_TOLD"), ("die", "POINTS_DIE"), ("points", "POINTS_COUNT")):
            if how.get(short) is not None:
                env[name] = str(how[short])
        if boot:
            env["FAULTS_BOOT"] = self.boot
        return env

    def run(self, command, **how):
        """Runs one of the programs; (status, output, log). A signal but SIGKILL is a failure of its own."""
        program = [self.program(command[0]), *map(str, command[1:])]
        try:
            done = subprocess.run(program, env=self.environment(**how), capture_output=True, timeout=TIMEOUT,
                                  check=False)
        except subprocess.TimeoutExpired as hung:
            raise Failure(f"{command[0]} hangs") from hung
        log = done.stderr.decode(errors="replace")
        if done.returncode < 0 and done.returncode != -signal.SIGKILL:
            raise Failure(f"{command[0]} died of {signal.Signals(-done.returncode).name}\n{log[-2000:]}")
        return done.returncode, done.stdout.decode(errors="replace"), log

    def workload(self, store, told, *options, **how):
        """Uses the store; it may be killed, but gives up over nothing that the store answers."""
        status, out, log = self.run(["workload", store, told, *options], store=store, told=told, **how)
        if status not in (0, -signal.SIGKILL):
            raise Failure(f"workload: {status}\n{log[-1000:]}")
        return status, out, log

    def audit(self, store, *told, allow=(), look=False, boot=False, known=0, fault=None):
        """Complains about everything that the audit does, but for kinds in `allow`; (output, log)."""
        options = [f"known={known}"] * (known > 0) + ["look=1"] * look
        files = [t for t in told if os.path.exists(t)]
        status, out, log = self.run(["audit", store, *options, *files], store=store, boot=boot, fault=fault)
        wrong = [line for line in out.splitlines() if line.split(":")[0] not in allow]
        if wrong or status not in (0, 1, 2) or (status == 2 and "open" not in allow):
            shown = "\n    ".join(wrong[:6])
            raise Failure(f"audit{' after reboot' if boot else ''}: {shown or out or status}\n{log[-1500:]}")
        if not allow and next(self.audits) % CHECK_EACH == 0:
            self.admin_check(store, boot)
        return out, log

    def admin_check(self, store, boot=False):
        """What an operator sees."""
        status, out, log = self.run(["secmsg-admin", f"--store={store}", "check"], store=store, boot=boot)
        if status != 0:
            raise Failure(f"secmsg-admin check: {status}: {out}\n{log[-1000:]}")

    def fresh(self, where, base=None):
        """The path of a store at an empty `where`: a copy of `base`, or not there yet."""
        shutil.rmtree(where, ignore_errors=True)
        os.makedirs(where)
        store = os.path.join(where, "store")
        if base:
            shutil.copytree(base, store)
        return store


class Process:
    """A workload that runs beside others. Killed at the end of a `with`, whatever happened."""

    def __init__(self, bench, store, told, *options, preload=None, **how):
        program = [bench.program("workload"), store, told, *map(str, options)]
        self.process = subprocess.Popen(program, env=bench.environment(store=preload, **how),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def kill(self):
        self.process.kill()
        return self.process.wait()

    def wait(self):
        try:
            return self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired as hung:
            raise Failure("a process hangs") from hung


CHANGES, READS, SYNCS = 0, 1, 2


class Run:
    """A workload that is the same each time, on a store that is there or is to be founded."""

    def __init__(self, bench, where, base, *options):
        self.base = base
        self.options = options
        store, count, points = bench.fresh(where, base), os.path.join(where, "count"), os.path.join(where, "points")
        bench.workload(store, os.path.join(where, "told"), *options, count=count, points=points)
        with open(count) as file:
            self.counts = [int(n) for n in file.read().split()]
        with open(points) as file:
            self.has_compaction = "compact: marker synced" in file.read()

    def positions(self, rng, what=CHANGES):
        """1 to the number of its calls, in some order."""
        order = list(range(1, self.counts[what] + 1))
        rng.shuffle(order)
        return order


def rounds(bench, rng, where):
    """Runs, two for each round: on an empty store, and one that founds it. The first round's are short enough to
    try every call of theirs in a short run."""
    for number in itertools.count():
        ops = "ops=18" if number == 0 else "ops=60"
        used = None
        while used is None or not used.has_compaction:
            seed = f"seed={rng.randrange(1 << 30)}"
            used = Run(bench, where, bench.template, ops, "users=4", "compact=15", seed)
        yield used, Run(bench, where, None, "ops=4", "users=2", seed)
