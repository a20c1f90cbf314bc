"""Programs that are started without standard output: what was asked for is never taken for written."""
import os
import subprocess

import pytest

from conftest import program
from peer.wire import DEADLINE

IO = 74


def run(words, closed, environment=None, **popen):
    return subprocess.run(['sh', '-c', '"$@" ' + closed, 'sh', *words], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=DEADLINE, check=False, env=environment, **popen)


@pytest.mark.parametrize('closed', ['>&-', '<&- >&-', '<&- >&- 2>&-'])
def test_a_message_that_nobody_saw_stays(house, at_house, closed):
    """As on a full disk: the status says so, the message stays on the server, and no file gets the text."""
    bob, alice = at_house('bob'), house.registered('alice')
    with house.login(alice) as peer:
        peer.compose(alice, bob.account.identity, b'important words')
    password = os.path.join(bob.home, 'password')
    with open(password, 'w', opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(bob.account.password)
    options = [*bob.target, '--user', 'bob', '--password-file', password]
    for words in (['read'], ['--json', 'read'], ['read', '--raw']):
        done = run([program('secmsg'), *options, *words], closed, bob.environment())
        assert done.returncode == IO, words
        assert '2>&-' in closed or b'It stays on the server.' in done.stderr, words
    assert all(b'important words' not in data for data in bob.files().values())
    assert 'important words' in bob.run('read').out
    for words in (['history'], ['whoami'], ['--json', 'history'], ['help'], ['--version'], ['--help']):
        done = run([program('secmsg'), *options, *words], closed, bob.environment())
        assert done.returncode == IO, words
    assert run([program('secmsg'), *options, 'send', 'bob', '-m', 'x'], closed, bob.environment()).returncode == 0


@pytest.mark.parametrize('program_and_words', [
    ('secmsg-handler', '--fingerprint'), ('secmsg-handler', '--version'), ('secmsg-handler', '--help'),
    ('secmsg-admin', 'stats'), ('secmsg-admin', 'users', 'list'), ('secmsg-admin', '--version')])
def test_the_server_s_programs(house, program_and_words):
    """The same, and nothing of it ends in a file of the store."""
    house.registered('alice')
    name, *words = program_and_words
    for closed in ('>&-', '<&- >&- 2>&-'):
        assert run([program(name), '--store', house.store, *words], closed).returncode == IO
    assert run([program('secmsg-admin'), '--store', house.store, 'check'], '').returncode == 0
