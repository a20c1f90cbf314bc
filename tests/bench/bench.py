#!/usr/bin/python3
"""What the handler and its store cost, measured through plain mode on pipes: no network and no sealing.

Usage: tests/bench/bench.py BUILD        (`make bench` calls it)

Each line is one measurement: what was done, milliseconds for one, and how many a second. Numbers depend on
the machine and its disk: compare them with others from the same machine only.
"""
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HANDLER = os.path.join(sys.argv[1], 'secmsg-handler')
TEXT = 'x' * 1000


def start(store, user=None):
    """Starts a handler, and logs in. The login's Argon2id is paid here, outside of what is measured."""
    handler = subprocess.Popen([HANDLER, '--plain', '--store', store, '--log-level=error'],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    if user:
        handler.stdin.write(f'LOGIN {user} pw\n')
        answer = handler.stdout.readline()
        assert answer.startswith('OK '), answer
    return handler


def finish(handler, lines):
    """Says these lines and EXIT; returns the lines of the answers, once the handler has ended."""
    answer, _ = handler.communicate(''.join(line + '\n' for line in lines + ['EXIT']))
    assert handler.returncode == 0, answer[-300:]
    return answer.splitlines()


def measure(what, count, work):
    began = time.monotonic()
    work()
    seconds = time.monotonic() - began
    print(f'{what:58} {seconds / count * 1000:9.3f} ms {count / seconds:9.0f}/s', flush=True)


def compose(handler, recipient, count):
    answers = finish(handler, [f'COMPOSE {recipient}', TEXT] * count)
    assert sum(line.startswith('OK ') for line in answers) == count, answers[-3:]


def read(handler, count):
    answers = finish(handler, ['READ'] * count)
    assert sum(line.startswith('MESSAGE ') for line in answers) == count, answers[-3:]


def main():
    with tempfile.TemporaryDirectory() as store:
        users = [f'user{n}' for n in range(16)]
        for user in users:
            finish(start(store), [f'REGISTER {user} pw'])
        a, b = users[:2]
        measure('a handler, started and ended', 200,
                lambda: [finish(start(store), []) for _ in range(200)])
        measure('a login (the time is Argon2id, in plain mode alone)', 10,
                lambda: [finish(start(store, a), []) for _ in range(10)])
        one = start(store, a)
        measure('COMPOSE of 1 KB, one session, each durable', 500, lambda: compose(one, b, 500))
        other = start(store, b)
        measure('READ of 1 KB with its removal, one session, each durable', 500,
                lambda: read(other, 500))
        with ThreadPoolExecutor(len(users)) as pool:
            # A ring, so that every sender and every recipient is another.
            many = [start(store, user) for user in users]
            measure('COMPOSE of 1 KB, 16 sessions at once', 3200,
                    lambda: list(pool.map(lambda n: compose(many[n], users[n - 1], 200), range(16))))
            many = [start(store, user) for user in users]
            measure('READ of 1 KB with its removal, 16 sessions at once', 3200,
                    lambda: list(pool.map(lambda handler: read(handler, 200), many)))


main()
