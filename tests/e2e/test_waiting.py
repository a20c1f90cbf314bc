"""LIST and WAIT: looking at what is there, and waiting for what is not."""
import socket
import time

import pytest

from conftest import eventually
from peer.objects import new_id


def test_list(house):
    """LIST shows id, sender, time and size of what waits, earliest first, without handing it out."""
    alice, bob = house.registered('alice', 'bob')
    before = int(time.time())
    with house.login(alice) as sender, house.login(bob) as peer:
        assert peer.list() == (0, [])
        ids = [sender.compose(alice, bob.identity, b'x' * 1000 * i) for i in range(3)]
        unread, rows = peer.list()
        assert unread == 3 and [r[0] for r in rows] == ids and {r[1] for r in rows} == {'alice'}
        assert all(before <= r[2] <= time.time() for r in rows)
        messages = peer.read_all()
        assert [r[3] for r in rows] == [len(m.body) for m in messages]
        assert peer.list() == (3, rows)


def test_list_shows_a_thousand(house):
    """LIST shows the earliest 1000 of more, and counts all; one ACK takes 1000 of them."""
    options = ('--mailbox-per-sender=100',)
    bob = house.registered('bob')
    house.keep_secret('geheim-paul')
    ids = [new_id() for _ in range(1003)]
    text = 'REGISTER paul geheim-paul\n' + ''.join('COMPOSE bob %s\nx\n' % id for id in ids) + 'EXIT\n'
    assert house.plain(text, *options) == ['OK'] + ['OK ' + id for id in ids] + ['BYE']
    with house.login(bob, *options) as peer:
        unread, rows = peer.list()
        assert (unread, [r[0] for r in rows]) == (1003, ids[:1000])
        assert peer.ack(*ids[:1000]) == 3
        assert [r[0] for r in peer.list()[1]] == ids[1000:]
        assert [m.id for m in peer.read_all()] == ids[1000:]


def test_wait_wakes_up(house):
    """WAIT answers as soon as there is a message that this session wasn't given: one that is there already, or
    one that comes while it waits. (The deadline of the test is far below the time waited for.)"""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender, house.login(bob) as peer:
        sender.compose(alice, bob.identity, b'x')
        assert peer.ok('WAIT 3600').count == 1
        assert peer.ok('WAIT 3600').count == 1
        peer.read()
        for _ in range(3):
            peer.send('WAIT 3600')
            sender.compose(alice, bob.identity, b'y')
            assert peer.receive().plain == b'OK 1'
            assert peer.read().left == 0


def test_wait_times_out(house):
    """WAIT without a message answers OK 0 when the time is up, also if there are messages that this session
    was already given; WAIT 0 answers at once."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender, house.login(bob) as peer:
        assert peer.ask('WAIT 0').plain == b'OK 0'
        start = time.monotonic()
        assert peer.ask('WAIT 1').plain == b'OK 0'
        assert time.monotonic() - start >= 0.9
        sender.compose(alice, bob.identity, b'x')
        peer.read()
        assert peer.ask('WAIT 0').plain == b'OK 0'
        assert peer.ask('WAIT 1').plain == b'OK 0'


def test_waiting_is_not_idle(house):
    """A session that waits longer than the idle deadline lives on; one that does nothing is timed out."""
    alice = house.registered('alice')
    with house.login(alice, '--idle-timeout=1') as peer:
        peer.channel.write(peer.seal('WAIT 3') + peer.seal('PING'))
        assert [peer.receive().plain for _ in range(2)] == [b'OK 0', b'OK']
        peer.ends('timeout')


def test_wait_and_what_comes_behind_it(house):
    """A command pipelined behind a WAIT is answered after it, in order."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender, house.login(bob) as peer:
        peer.channel.write(peer.seal('WAIT 3600') + peer.seal('READ') + peer.seal('PING'))
        id = sender.compose(alice, bob.identity, b'x')
        assert peer.receive().plain == b'OK 1'
        assert peer.receive().words[:2] == ['MESSAGE', id]
        assert peer.receive().plain == b'OK'


@pytest.mark.parametrize('seconds', ['3601', '-1', '+1', '01', '1.5', 'x', '', '99999999999999999999'])
def test_wait_takes_0_to_3600(house, seconds):
    """Any other number is bad-command."""
    alice = house.registered('alice')
    with house.login(alice) as peer:
        peer.refused('bad-command', 'WAIT ' + seconds)
        assert peer.ask('PING').kind == 'OK'


def test_a_waiting_client_that_leaves(house):
    """A handler whose client hangs up while it waits ends at once, with status 0."""
    alice = house.registered('alice')
    peer = house.login(alice)
    peer.send('WAIT 3600')
    peer.close()
    assert peer.process.wait() == 0


def test_a_waiting_client_that_leaves_over_tcp(house):
    """The same over TCP: a session that waits for an hour doesn't outlive its client's connection."""
    alice = house.registered('alice')
    listener = house.listen()
    children = '/proc/%d/task/%d/children' % (listener.popen.pid, listener.popen.pid)

    def handlers():
        with open(children, encoding='ascii') as file:
            return file.read().split()

    peer = listener.connect()
    peer.login(alice)
    peer.send('WAIT 3600')
    assert len(handlers()) == 1
    peer.close()
    eventually('an end of the handler', lambda: not handlers())


def test_what_was_sent_behind_a_wait_is_done_after_a_half_close(house):
    """A client over TCP that says all it has to say, shuts its sending side and reads on gets every answer."""
    alice = house.registered('alice')
    peer = house.listen().connect()
    peer.login(alice)
    for head in ('WAIT 3600', 'PING', 'READ', 'EXIT'):
        peer.send(head)
    peer.channel.socket.shutdown(socket.SHUT_WR)
    assert [peer.receive().plain for _ in range(4)] == [b'OK 0', b'OK', b'EMPTY', b'BYE']
    peer.close()
