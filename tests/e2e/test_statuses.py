"""Every exit status that the manual lists, each provoked once; and none that it doesn't list."""
import os
import re
import resource
import subprocess

import pexpect
import pytest

import manual
from conftest import REPO, Client, limit, program
from peer.objects import new_id
from peer.server import Vanish
from peer.wire import DEADLINE


def at_limit(client, what, value, *words):
    done = subprocess.run([program('secmsg'), *client.target, '--user', client.user, *words], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=DEADLINE, check=False, env=client.environment(),
                          preexec_fn=limit(what, value))
    return done.returncode


def say(fake, verb, plain):
    fake.hooks[verb] = lambda session, words, body: plain


def vanish(session, words, body):
    raise Vanish


def home_file(client, name):
    return next(os.path.join(client.home, p) for p in client.files() if os.path.basename(p) == name)


def damage(client, name):
    with open(home_file(client, name), 'wb') as file:
        file.write(b'junk\n')


def usage(c, fake):
    return c.run('frobnicate', status=None).returncode


def data(c, fake):
    return c.run('send', 'alice', '-m', '', status=None).returncode


def no_input(c, fake):
    return c.run('send', 'alice', '-f', '/nonexistent', status=None).returncode


def no_user(c, fake):
    return c.run('send', 'nobody', '-m', 'x', status=None).returncode


def no_host(c, fake):
    c.target = ('--server', 'an..empty.label')  # no name: nobody has to be asked for it
    return c.run('ping', status=None).returncode


def unavailable(c, fake):
    c.target = ('--server', '127.0.0.1:1')
    return c.run('ping', status=None).returncode


def software(c, fake):
    say(fake, 'PING', b'ERR internal the store is damaged')
    return c.run('ping', status=None).returncode


def system(c, fake):
    c.target = ('--exec', 'true')
    return at_limit(c, resource.RLIMIT_NOFILE, 4, 'ping')


def cant_create(c, fake):
    path = os.path.join(c.home, 'backup')
    c.run('keys', 'backup', path)
    return c.run('keys', 'backup', path, status=None).returncode


def io(c, fake):
    with open('/dev/full', 'wb') as full:
        return c.run('whoami', stdout=full, status=None).returncode


def temporary(c, fake):
    say(fake, 'PING', b'ERR busy later')
    return c.run('ping', status=None).returncode


def protocol(c, fake):
    say(fake, 'PING', b'PONG')
    return c.run('ping', status=None).returncode


def no_permission(c, fake):
    c.account.password = 'wrong'
    return c.run('inbox', status=None).returncode


def config(c, fake):
    damage(c, 'keys')
    return c.run('inbox', status=None).returncode


def changed(c, fake):
    path = home_file(c, 'hosts')
    with open(path, encoding='ascii') as file:
        line = file.read()
    with open(path, 'w', encoding='ascii') as file:
        file.write('A' * 43 + '=' + line[44:])
    return c.run('ping', status=None).returncode


def failed_check(c, fake):
    fake.put('alice', new_id(), 'alice', b'junk')
    return c.run('read', status=None).returncode


def unknown(c, fake):
    fake.hooks['COMPOSE'] = vanish
    return c.run('send', 'alice', '-m', 'x', '--timeout', '1', status=None).returncode


def partial(c, fake):
    return c.run('send', 'alice', 'nobody', '-m', 'x', status=None).returncode


def waiting(c, fake):
    fake.greeting = b'ERR busy later\n'
    return c.run('send', 'alice', '-m', 'x', status=None).returncode


PROVOKED = {0: lambda c, fake: c.run('ping', status=None).returncode, 64: usage, 65: data, 66: no_input, 67: no_user,
            68: no_host, 69: unavailable, 70: software, 71: system, 73: cant_create, 74: io, 75: temporary, 76: protocol,
            77: no_permission, 78: config, 80: changed, 81: failed_check, 82: unknown, 83: partial, 84: waiting}


@pytest.mark.parametrize('status', sorted(PROVOKED))
def test_status(at_fake, fake, status):
    """The status that the manual gives for this is the one that comes."""
    assert PROVOKED[status](at_fake('alice'), fake) == status


def test_the_manual_lists_them_all():
    """The manual's list and the program's own list are the same, and each is provoked above (and those of a word's
    own, elsewhere)."""
    with open(os.path.join(REPO, 'client', 'status.h'), encoding='utf-8') as file:
        names = re.findall(r'^    STATUS_\w+ = (EX_)?(\w+),', file.read(), re.M)
    sysexits = {'USAGE': 64, 'DATAERR': 65, 'NOINPUT': 66, 'NOUSER': 67, 'NOHOST': 68, 'UNAVAILABLE': 69,
                'SOFTWARE': 70, 'OSERR': 71, 'CANTCREAT': 73, 'IOERR': 74, 'TEMPFAIL': 75, 'PROTOCOL': 76,
                'NOPERM': 77, 'CONFIG': 78}
    known = {sysexits[name] if prefix else int(name) for prefix, name in names}
    assert manual.statuses('secmsg.1') == known == set(PROVOKED)


def test_a_resolver_that_does_not_answer(house, shim):
    """--timeout bounds the search for a host's address too."""
    client = Client(house, house.person('alice'), '--server', 'localhost:1')
    done = subprocess.run([program('secmsg'), *client.target, '--timeout', '1', 'ping'], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=10, check=False,
                          env=client.environment(LD_PRELOAD=shim, SHIM_RESOLVE='30'))
    assert done.returncode == 75 and b'--timeout' in done.stderr


def test_nobody_is_asked_when_stdin_is_no_terminal(at_house):
    """`echo hi | secmsg send bob` asks nothing, though there is a terminal: it says which option to use."""
    alice = at_house('alice')
    spawn = pexpect.spawn('/bin/sh', ['-c', 'echo hi | %s --exec "$COMMAND" --user alice send alice' % program('secmsg')],
                          env=alice.environment(COMMAND=alice.target[1]), encoding='utf-8', timeout=DEADLINE)
    spawn.expect(pexpect.EOF)
    spawn.close()
    assert spawn.exitstatus == 64 and '--password-file' in spawn.before and 'Password:' not in spawn.before
