"""Nobody learns who has an account: what a handler does for a name before login is the same whether it has one, call by
call, and takes as long."""
import itertools
import os
import random
import re
import statistics
import time

import pytest

from conftest import clean_environment
from peer.primitives import b64
from test_admin import admin

WRONG = b64(os.urandom(32))
UNKNOWN = ['nobody', 'nemo', 'noone', 'x', 'user0', 'y' * 32]
COMMANDS = {
    'SALT and LOGIN': (('SALT %s', None), ('LOGIN %s ' + WRONG, None)),
    'LOGIN twice': (('LOGIN %s ' + WRONG, None), ('LOGIN %s short', None)),
    'SALT and PROVE': (('SALT %s', None), ('PROVE %s', b'x' * 384)),
    'REGISTER': (('REGISTER %s ' + WRONG + ' not-an-invitation', b'no body\n'),),
}


def people(house):
    """Two who can log in, one who is disabled, one who is gone, one whose name waits to be registered anew, and one who
    has no identity."""
    house.registered('alice', 'bob', 'carol', 'dave', 'erin')
    house.plain('REGISTER paul geheim-paul\nEXIT\n')
    house.keep_secret('geheim-paul', WRONG)
    admin(house.store, 'users', 'disable', 'carol')
    admin(house.store, 'users', 'delete', 'dave')
    admin(house.store, 'users', 'reset', 'erin')


def calls(house, user, commands):
    """The system calls of a handler from its hello to its last answer, by name."""
    path = os.path.join(house.directory, 'trace')
    environment = clean_environment(house.directory, ASAN_OPTIONS='detect_leaks=0')
    # Memory is asked for by who asks for memory, and time by who is asked nothing; how much the machine has to do, by
    # whoever finds that nobody has asked for a second.
    wrapper = ('strace', '-o', path, '-e', 'trace=!mmap,munmap,brk,madvise,mremap,sysinfo')
    with house.connect('--registration=invite', wrapper=wrapper, env=environment) as peer:
        for head, body in commands:
            peer.ask(head % user, body)
        peer.ask('EXIT')
        peer.process.popen.wait(60)
    with open(path, encoding='utf-8', errors='replace') as file:
        lines = file.read().splitlines()
    # What is read, strace sees as root alone: a handler that has confined itself shows others nothing.
    first = next(i for i, line in enumerate(lines) if line.startswith('read(0, '))
    last = max(i for i, line in enumerate(lines) if line.startswith('write(1,'))
    return [re.match(r'\w+', line).group() for line in lines[first:last + 1] if re.match(r'\w+\(', line)]


@pytest.mark.parametrize('commands', COMMANDS.values(), ids=COMMANDS.keys())
def test_the_same_calls(house, commands):
    """One system call more, or another one, would tell: so there is none, for any kind of name, at the first look and
    at the second. The shards of most unknown names weren't ever made."""
    people(house)
    # An invitation that lies in a name's own shard, by chance, spares its opening: so there are several.
    tries = [[(head.replace('not-an-invitation', word), body) for head, body in commands]
             for word in ('not-an-invitation', 'nor-this', 'nor-that')]
    expected = [calls(house, 'alice', asked) for asked in tries]
    assert expected[0].count('flock') >= 2
    for user in ['bob', 'carol', 'dave', 'erin', 'paul', *UNKNOWN]:
        assert any(calls(house, user, asked) == those for asked, those in zip(tries, expected)), user


# One connection's, in this order; the third refusal is its last. A number may be a signature of some keys and too large
# for others: so large a one is refused without looking, and nobody may see by the time that it was.
BETWEEN = b'\xd0' * 384
TIMED = {
    'SALT': ('SALT %s', None),
    'LOGIN': ('LOGIN %s ' + WRONG, None),
    'PROVE': ('PROVE %s', BETWEEN),
    'REGISTER': COMMANDS['REGISTER'][0],
}
TRIES = 1000
PARTS = 20
# What is less nobody sees over a network. Before shards that aren't there were looked up in others it was 29.
TOLD_US = 10


def quick(times):
    """The fifth part of them that was served soonest ends here, in us: the part that other processes disturbed least."""
    return statistics.quantiles(times, n=5)[0] / 1000


def tell_apart(ones, others):
    """How far apart they are, in us, and what that must exceed to be believed: six times its standard error, by how far
    apart the parts of the series are in which neighbours were measured together."""
    part = len(ones) // PARTS
    apart = [quick(others[i:i + part]) - quick(ones[i:i + part]) for i in range(0, part * PARTS, part)]
    middle = statistics.median(apart)
    spread = statistics.median(abs(a - middle) for a in apart)
    return abs(middle), TOLD_US + 6 * 1.2533 * 1.4826 * spread / PARTS ** 0.5


def measure(house, kinds):
    """Nanoseconds from question to answer, by kind of name and by command, in an order that is always another."""
    commands = TIMED.values()
    times = {kind: [[] for _ in commands] for kind in kinds}
    names = {kind: itertools.cycle(users) for kind, users in kinds.items()}
    for _ in range(TRIES):
        for kind in random.sample(list(kinds), len(kinds)):
            user = next(names[kind])
            with house.connect('--log-level=warning', '--registration=invite') as peer:
                for place, (head, body) in enumerate(commands):
                    line = peer.seal(head % user, body)
                    start = time.perf_counter_ns()
                    peer.channel.write(line)
                    answer = peer.channel.line()
                    times[kind][place].append(time.perf_counter_ns() - start)
                    peer.into.open(answer)
            peer.process.finish()
            house.processes.remove(peer.process)
    return times


def differences(times):
    """What can be told from a known name, by the times of each command; whatever would be must be seen."""
    found = []
    for place, what in enumerate(TIMED):
        known = times['alice'][place]
        for kind in ('bob', 'unknown'):
            apart, told = tell_apart(known, times[kind][place])
            print('%s of %s: %.1f us apart, told from %.1f' % (what, kind, apart, told))
            if apart >= told:
                found.append((what, kind))
                continue
            planted = 100 + 2 * (told - TOLD_US)
            apart, told = tell_apart(known, [t + planted * 1000 for t in times[kind][place]])
            assert apart > told, 'a difference of %.0f us is not seen' % planted
    return found


@pytest.mark.skipif(bool(os.environ.get('SANITIZE')), reason="a sanitizer's own work takes longer than what is measured")
def test_the_same_time(house):
    """A thousand tries each: an account, another one, and names without. The first two tell how alike two can be that
    are the same; and a tenth of a millisecond, on top of what the machine's noise hides, would be seen. A difference
    that is there is there each time, so what is seen once is looked at again."""
    people(house)
    alice, bob = (house.people[i].keys.sign.public_key().public_numbers().n for i in (0, 1))
    assert alice < int.from_bytes(BETWEEN, 'big') < bob
    kinds = {'alice': ['alice'], 'bob': ['bob'], 'unknown': UNKNOWN}
    for _ in range(3):
        found = differences(measure(house, kinds))
        if not found:
            break
    assert not found
