"""The way of a message from COMPOSE to READ, and what the server refuses to store."""
import os
import time

import pytest

from peer.objects import Envelope, content_make, envelope_make, new_id
from peer.primitives import b64, padme
from test_peer import V


def compose(peer, recipient, id, envelope):
    return peer.ask('COMPOSE %s %s' % (recipient, id), envelope)


def test_a_message_comes_through(house):
    """Sealed and signed by one, stored byte for byte, handed out once a session until it is acknowledged,
    opened and verified by the other, then gone."""
    alice, bob = house.registered('alice', 'bob')
    before = int(time.time())
    with house.login(alice) as sender:
        id = new_id()
        envelope = envelope_make(alice, sender.who('bob'), 'привет'.encode(), id=id, name='note.txt')
        assert compose(sender, 'bob', id, envelope).plain == b'OK ' + id.encode()
    peer = house.login(bob)
    assert peer.unread == 1
    message = peer.read()
    assert (message.id, message.sender, message.signed, message.left) == (id, 'alice', True, 0)
    assert before <= message.time_stored <= int(time.time())
    assert message.body == envelope
    assert peer.open(message, bob, peer.who('alice')).decode() == 'привет'
    assert peer.read() is None
    assert peer.ack(id) == 0
    with house.login(bob) as later:
        assert later.unread == 0 and later.read() is None


def test_a_message_to_oneself(house):
    """One can write to oneself, and read it in the same session."""
    alice = house.registered('alice')
    with house.login(alice) as peer:
        id = peer.compose(alice, alice.identity, b'note to self')
        message = peer.read()
        assert message.id == id and peer.open(message, alice, alice.identity) == b'note to self'
        assert peer.ack(id) == 0


def test_all_sizes(house):
    """Empty, small, binary and large messages arrive as they were."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender:
        largest = int(sender.info()['max-message']) * 3 // 4 - 8192
        data = [b'', b'\n', b'\0', bytes(range(256)), os.urandom(5000), os.urandom(100000),
                os.urandom(min(largest * 15 // 16, 400000))]
        for d in data:
            sender.compose(alice, bob.identity, d)
    with house.login(bob) as peer:
        assert [peer.open(m, bob, alice.identity) for m in peer.read_all()] == data


def test_first_in_first_out_and_counts(house):
    """Messages come in the order in which they were stored; <left> counts what this session has yet to be
    given, <unread> what is stored and unacknowledged."""
    alice, bob, carol = house.registered('alice', 'bob', 'carol')
    with house.login(alice) as a, house.login(carol) as c:
        ids = [peer.compose(who, bob.identity, b'x') for _ in range(5) for peer, who in ((a, alice), (c, carol))]
    peer = house.login(bob)
    assert peer.unread == 10
    messages = peer.read_all()
    assert [m.id for m in messages] == ids
    assert [m.left for m in messages] == list(range(9, -1, -1))
    assert [m.sender for m in messages] == ['alice', 'carol'] * 5
    assert peer.ack(ids[0], ids[9]) == 8
    unread, rows = peer.list()
    assert unread == 8 and [r[0] for r in rows] == ids[1:9]
    with house.login(bob) as second:
        assert second.unread == 8
        first = second.read()
        assert (first.id, first.left) == (ids[1], 7)
        assert peer.ack(ids[2], ids[3]) == 6
        assert (second.read().id, second.list()[0]) == (ids[4], 6)


def test_read_without_ack_is_handed_out_again(house):
    """What wasn't acknowledged when the connection ended, however it ended, comes again in the next session,
    unchanged."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender:
        ids = [sender.compose(alice, bob.identity, b'%d' % i) for i in range(3)]
    bodies = None
    for end in ('hang up', 'exit', 'kill', 'junk'):
        peer = house.login(bob)
        assert peer.unread == 3
        messages = peer.read_all()
        assert [m.id for m in messages] == ids
        assert bodies in (None, [m.body for m in messages])
        bodies = [m.body for m in messages]
        if end == 'exit':
            peer.exit()
        elif end == 'kill':
            peer.process.kill()
        elif end == 'junk':
            peer.channel.write(b'junk\n')
        peer.close()


