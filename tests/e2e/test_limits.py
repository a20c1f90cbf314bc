"""Deadlines, quotas, settings and signals."""
import contextlib
import os
import select
import signal
import subprocess

import pytest

from conftest import eventually, program
from peer.client import Peer
from peer.objects import envelope_make, new_id


def fill(peer, sender, recipient, data, most=200):
    """Composes until it is refused; returns what was accepted and the refusal."""
    ids = []
    for _ in range(most):
        id = new_id()
        answer = peer.ask('COMPOSE %s %s' % (recipient.user, id),
                          envelope_make(sender, recipient.identity, data, id=id))
        if answer.kind == 'ERR':
            return ids, answer
        ids.append(id)
    raise AssertionError('never refused')


# ---- deadlines ----

def test_a_client_that_never_logs_in(house):
    """A session that isn't logged in when the login deadline is over gets `timeout`, even if it keeps busy."""
    with house.connect('--login-timeout=1') as peer:
        peer.ends('timeout')
    with house.connect('--login-timeout=1') as peer:
        answers = []
        while not answers or answers[-1].kind == 'OK':
            answers.append(peer.ask('PING') if len(answers) < 40 else peer.receive())
        assert answers[-1].code == 'timeout'
        peer.ends()


def test_an_idle_client(house):
    """A session that says nothing for the idle deadline gets `timeout`; half a line is nothing."""
    alice = house.registered('alice')
    with house.login(alice, '--idle-timeout=1') as peer:
        peer.ends('timeout')
    with house.login(alice, '--idle-timeout=1') as peer:
        peer.channel.write(peer.seal('PING')[:20])
        peer.ends('timeout')


def test_a_client_that_does_not_read(house):
    """A handler whose client sends commands and never reads the answers gives up by itself, with status 0."""
    alice = house.registered('alice')
    peer = house.login(alice, '--idle-timeout=1')
    lines = b''.join(peer.seal('WHO alice') for _ in range(500))
    os.set_blocking(peer.channel.wfd, False)
    with contextlib.suppress(BlockingIOError, BrokenPipeError):
        while lines:
            lines = lines[os.write(peer.channel.wfd, lines):]
    assert peer.process.wait() == 0


# ---- quotas ----

def test_mailbox_messages(house):
    """A full mailbox refuses the sender with limit= and used=, drops nothing, and takes messages again as soon
    as one is acknowledged."""
    options = ('--mailbox-messages=5', '--mailbox-per-sender=100')
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice, *options) as peer, house.login(bob, *options) as reader:
        ids, full = fill(peer, alice, bob, b'x')
        assert (len(ids), full.code, full.field('limit'), full.field('used')) == (5, 'mailbox-full', 5, 5)
        assert [m.id for m in reader.read_all()] == ids
        assert reader.ack(ids[0]) == 4
        ids, full = fill(peer, alice, bob, b'x')
        assert (len(ids), full.code) == (1, 'mailbox-full')
        assert peer.info()['mailbox-messages'] == '5'


def test_mailbox_bytes(house):
    """The same in bytes: limit= and used= tell how much, and reading makes room."""
    alice, bob = house.registered('alice', 'bob')
    options = ('--mailbox-bytes=100000', '--mailbox-per-sender=100')
    with house.login(alice, *options) as peer, house.login(bob, *options) as reader:
        ids, full = fill(peer, alice, bob, b'x' * 10000)
        rows = reader.list()[1]
        assert full.code == 'mailbox-full' and full.field('limit') == 100000
        assert sum(r[3] for r in rows) <= full.field('used') <= 100000
        assert full.field('used') + rows[0][3] > 100000
        assert reader.ack(*ids) == 0
        assert len(fill(peer, alice, bob, b'x' * 10000)[0]) >= len(ids) - 1


def test_one_sender_cannot_fill_a_mailbox(house):
    """No sender holds more than their share of a mailbox: others still get through, and limit= and used= speak
    of the sender's own share."""
    options = ('--mailbox-messages=12', '--mailbox-per-sender=25')
    alice, bob, carol = house.registered('alice', 'bob', 'carol')
    with house.login(alice, *options) as a, house.login(carol, *options) as c, house.login(bob, *options) as b:
        ids, full = fill(a, alice, bob, b'x')
        assert (len(ids), full.code, full.field('limit'), full.field('used')) == (3, 'mailbox-full', 3, 3)
        more, full = fill(c, carol, bob, b'x')
        assert (len(more), full.field('used')) == (3, 3)
        assert b.list()[0] == 6
        assert b.ack(ids[1]) == 5
        assert len(fill(a, alice, bob, b'x')[0]) == 1
        assert a.info()['mailbox-per-sender'] == '25'


