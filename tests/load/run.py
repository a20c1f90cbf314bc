#!/usr/bin/python3
"""Many sessions at once over TCP, behind a real super-server, while their handlers are killed at random.

Usage: run.py BUILD [--seconds N] [--sessions N] [--kills N] [--seed N]

load.c plays the sessions and keeps the books: every message is delivered, once, in its sender's order, and whole.
This program starts the server as startServer.sh does, kills handlers (-9), half of them picked among those that
are at work, and watches the sessions that it spares: their memory and descriptors may not grow. In the end nothing
is locked, the store is sound, somebody new is served at once, and no process is left.

Prints figures, and `N passed, N failed`. None of the checks depends on how fast the machine is. Whatever was started
ends with this program, however it ends."""

import argparse
import contextlib
import ctypes
import fcntl
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

GROWTH = 64 * 1024  # bytes of a handler's own memory, over the whole run: a leak of 100 bytes a command is more
# Descriptors that come and go: files of the account's shard, and of the few other shards that a sender has open.
PASSING = {"idle": 4, "wait": 4, "read": 4, "send": 20}
KILLS = 5  # a second
LOOK = 0.05  # seconds, for a handler at work
PATIENCE = 900  # seconds beyond the run's own, of which only a hang makes use
PR_SET_PDEATHSIG = 1


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


# ---- processes, as /proc shows them ----

def read(*path):
    with open(os.path.join("/proc", *map(str, path)), "rb") as file:
        return file.read().decode(errors="replace")


def children(pid):
    with contextlib.suppress(OSError):
        return [int(p) for p in read(pid, "task", pid, "children").split()]
    return []


def is_at_work(pid):
    """Running, or waiting for the disk."""
    with contextlib.suppress(OSError):
        return read(pid, "stat").rsplit(")", 1)[1].split()[0] in "RD"
    return False


def own_memory(pid):
    """Bytes that the process has for itself, and can only get by asking for them."""
    lines = dict(line.split(":", 1) for line in read(pid, "status").splitlines() if ":" in line)
    return int(lines["RssAnon"].split()[0]) * 1024


def private_memory(pid):
    """The same and whatever else it doesn't share; None where this user may not look."""
    with contextlib.suppress(OSError):
        lines = [line.split() for line in read(pid, "smaps_rollup").splitlines()]
        return sum(int(line[1]) for line in lines if line[0].startswith("Private_")) * 1024
    return None


def descriptors(pid):
    """How many; None where this user may not look, as with a handler, which gives up being looked at."""
    with contextlib.suppress(OSError):
        return len(os.listdir(f"/proc/{pid}/fd"))
    return None


def processes_naming(text):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if int(pid) != os.getpid() and text in read(pid, "cmdline"):
                found.append(int(pid))
    return found


# ---- the server ----

