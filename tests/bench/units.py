#!/usr/bin/python3
"""What each directive of the units costs with each connection, beside an empty unit, under the real systemd.

Usage: tests/bench/units.py BUILD [ROUNDS]        (`make bench-units` calls it, by tests/systemd/apart.sh)

Boots a machine in an overlay of this one. Each variant is a socket and a template of its own, and all start the handler
with --version, so what differs is systemd's part. They are asked by turns, in another order each round; the number is the
median over the rounds of the time from connecting to the end of the answer, and of the difference to the empty unit
in the same round.
"""
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.abspath(os.path.join(HERE, '..', '..'))
sys.path.insert(0, os.path.join(REPO, 'tests', 'systemd'))

from machine import Machine  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 200
PORT = 20000
GOAL = 1.25
# What every variant has: the program, and the connection.
GIVEN = ('ExecStart', 'StandardInput', 'StandardOutput', 'StandardError', 'SyslogIdentifier', 'TimeoutStopSec')
UNIT = '''[Unit]
CollectMode=inactive-or-failed
[Service]
ExecStart=-/usr/local/bin/secmsg-handler --version
StandardInput=socket
StandardOutput=socket
StandardError=journal
'''
SOCKET = '[Socket]\nListenStream=127.0.0.1:%d\nAccept=yes\nMaxConnections=64\nTriggerLimitIntervalSec=0\n'


def directives(*path):
    """The lines of a unit's [Service], but for those that every variant has."""
    with open(os.path.join(REPO, 'systemd', *path), encoding='utf-8') as file:
        lines = file.read().split('[Service]\n')[1].splitlines()
    return [line for line in lines if line and line[0] != '#' and line.split('=')[0] not in GIVEN]


def gathered(lines):
    """One directive may stand in several lines."""
    names = dict.fromkeys(line.split('=')[0] for line in lines)
    return {name: [line for line in lines if line.split('=')[0] == name] for name in names}


def variants():
    ours, more = directives('secmsg@.service'), directives('secmsg@.service.d', 'hardened.conf')
    found = {'empty': [], 'empty, again': [], 'secmsg@.service': ours, 'with hardened.conf': ours + more}
    found.update(gathered(ours))
    for name, lines in gathered(more).items():
        found[name + ' *'] = lines
    # What belongs together: modes to what has them, and a directory to its owner.
    state = found.pop('StateDirectory *') + found.pop('StateDirectoryMode *')
    found['User, StateDirectory *'] = found['User'] + state
    found['SystemCallFilter *'] += found.pop('SystemCallErrorNumber *')
    return found


def ask(port):
    """Milliseconds for one connection."""
    began = time.monotonic()
    with socket.create_connection(('127.0.0.1', port), 30) as connection:
        answer = b''
        while data := connection.recv(4096):
            answer += data
    took = (time.monotonic() - began) * 1000
    assert answer.startswith(b'secmsg-handler '), answer
    return took


def install(machine, found):
    subprocess.run(['make', '-s', '-C', REPO, 'install', 'DESTDIR=' + machine.root, 'BUILD=' + BUILD], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    for i, lines in enumerate(found.values()):
        machine.write('/etc/systemd/system/bench%d@.service' % i, UNIT + '\n'.join(lines) + '\n')
        machine.write('/etc/systemd/system/bench%d.socket' % i, SOCKET % (PORT + i))


def measure(found):
    times = {name: [] for name in found}
    order = list(enumerate(found))
    for turn in range(ROUNDS + 3):
        random.shuffle(order)
        for i, name in order:
            took = ask(PORT + i)
            if turn >= 3:  # the first warm up
                times[name].append(took)
    return times


def main():
    found = variants()
    with tempfile.TemporaryDirectory(dir=BUILD) as directory, Machine(directory) as machine:
        install(machine, found)
        machine.boot()
        machine.run('systemd-sysusers')
        machine.systemctl('start', *('bench%d.socket' % i for i in range(len(found))))
        times = measure(found)
    print('%d connections each, one after another; * in hardened.conf' % ROUNDS)
    print('%-28s %8s %8s %6s' % ('', 'ms', 'more', 'ratio'))
    empty = times['empty']
    for name, took in times.items():
        more = statistics.median(a - b for a, b in zip(took, empty))
        ratio = statistics.median(took) / statistics.median(empty)
        goal = '  goal <= %.2f' % GOAL if name == 'secmsg@.service' else ''
        print('%-28s %8.2f %+8.2f %6.2f%s' % (name, statistics.median(took), more, ratio, goal))


if __name__ == '__main__':
    main()
