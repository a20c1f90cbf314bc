"""Exactly once: repeated COMPOSEs, lost connections, and ACK."""
import pytest

from peer.objects import envelope_make, new_id
from test_messages import compose


def test_sent_twice_stored_once(house):
    """The same envelope again is `duplicate` and stored once: in the same session, in another, after it was
    read, and after it was acknowledged."""
    alice, bob = house.registered('alice', 'bob')
    id = new_id()
    envelope = envelope_make(alice, bob.identity, b'once', id=id)
    duplicate = b'OK %s duplicate' % id.encode()
    with house.login(alice) as peer:
        assert compose(peer, 'bob', id, envelope).plain == b'OK ' + id.encode()
        assert compose(peer, 'bob', id, envelope).plain == duplicate
    with house.login(bob) as reader, house.login(alice) as peer:
        assert compose(peer, 'bob', id, envelope).plain == duplicate
        assert [m.id for m in reader.read_all()] == [id]
        assert compose(peer, 'bob', id, envelope).plain == duplicate
        assert reader.ack(id) == 0
        assert compose(peer, 'bob', id, envelope).plain == duplicate
        assert reader.read() is None and reader.list() == (0, [])


def test_an_id_stands_for_one_envelope(house):
    """An id used before for this recipient with other bytes is id-taken, also by another sender and after the
    message is gone; for another recipient it is free."""
    alice, bob, carol = house.registered('alice', 'bob', 'carol')
    with house.login(alice) as peer, house.login(carol) as other, house.login(bob) as reader:
        id = peer.compose(alice, bob.identity, b'one')
        for _ in range(2):
            second = envelope_make(alice, bob.identity, b'one', id=id)
            assert compose(peer, 'bob', id, second).code == 'id-taken'
            theirs = envelope_make(carol, bob.identity, b'two', id=id)
            assert compose(other, 'bob', id, theirs).code == 'id-taken'
            reader.read_all()
            assert reader.ack(id) == 0
        assert peer.compose(alice, carol.identity, b'one', id=id) == id


@pytest.mark.parametrize('lost', ['before the frame', 'inside a frame', 'before the answers', 'after some answers'])
def test_a_lost_connection_and_a_repeat_store_exactly_once(house, lost):
    """A sender pipelines messages, loses the connection somewhere, and repeats them all: each is there once,
    in order of first arrival."""
    alice, bob = house.registered('alice', 'bob')
    ids = [new_id() for _ in range(12)]
    envelopes = [envelope_make(alice, bob.identity, b'%d' % i, id=id) for i, id in enumerate(ids)]
    peer = house.login(alice)
    lines = [peer.seal('COMPOSE bob ' + id, e) for id, e in zip(ids, envelopes)]
    sent = {'before the frame': lines[:5], 'inside a frame': lines[:6] + [lines[6][:700]]}.get(lost, lines)
    peer.channel.write(b''.join(sent))
    if lost == 'after some answers':
        for id in ids[:4]:
            assert peer.receive().words == ['OK', id]
        peer.process.kill()
    peer.close()
    peer.process.wait()
    with house.login(alice) as again:
        for id, envelope in zip(ids, envelopes):
            assert compose(again, 'bob', id, envelope).words[:2] == ['OK', id]
    with house.login(bob) as reader:
        messages = reader.read_all()
        assert sorted(m.id for m in messages) == sorted(ids)
        assert [m.id for m in messages] == ids
        assert [m.body for m in messages] == envelopes

def test_ack_is_idempotent(house):
    """An ACK can be repeated, in the same session and a later one; unknown ids are no error, and an empty ACK
    removes nothing."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender:
        ids = [sender.compose(alice, bob.identity, b'x') for _ in range(3)]
    with house.login(bob) as peer:
        assert peer.ack() == 3
        assert peer.ack(new_id()) == 3
        assert peer.ack(ids[1]) == 2 and peer.ack(ids[1]) == 2
        assert peer.ack(ids[1], ids[0], ids[0], new_id()) == 1
    with house.login(bob) as peer:
        assert peer.ack(ids[0], ids[1]) == 1
        assert [m.id for m in peer.read_all()] == [ids[2]]


def test_a_malformed_ack_removes_nothing(house):
    """An ACK with one malformed line is bad-command and removes nothing, not even the ids before it."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender:
        id = sender.compose(alice, bob.identity, b'x').encode()
    with house.login(bob) as peer:
        for body in (id, id + b'\n' + id, id + b'\n\n', id + b'\nx\n', b'\n', id.upper() + b'\n' + id[:31] + b'\n',
                     id + b'\r\n', id + b' \n', id + b'0\n', id + b'\n' + b'g' * 32 + b'\n', b' ' + id + b'\n',
                     id + b'\n' + b'\0' * 33, (id + b'\n') * 1001):
            peer.refused('bad-command', 'ACK', body)
            assert peer.list()[0] == 1
        assert peer.ok('ACK', (id + b'\n') * 1000).count == 0


def test_ack_of_what_was_not_read(house):
    """An id can be acknowledged without having been handed out, and isn't handed out any more."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender, house.login(bob) as peer:
        ids = [sender.compose(alice, bob.identity, b'x') for _ in range(3)]
        assert peer.ack(ids[0]) == 2
        assert [m.id for m in peer.read_all()] == ids[1:]


def test_nobody_acknowledges_for_others(house):
    """An ACK removes messages from one's own mailbox only."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as peer, house.login(bob) as reader:
        id = peer.compose(alice, bob.identity, b'x')
        assert peer.ack(id) == 0
        assert reader.read().id == id