def test_two_sessions_are_each_given_every_message(house):
    """Two sessions of one account see every message, and each has its own <left>; an ACK in one removes it
    for the other, if that hadn't been given it yet."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender, house.login(bob) as one, house.login(bob) as two:
        ids = [sender.compose(alice, bob.identity, b'x') for _ in range(4)]
        assert [m.id for m in one.read_all()] == ids
        message = two.read()
        assert (message.id, message.left) == (ids[0], 3)
        assert one.ack(ids[1]) == 3
        message = two.read()
        assert (message.id, message.left) == (ids[2], 1)
        assert two.ack(ids[0]) == 2
        assert two.read().id == ids[3] and two.read() is None and one.read() is None


def test_who_sends_what_to_whom_is_checked(house):
    """An envelope whose from, to or id differs from the session's and the command's is bad-envelope, and so
    is every envelope whose form isn't exactly the page's."""
    alice, bob = house.registered('alice', 'bob')
    id = new_id()

    def made(**outer):
        return envelope_make(alice, bob.identity, b'x', id=id, outer=outer)

    good = made()
    lines = good.splitlines(True)
    token = Envelope(good).body
    bad = {
        'from': made(**{'from': 'bob'}), 'to': made(to='alice'), 'id': made(id=new_id()),
        'empty': b'', 'LF': b'\n', 'no LF': good[:-1], 'LF more': good + b'\n', 'byte more': good + b'x',
        'kind': good.replace(b'secmsg-message-1', b'secmsg-message-2'),
        'identity in its place': alice.identity.text, 'unsigned': b''.join(lines[:-1]),
        'line missing': b''.join(lines[:4] + lines[5:]), 'line twice': b''.join(lines[:5] + lines[4:]),
        'order': b''.join(lines[:5] + [lines[6], lines[5]] + lines[7:]), 'NUL': good.replace(b'alice', b'alic\0'),
        'CR': good.replace(b'\n', b'\r\n'), 'leading LF': b'\n' + good,
        'time sign': made(time='-1'), 'time 2^53': made(time=2 ** 53), 'time leading zero': made(time='01'),
        'time empty': made(time=''), 'time hex': made(time='0x10'), 'time space': made(time=' 1'),
        'key short': made(key=b64(bytes(383))), 'key long': made(key=b64(bytes(385))),
        'key unpadded': made(key=b64(bytes(383)).rstrip('=')),
        'commit short': made(commit=b64(bytes(31))), 'body not b64': made(body='!' * 100),
        'body no token': made(body=b64(bytes(100))), 'body cut': made(body=token[:-4]),
        'body empty': made(body=''), 'body unpadded': made(body=token.rstrip('=') if '=' in token else token[:-1]),
        'id upper case': made(id=id.upper() if id.upper() != id else 'A' * 32),
        'signature short': b''.join(lines[:-1]) + b'signature: %s\n' % b64(bytes(383)).encode(),
        'signature unpadded': good.rstrip(b'\n')[:-1] + b'\n',
    }
    with house.login(alice) as peer:
        for why, envelope in bad.items():
            answer = compose(peer, 'bob', id, envelope)
            assert answer.code == 'bad-envelope', (why, answer)
        assert compose(peer, 'bob', id, made(time=2 ** 53 - 1)).kind == 'OK'


def test_forged_signatures_are_refused(house):
    """An envelope changed after it was signed, or signed by another key, is bad-signature."""
    alice, bob = house.registered('alice', 'bob')
    id = new_id()
    good = envelope_make(alice, bob.identity, b'x', id=id, time=1795392000)
    bad = {
        'time': good.replace(b'1795392000', b'1795392001'),
        'other key': envelope_make(alice, bob.identity, b'x', id=id, signer=bob.keys.sign),
        'seal key': envelope_make(alice, bob.identity, b'x', id=id, signer=alice.keys.seal),
        'zeros': good[:good.rindex(b' ')] + b' %s\n' % b64(bytes(384)).encode(),
        'ones': good[:good.rindex(b' ')] + b' %s\n' % b64(b'\xff' * 384).encode(),
    }
    raised = int.from_bytes(Envelope(good).signature, 'big') + int.from_bytes(alice.identity.sign, 'big')
    if raised < 1 << 3072:
        bad['plus modulus'] = good[:good.rindex(b' ')] + b' %s\n' % b64(raised.to_bytes(384, 'big')).encode()
    with house.login(alice) as peer:
        for why, envelope in bad.items():
            answer = compose(peer, 'bob', id, envelope)
            assert answer.code in ('bad-signature', 'bad-envelope' if why in ('ones', 'plus modulus') else ''), (
                why, answer)
        assert compose(peer, 'bob', id, good).kind == 'OK'


def test_the_vectors_refused_envelopes(house, keys_of):
    """Of the vectors' bad envelopes the server refuses those that it can, and leaves the rest to the
    recipient, byte for byte."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as sender, house.login(bob) as reader:
        for bad in V['refused_envelopes']:
            text = bad['envelope_text'].encode()
            id = next((line[4:].decode() for line in text.splitlines() if line.startswith(b'id: ')), '0' * 32)
            if not id.islower() and not id.isdigit():
                id = id.lower()
            answer = compose(sender, 'bob', id, text)
            if 'server' in bad['refused_by']:
                assert answer.code in ('bad-envelope', 'bad-signature'), (bad['why'], answer)
            elif answer.code != 'id-taken':
                assert answer.kind == 'OK', (bad['why'], answer)
                message = reader.read()
                assert message.body == text
                reader.ack(message.id)