class Server:
    """systemd-socket-activate, or tcpserver where that isn't there: as startServer.sh has it."""

    def __init__(self, build, scratch):
        self.store, self.log = os.path.join(scratch, "store"), os.path.join(scratch, "log")
        handler = [os.path.join(build, "secmsg-handler"), "--store", self.store, "--log-level=warning", "--max-load=0",
                   "--idle-timeout=86400", "--hello-timeout=600", "--login-timeout=600"]
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
            if self.listen(handler):
                return
        with open(self.log) as file:
            sys.exit("no server: " + file.read()[-2000:])

    def listen(self, handler):
        if shutil.which("systemd-socket-activate"):
            command = ["systemd-socket-activate", "--accept", "--inetd", f"--listen=127.0.0.1:{self.port}", *handler]
        else:
            command = ["tcpserver", "-HRl0", "-c", "2000", "-b", "512", "127.0.0.1", str(self.port), *handler]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, preexec_fn=die_with_parent,
                                            env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"})
        while self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
            time.sleep(0.05)
        return False

    def handlers(self):
        return children(self.process.pid)

    def stop(self):
        """Asks the whole group to end; handlers take two seconds at most for their goodbyes."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        for _ in range(600):
            if not processes_naming(self.store):
                return
            time.sleep(0.1)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pid in processes_naming(self.store):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


# ---- the load ----

class Load:
    """load.c, and its words one by one."""

    def __init__(self, build, port, seconds, sessions, prefix):
        command = [os.path.join(build, "tests/load/load"), str(port), str(seconds), str(sessions), prefix]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.rest, self.wrong, self.figures = b"", [], {}

    def words(self, seconds):
        """What it says until so many seconds are over; None at its end."""
        end, said = time.monotonic() + seconds, []
        while not said and (left := end - time.monotonic()) > 0:
            if not select.select([self.process.stdout], [], [], left)[0]:
                break
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return None
            *lines, self.rest = (self.rest + data).split(b"\n")
            said = [line.decode() for line in lines]
        for line in said:
            if line.startswith("wrong: "):
                self.wrong.append(line[7:])
            elif line.startswith("figures "):
                self.figures = {k: int(v) for k, v in (word.split("=") for word in line.split()[1:])}
        return said

    def go_on(self):
        self.process.stdin.write(b"\n")

    def kill(self):
        self.process.kill()
        self.process.wait()


class Run:
    def __init__(self, options, server, load):
        self.options, self.server, self.load = options, server, load
        self.dice = random.Random(options.seed)
        self.kept = {}  # role: its handlers
        self.samples = {}  # handler: [(own memory, descriptors)]
        self.kills = self.kills_at_work = self.most = 0
        self.listener = None  # its descriptors, once all are there
        self.is_watching = False  # from when all are warm, until they leave
        self.private = []  # memory of idle sessions, while all are there

    def spared(self):
        return {pid for pids in self.kept.values() for pid in pids}

    def sample(self, *roles):
        for role in roles:
            for pid in self.kept[role]:
                with contextlib.suppress(OSError):
                    self.samples.setdefault(pid, []).append((own_memory(pid), descriptors(pid)))

    def kill_some(self, passed):
        """What is due: on an average so many a second, and now and then twenty at once."""
        due = self.options.kills * passed
        number = int(due) + (self.dice.random() < due % 1)
        number += 20 * (self.options.kills > 0 and self.dice.random() < passed / 30)
        for _ in range(number):
            spared = self.spared()
            pids = [pid for pid in self.server.handlers() if pid not in spared]
            if not pids:
                return
            busy = self.find_at_work(pids) if self.dice.random() < 0.5 else None
            with contextlib.suppress(ProcessLookupError):
                os.kill(busy or self.dice.choice(pids), signal.SIGKILL)
                self.kills += 1
                self.kills_at_work += busy is not None

    def find_at_work(self, pids):
        """One of them that is; None if a while's looking finds none."""
        end = time.monotonic() + LOOK
        while time.monotonic() < end:
            self.dice.shuffle(pids)
            for pid in pids:
                if is_at_work(pid):
                    return pid
        return None

    def hear(self, word):
        """Whether handlers are killed from now on; None: as before."""
        what, _, role = word.partition(" ")
        if what == "kept":
            self.kept[role] = [pid for pid in self.server.handlers() if pid not in self.spared()]
            self.load.go_on()
        elif what == "ready":
            self.most = len(self.server.handlers())
            self.listener = descriptors(self.server.process.pid)
            self.private = [private_memory(pid) for pid in self.kept["idle"]]
            self.sample("idle")
            self.load.go_on()
            return True
        elif what == "warm":
            self.sample("wait", "send", "read")
            self.is_watching = True
            self.load.go_on()
        elif what == "draining":
            return False
        elif what == "done":
            self.sample("idle", "wait", "send", "read")
            self.is_watching = False
            self.load.go_on()
        return None

    def play(self):
        """Until the load has come to its end, or hangs."""
        began = last = sampled = time.monotonic()
        is_killing = False
        while (words := self.load.words(0.1)) is not None:
            now = time.monotonic()
            for word in words:
                verdict = self.hear(word)
                is_killing = is_killing if verdict is None else verdict
            if is_killing:
                self.kill_some(now - last)
            if self.is_watching and now - sampled > 5:
                self.sample("idle", "wait", "send", "read")
                sampled = now
            if now - began > 5 * self.options.seconds + PATIENCE:
                return False
            last = now
        return self.load.process.wait() in (0, 1)


# ---- the checks ----

class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, what, is_true, why=""):
        self.passed += bool(is_true)
        self.failed += not is_true
        print(f"{'ok     ' if is_true else 'FAILED '} {what}{'' if is_true or not why else ': ' + str(why)}", flush=True)


def locked_files(store):
    """Files that somebody holds a lock on: each is tried."""
    held = []
    for directory, _, names in os.walk(store):
        for name in names:
            path = os.path.join(directory, name)
            fd = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                held.append(os.path.relpath(path, store))
            finally:
                os.close(fd)
    return held


def locks_in_proc(store):
    """Lines of /proc/locks that speak of the store's files."""
    files = set()
    for directory, _, names in os.walk(store):
        for name in names:
            status = os.stat(os.path.join(directory, name))
            files.add(f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}")
    return [line for line in read("locks").splitlines() if files & set(line.split())]


def admin(build, store, *words):
    return subprocess.run([os.path.join(build, "secmsg-admin"), "--store", store, *words], capture_output=True,
                          text=True, check=False)


