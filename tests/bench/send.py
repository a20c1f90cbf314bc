#!/usr/bin/python3
"""How long a script waits for its `secmsg send`: the client, a handler and its store over a local pipe.

Usage: tests/bench/send.py BUILD        (`make bench` calls it)

The goal is for the first output: under 40 ms more than the RSA work that a login by keys and a message can't do
without. The keys are remembered by the kernel (login --remember); where it keeps none, the password is stretched
each time, and that is taken off. Each number is the least of some runs: what others do on the machine only adds.
"""
import os
import select
import shlex
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
CLIENT, HANDLER = (os.path.join(BUILD, name) for name in ('secmsg', 'secmsg-handler'))
RUNS, GOAL_MS = 40, 40


def wait_for_output(words, environment):
    """Milliseconds to the first byte of output, and to the end."""
    began = time.monotonic()
    with subprocess.Popen([CLIENT, '--json', *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=environment) as client:
        select.select([client.stdout, client.stderr], [], [])
        first = time.monotonic() - began
        out, err = client.communicate()
        assert client.returncode == 0 and b'"result":"sent"' in out, err
        return first * 1000, (time.monotonic() - began) * 1000


def needed():
    """Milliseconds of RSA work, and of stretching a password."""
    return [float(x) for x in subprocess.check_output([os.path.join(BUILD, 'tests', 'bench', 'needed')]).split()]


def main():
    before = needed()
    with tempfile.TemporaryDirectory() as home:
        password = os.path.join(home, 'password')
        with open(password, 'w', opener=lambda path, flags: os.open(path, flags, 0o600), encoding='ascii') as file:
            file.write('a password\n')
        plain = {'PATH': os.environ['PATH'], 'HOME': home,
                 'SECMSG_EXEC': shlex.join([HANDLER, '--store', os.path.join(home, 'store'), '--log-level=error'])}
        environment = {**plain, 'SECMSG_PASSWORD_FILE': password}

        def run(*words, status=(0,)):
            done = subprocess.run([CLIENT, *words], stdin=subprocess.DEVNULL, capture_output=True, env=environment,
                                  check=False)
            assert done.returncode in status, done.stderr
            return done.returncode

        run('register', 'alice')
        run('send', 'alice', '-m', 'x')
        is_remembered = run('login', '--remember', '10m', status=(0, 71)) == 0
        try:
            took = [wait_for_output(['send', 'alice', '-m', 'x'], plain if is_remembered else environment)
                    for _ in range(RUNS)]
        finally:
            run('forget', status=(0, 71))
    rsa, stretch = map(min, before, needed())
    first, end = (min(times) for times in zip(*took))
    rest = first - rsa - (0 if is_remembered else stretch)
    print(f'{"send, login by keys: to the first output":58} {first:9.1f} ms')
    print(f'{"send, login by keys: to its end":58} {end:9.1f} ms')
    print(f'{"RSA work in it":58} {rsa:9.1f} ms')
    print(f'{"the rest, to the first output":58} {rest:9.1f} ms'
          f'    goal {GOAL_MS} ms: {"met" if rest < GOAL_MS else "MISSED"}', flush=True)


main()
