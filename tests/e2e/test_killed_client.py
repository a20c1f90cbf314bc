"""kill -9 of the client before each call that changes one of its files or goes to the server: nothing that was
written or received is lost, and nothing is there twice."""
import os
import signal
import subprocess

from conftest import UNKNOWN, program
from peer.objects import envelope_make, new_id
from peer.server import Vanish
from peer.wire import DEADLINE

MOST_CALLS = 120


def run(client, shim, *words, **variables):
    """Runs a word under the shim; returns (exit status, standard output)."""
    read_end, write_end = os.pipe()
    os.write(write_end, client.account.password.encode() + b'\n')
    os.close(write_end)
    environment = client.environment(LD_PRELOAD=shim, **{name: str(value) for name, value in variables.items()})
    environment['ASAN_OPTIONS'] = environment.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0:detect_leaks=0'
    try:
        done = subprocess.run([program('secmsg'), *client.target, '--user', client.user, '--password-fd',
                               str(read_end), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=DEADLINE, check=False, pass_fds=[read_end],
                              env=environment)
    finally:
        os.close(read_end)
    return done.returncode, done.stdout.decode()


def outbox(client):
    return [path for path in client.files() if '/outbox/' in path and not path.endswith('.new')]


def rows(client, way):
    """How many messages the archive has."""
    return sum(row.startswith(way + ' ') for row in client.run('history').out.splitlines())


def test_a_send_that_is_killed(at_fake, fake, shim):
    """At every step: what the outbox or the server has by then arrives once with the next flush, is in the archive
    once, and the outbox is empty."""
    alice = at_fake('alice')
    alice.run('send', 'alice', '-m', 'pins')
    fake.accounts['alice'].messages.clear()
    seen, archived = set(), rows(alice, 'to')
    for n in range(1, MOST_CALLS):
        status, _ = run(alice, shim, 'send', 'alice', '-m', 'only once', SHIM_KILL=n)
        waits, arrived = len(outbox(alice)), len(fake.accounts['alice'].messages)
        seen.add((waits, arrived))
        if waits:
            alice.run('flush')
        after = len(fake.accounts['alice'].messages)
        assert after == (1 if waits or arrived else 0), (n, waits, arrived, after)
        assert not outbox(alice), n
        archived += after
        assert rows(alice, 'to') == archived, n
        fake.accounts['alice'].messages.clear()
        if status != -signal.SIGKILL:
            assert status == 0
            break
    else:
        raise AssertionError('it never ended by itself')
    assert seen == {(0, 0), (1, 0), (1, 1), (0, 1)}


def test_a_read_that_is_killed(house, at_fake, fake, shim):
    """At every step: the server removes the message only when it is in the archive; the next `read` shows what wasn't
    shown, and the archive has it once. What is shown twice was killed before it could be noted."""
    bob, alice = at_fake('bob'), house.person('alice')
    fake.add(alice)
    archived, twice, steps = 0, 0, set()
    for n in range(1, MOST_CALLS):
        id = new_id()
        fake.put('bob', id, 'alice', envelope_make(alice, bob.account.identity, b'words of %d.' % n, id=id))
        status, out = run(bob, shim, 'read', SHIM_KILL=n)
        is_there = rows(bob, 'from') - archived
        assert is_there in (0, 1) and (is_there or fake.accounts['bob'].messages), n
        steps.add((is_there, len(fake.accounts['bob'].messages), out.count('words of')))
        out += bob.run('read').out
        assert not fake.accounts['bob'].messages
        assert out.count('words of %d.' % n) in (1, 2), n
        twice += out.count('words of %d.' % n) == 2
        archived += 1
        assert rows(bob, 'from') == archived, n
        assert 'words of %d.' % n in bob.run('show', id).out
        if status != -signal.SIGKILL:
            assert status == 0
            break
    else:
        raise AssertionError('it never ended by itself')
    assert {(0, 1, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)} <= steps and twice <= 4, (steps, twice)


def test_a_saving_that_is_killed(house, at_fake, fake, shim, tmp_path):
    """A file that somebody sent is there whole or not at all, and at the end it is there."""
    bob, alice = at_fake('bob'), house.person('alice')
    fake.add(alice)
    for n in range(1, MOST_CALLS):
        place, content = tmp_path / str(n), b'content %d' % n * 2000
        place.mkdir()
        id = new_id()
        fake.put('bob', id, 'alice', envelope_make(alice, bob.account.identity, content, id=id, name='a.txt'))
        status, _ = run(bob, shim, 'read', '-o', str(place), SHIM_KILL=n)
        assert all(path.read_bytes() == content for path in place.iterdir()), n
        bob.run('read', '-o', str(place))
        files = sorted(place.iterdir())
        assert len(files) in (1, 2) and all(path.read_bytes() == content for path in files), (n, files)
        if status != -signal.SIGKILL:
            assert status == 0 and len(files) == 1
            break
    else:
        raise AssertionError('it never ended by itself')


def test_a_send_that_is_killed_by_its_server(at_fake, fake, shim):
    """Killed while the server works: after it has stored the message, and before; the flush repeats the very same."""
    alice = at_fake('alice')
    sent = []
    for stores in (True, False):
        def kill(session, words, body, stores=stores):
            sent.append((words[2], body))
            if stores:
                session.do_compose(words, body)
            raise Vanish()

        fake.hooks['COMPOSE'] = kill
        alice.run('--timeout', '1', 'send', 'alice', '-m', 'x', status=UNKNOWN)
        fake.hooks['COMPOSE'] = lambda s, w, b: sent.append((w[2], b))
        alice.run('flush')
        assert len(set(sent)) == 1 and len(fake.accounts['alice'].messages) == 1
        fake.accounts['alice'].messages.clear()
        sent.clear()


def test_what_is_too_old_is_not_repeated(at_fake, fake, shim):
    """29 days after an answer was lost the server may have forgotten the message: it isn't repeated, and stays. Within
    them it is."""
    alice = at_fake('alice')

    def swallow(session, words, body):
        raise Vanish()

    fake.hooks['COMPOSE'] = swallow
    alice.run('--timeout', '1', 'send', 'alice', '-m', 'x', status=UNKNOWN)
    fake.hooks.clear()
    before = fake.verbs().count('COMPOSE')
    assert run(alice, shim, 'flush', SHIM_DAYS=30)[0] == UNKNOWN
    assert fake.verbs().count('COMPOSE') == before and len(outbox(alice)) == 1
    assert run(alice, shim, 'flush', SHIM_DAYS=28)[0] == 0
    assert not outbox(alice) and len(fake.accounts['alice'].messages) == 1