def check_spared(checks, run):
    """Memory and descriptors of the sessions that nobody killed, from when they were warm to the end. Those that send
    and read have buffers of the largest message that they met, and files of each mailbox: so of them it is the
    second half that counts, and what happened to most. A leak happens to all."""
    for role, pids in run.kept.items():
        series = [run.samples.get(pid, []) for pid in pids]
        is_whole = pids and all(len(s) > 1 for s in series)
        grown = [s[-1][0] - s[0][0] for s in series if s]
        if role in ("send", "read"):
            grown = [s[-1][0] - s[len(s) // 2][0] for s in series if s]
            grown = sorted(grown)[:len(grown) // 2 + 1]
        checks.that(f"{len(pids)} spared '{role}' sessions: memory doesn't grow",
                    is_whole and max(grown) <= GROWTH, f"by {max(grown, default=0)} bytes")
        seen = [[count for _, count in s] for s in series]
        if any(None in counts for counts in seen):
            print(f"skipped  descriptors of '{role}': only root sees them")
        else:
            spread = max((max(counts) - min(counts) for counts in seen if counts), default=0)
            checks.that(f"{len(pids)} spared '{role}' sessions: no descriptor is left open",
                        is_whole and spread <= PASSING[role], f"{spread} more than at another time")


def check_left(checks, build, server):
    checks.that("all handlers have ended with their sessions", not still(server), server.handlers())
    checks.that("no lock is held", not locked_files(server.store) and not locks_in_proc(server.store),
                locks_in_proc(server.store))
    done = admin(build, server.store, "check")
    checks.that("secmsg-admin check finds nothing", done.returncode == 0, done.stdout + done.stderr)
    fresh = Load(build, server.port, 0, 4, "fresh")
    try:
        while (words := fresh.words(PATIENCE)) is not None and words:
            for word in words:
                if word.split()[0] in ("kept", "ready", "warm", "done"):
                    fresh.go_on()
        checks.that("new sessions are served at once, one of each role",
                    fresh.process.wait() == 0 and fresh.figures["refusals"] == 0, fresh.wrong)
    finally:
        fresh.kill()


def still(server):
    """Handlers that are there although nobody is connected: they are given a while, since ending takes some work."""
    for _ in range(600):
        if not server.handlers():
            break
        time.sleep(0.1)
    return server.handlers()


def print_figures(run, seconds):
    f, kb = run.load.figures, 1024
    print(f"{f['sessions']} sessions ({run.most} handlers at once), {seconds:.0f} s: {f['messages']} messages sent "
          f"and {f['repeated']} repeats recognised, {f['given']} given and {f['again']} given again after a lost connection")
    print(f"{run.kills} handlers killed, {run.kills_at_work} of them at work; {f['losses']} connections lost, "
          f"{f['logins']} logins, {f['refusals']} refusals, {f['commands']} commands "
          f"({f['messages'] / seconds:.1f} messages, {f['commands'] / seconds:.1f} commands a second)")
    for role, pids in run.kept.items():
        series = [run.samples[pid] for pid in pids if run.samples.get(pid)]
        if not series:
            continue
        means = [sum(s[(len(s) - 1) * i // 4][0] for s in series) / len(series) / kb for i in range(5)]
        counts = sorted({c for s in series for _, c in s if c is not None})
        print(f"'{role}': {len(pids)} spared, {len(series[0])} samples, own memory by quarters of the time "
              f"{', '.join(f'{m:.0f}' for m in means)} KB each; descriptors {counts or 'not seen'}")
    private = [p for p in run.private if p is not None]
    if private:
        print(f"an idle session takes {sum(private) / len(private) / kb:.0f} KB that it shares with nobody")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--kills", type=float, default=KILLS, help="a second")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    checks = Checks()
    with contextlib.ExitStack() as stack:
        scratch = tempfile.mkdtemp(prefix="secmsg-load-")
        stack.callback(shutil.rmtree, scratch, True)
        server = Server(options.build, scratch)
        stack.callback(server.kill)
        load = Load(options.build, server.port, options.seconds, options.sessions, "load")
        stack.callback(load.kill)
        run, began = Run(options, server, load), time.monotonic()
        checks.that("the load comes to its end", run.play())
        seconds = time.monotonic() - began
        for wrong in load.wrong:
            print("wrong: " + wrong)
        checks.that("the books balance: every message once, whole, in order", load.process.poll() == 0)
        check_spared(checks, run)
        check_left(checks, options.build, server)
        checks.that("the super-server has no descriptor more than before", descriptors(server.process.pid) == run.listener)
        server.stop()
        checks.that("no process is left", not processes_naming(server.store), processes_naming(server.store))
        if load.figures:
            print_figures(run, seconds)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