@pytest.mark.parametrize('recipient, id', [
    ('bob', '0' * 31), ('bob', '0' * 33), ('bob', 'g' * 32), ('bob', 'A' * 32), ('bob', '-'),
])
def test_ids_have_one_form(house, recipient, id):
    """An id that isn't 32 lower-case hex digits is refused."""
    alice, bob = house.registered('alice', 'bob')
    envelope = envelope_make(alice, bob.identity, b'x')
    with house.login(alice) as peer:
        assert compose(peer, recipient, id, envelope).code in ('bad-command', 'bad-envelope')
        assert peer.ask('PING').kind == 'OK'


def test_the_order_of_compose_checks(house):
    """too-large, no-identity, no-user, bad-envelope, bad-signature, duplicate, id-taken, mailbox-full: the
    first that holds is told."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as peer:
        limit = int(peer.info()['max-message'])
        id = peer.compose(alice, bob.identity, b'x')
    options = ('--max-message=4096', '--mailbox-messages=1', '--mailbox-per-sender=100')
    with house.login(alice, *options) as peer:
        peer.refused('too-large', 'COMPOSE nobody ' + id, b'x' * 4097)
        peer.refused('no-user', 'COMPOSE nobody ' + id, b'x')
        peer.refused('bad-envelope', 'COMPOSE bob ' + id, b'x')
        forged = envelope_make(alice, bob.identity, b'x', id=id, signer=bob.keys.sign)
        peer.refused('bad-signature', 'COMPOSE bob ' + id, forged)
        peer.refused('id-taken', 'COMPOSE bob ' + id, envelope_make(alice, bob.identity, b'y', id=id))
        other = new_id()
        peer.refused('mailbox-full', 'COMPOSE bob ' + other, envelope_make(alice, bob.identity, b'y', id=other))
    assert limit > 4096
    with house.login(bob) as peer:
        envelope = peer.read().body
    with house.login(alice, *options) as peer:
        assert peer.ok('COMPOSE bob ' + id, envelope).words == ['OK', id, 'duplicate']


def test_senders_without_identity(house):
    """An account of plain mode can't send sealed messages: no-identity, checked before the recipient's name
    and after the size. It can log in with frames all the same, has no vault, and none to lock."""
    house.keep_secret('geheim-paul')
    house.plain('REGISTER paul geheim-paul\nEXIT\n')
    alice = house.person('alice')
    paul = house.person('paul', quick=False, password='geheim-paul', identity=False)
    with house.connect('--max-message=4096') as peer:
        paul.salt = peer.salt('paul')
        paul.relock()
        answer = peer.ok(peer.login_head(paul))
        assert answer.words == ['OK', '0'] and not answer.body
        peer.refused('too-large', 'COMPOSE nobody ' + new_id(), b'x' * 4097)
        peer.refused('no-identity', 'COMPOSE nobody ' + new_id(), b'x')
        peer.refused('no-identity', 'WHO paul')
        secret = paul.secret(peer.host_key)
        peer.refused('bad-account', 'PASSWD %s %s' % (secret, b64(bytes(32))), alice.lock_body())


def test_content_is_nobodys_business(house):
    """The server takes what only the recipient can judge: a commit to another key, a body under one."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as peer:
        peer.compose(alice, bob.identity, b'x', commit=bytes(32))
        peer.compose(alice, bob.identity, b'x', message_key=b'k' * 31)
        peer.compose(alice, bob.identity, b'x', content=content_make([('from', 'carol')], b'', pad=padme))
    with house.login(bob) as reader:
        assert len(reader.read_all()) == 3