def test_a_duplicate_is_no_new_message(house):
    """Repeating a message to a mailbox that has become full is answered `duplicate`, not `mailbox-full`."""
    options = ('--mailbox-messages=1', '--mailbox-per-sender=100')
    alice, bob = house.registered('alice', 'bob')
    id = new_id()
    envelope = envelope_make(alice, bob.identity, b'x', id=id)
    with house.login(alice, *options) as peer:
        peer.ok('COMPOSE bob ' + id, envelope)
        assert peer.ok('COMPOSE bob ' + id, envelope).words[2] == 'duplicate'
        other = new_id()
        peer.refused('mailbox-full', 'COMPOSE bob ' + other, envelope_make(alice, bob.identity, b'', id=other))


def test_info_tells_the_limits(house):
    """INFO has every line of the page, in numbers that hold, before login and after."""
    options = ('--max-message=9000', '--mailbox-messages=7', '--mailbox-bytes=70000',
               '--mailbox-per-sender=50', '--retention-days=3')
    with house.connect(*options) as peer:
        info = peer.info()
    assert list(info) == ['software', 'version', 'max-message', 'max-frame', 'mailbox-messages',
                          'mailbox-bytes', 'mailbox-per-sender', 'retention-days', 'registration']
    assert [info[k] for k in ('max-message', 'mailbox-messages', 'mailbox-bytes', 'mailbox-per-sender',
                              'retention-days', 'registration')] == ['9000', '7', '70000', '50', '3', 'open']
    assert int(info['max-frame']) > 9000


def test_configuration_file(house):
    """The same by a file of `name = value` lines; the command line has the last word; what is wrong in it is
    told with file and line."""
    path = os.path.join(house.directory, 'secmsg.conf')
    with open(path, 'w', encoding='ascii') as file:
        file.write('# limits\n\nmax-message = 9000\nmailbox-messages=7\nregistration = closed\n')
    with house.connect('--config', path) as peer:
        info = peer.info()
        assert (info['max-message'], info['mailbox-messages'], info['registration']) == ('9000', '7', 'closed')
    with house.connect('--config', path, '--max-message=8000') as peer:
        assert peer.info()['max-message'] == '8000'
    for line in ('no-such-name = 1', 'max-message = many', 'max-message', 'registration = perhaps', 'store = ~/store',
                 'store = store'):
        with open(path, 'w', encoding='ascii') as file:
            file.write('# a comment\n' + line + '\n')
        run = subprocess.run([program('secmsg-handler'), '--store', house.store, '--config', path],
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        assert run.returncode not in (0, -6, -11) and not run.stdout
        assert run.returncode == 78 and path.encode() in run.stderr and b'2' in run.stderr.replace(path.encode(), b''), run.stderr


@pytest.mark.parametrize('options', [['--no-such-option'], ['--max-message=x'], ['--registration=maybe'],
                                     ['argument'], ['--mailbox-per-sender=101'], ['--store']])
def test_wrong_options(house, options):
    """A wrong option is a usage error (64) on stderr, and nothing on stdout."""
    run = subprocess.run([program('secmsg-handler'), '--store', house.store, *options],
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert run.returncode == 64 and not run.stdout and run.stderr


def test_help_and_version():
    """--help and --version go to stdout, with status 0."""
    for name in ('secmsg-handler', 'secmsg'):
        for option in ('--help', '--version'):
            run = subprocess.run([program(name), option], capture_output=True, timeout=60, check=False)
            assert run.returncode == 0 and run.stdout and not run.stderr


# ---- signals ----

@pytest.mark.parametrize('state', ['before hello', 'after hello', 'logged in', 'waiting'])
def test_sigterm_ends_it_cleanly(house, state):
    """SIGTERM ends a handler in any state, with status 0; its client is told that the server is busy stopping."""
    alice = house.registered('alice')
    process = house.start()
    eventually('a connection', lambda: 'event=connect' in process.log)
    if state != 'before hello':
        peer = Peer(process.channel)
        assert peer.ask('PING').kind == 'OK'
        if state in ('logged in', 'waiting'):
            peer.login(alice)
        if state == 'waiting':
            peer.send('WAIT 3600')
    process.kill(signal.SIGTERM)
    if state == 'before hello':
        assert process.channel.rest().startswith(b'ERR busy ')
    else:
        peer.ends('busy')
    assert process.wait() == 0


def test_sigterm_finishes_the_answer_that_is_being_sent(house):
    """A large answer that is on its way when the server is stopped arrives whole, and `busy` behind it."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender:
        sender.compose(alice, bob.identity, os.urandom(1000000))
    process = house.start()
    peer = Peer(process.channel)
    peer.login(bob)
    peer.send('READ')
    eventually('a beginning of the answer', lambda: select.select([process.channel.rfd], [], [], 0)[0])
    process.kill(signal.SIGTERM)
    assert peer.receive().kind == 'MESSAGE'
    peer.ends('busy')
    assert process.wait() == 0


def test_a_reader_that_is_gone(house):
    """A handler whose stdout is closed ends with status 0 at its next answer, not by SIGPIPE."""
    alice = house.registered('alice')
    peer = house.login(alice)
    peer.process.popen.stdout.close()
    peer.channel.ended = True
    peer.send('INFO')
    assert peer.process.wait() == 0
