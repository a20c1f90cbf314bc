"""The outbox: several recipients, what waits and why, the order in which it goes, and the way out."""
import json
import os
import re
import threading

import pexpect
import pytest

from conftest import CHANGED, NO_PERMISSION, NO_USER, PARTIAL, UNKNOWN, USAGE, WAITING, Client, program
from peer.objects import Account, Keys, envelope_open
from peer.server import FakeServer, Vanish
from peer.wire import DEADLINE
from test_killed_client import run as run_shim

TEMPORARY, NO_INPUT, DATA = 75, 66, 65


@pytest.fixture
def alice(house, at_fake, fake):
    """alice, logged in at the server in memory, where bob and carol are too."""
    client = at_fake('alice')
    client.people = {name: house.person(name) for name in ('bob', 'carol')}
    client.people['alice'] = client.account
    for account in client.people.values():
        fake.add(account)
    return client


def outbox(client):
    return sorted(path for path in client.files() if '/outbox/' in path)


def texts(client, fake, user):
    """What lies in somebody's mailbox, opened by the other implementation."""
    sender = client.account.identity
    return [envelope_open(m[4], client.people[user], sender, m[0])[0].data.decode()
            for m in fake.accounts[user].messages]


def refuse(user, answer=b'ERR mailbox-full limit=2 used=2 no room'):
    return lambda s, w, b: answer if w[1] == user else None


def first_id(client):
    """The id of the oldest message that waits."""
    return client.run('outbox').out.splitlines()[1].split()[3]


# ---- several recipients ----

def test_several_recipients(alice, fake):
    """Each gets a message of their own, and the sender a result for each; a name that is given twice counts once."""
    done = alice.run('send', 'bob', 'carol', 'BOB', '-m', 'to all')
    assert done.err.count('sent to bob') == 1 and done.err.count('sent to carol') == 1 and not done.out
    assert texts(alice, fake, 'bob') == texts(alice, fake, 'carol') == ['to all']
    assert fake.accounts['bob'].messages[0][0] != fake.accounts['carol'].messages[0][0]
    alice.run('send', 'bob', 'carol', '-', input=b'from stdin')
    assert texts(alice, fake, 'carol')[1] == 'from stdin' and not outbox(alice)


def test_some_recipients(alice, fake):
    """A status of its own when some have it and some don't, whoever comes first; the rest waits. When nobody has it the
    status is the reason's."""
    fake.hooks['COMPOSE'] = refuse('bob')
    done = alice.run('send', 'bob', 'carol', '-m', 'x', status=PARTIAL)
    assert 'nothing was sent to bob' in done.err and 'sent to carol' in done.err and len(outbox(alice)) == 1
    done = alice.run('send', 'carol', 'nobody', '-m', 'x', status=PARTIAL)
    assert 'no user nobody' in done.err and texts(alice, fake, 'carol') == ['x', 'x']
    fake.hooks['COMPOSE'] = lambda s, w, b: b'ERR mailbox-full no room'
    alice.run('outbox', '--drop', first_id(alice))
    alice.run('outbox', '--drop', first_id(alice))
    alice.run('send', 'bob', 'carol', '-m', 'x', status=TEMPORARY)


def test_no_room_for_one_of_several(alice, fake, shim):
    """Where the outbox has no room for one recipient's message the others get theirs, that one is told, and nothing is
    left that would be sent later behind the user's back."""
    alice.run('ping')
    for n, has_it, has_not in ((1, 'carol', 'bob'), (2, 'bob', 'carol')):
        status, out = run_shim(alice, shim, 'send', 'bob', 'carol', '-m', 'x', '--json', SHIM_FULL=n)
        assert status == PARTIAL and not outbox(alice)
        assert texts(alice, fake, has_it) == ['x'] and texts(alice, fake, has_not) == []
        results = {row['to']: row['result'] for row in map(json.loads, out.splitlines())}
        assert results == {has_it: 'sent', has_not: 'refused'}
        fake.accounts[has_it].messages.clear()
    status, _ = run_shim(alice, shim, 'send', 'bob', '-m', 'x', SHIM_FULL=1)
    assert status not in (0, PARTIAL) and not outbox(alice)


def test_a_wrong_name_among_several(alice, fake):
    """An impossible name is found before anything is sent to the others, or kept."""
    alice.run('send', 'bob', 'no/body', '-m', 'x', status=USAGE)
    assert 'COMPOSE' not in fake.verbs() and not outbox(alice)


# ---- what waits ----

def test_a_server_that_is_away(house):
    """Nobody listens: the message waits, is told to, and the status says so; every later send sends it first, as it was
    written, and the archive has both."""
    server = FakeServer()
    account = house.person('alice', quick=False)
    server.add(account)
    alice = Client(house, account, '--server', '127.0.0.1:%d' % server.port)
    alice.people = {'alice': account}
    alice.run('login')
    seed, port, accounts = server.seed, server.port, server.accounts
    server.drop_all()
    server.close()
    done = alice.run('send', 'alice', '-m', 'first', status=WAITING)
    assert 'waits in the outbox' in done.err and '`secmsg flush`' in done.err
    done = alice.run('send', 'alice', '-m', 'second', status=WAITING)
    assert '2 messages wait' in done.err
    alice.run('flush', status=WAITING)
    assert len(outbox(alice)) == 2
    done = alice.run('outbox')
    assert done.out.count('alice') == 2 and 'not sent yet' in done.out
    for data in alice.files().values():
        assert b'first' not in data and b'second' not in data
    server = FakeServer(seed, port)
    server.accounts = accounts
    try:
        done = alice.run('send', 'alice', '-m', 'third')
        assert texts(alice, server, 'alice') == ['first', 'second', 'third'] and not outbox(alice)
        assert done.err.count('sent to alice') == 3
        assert alice.run('history').out.count('to  ') == 3
    finally:
        server.close()


def test_others_mail_does_not_stop_a_new_message(alice, fake):
    """A message that is refused again is told, and holds up its own recipient's next one only."""
    fake.hooks['COMPOSE'] = refuse('bob')
    alice.run('send', 'bob', '-m', 'one', status=TEMPORARY)
    done = alice.run('send', 'carol', '-m', 'hello')
    assert 'earlier message to bob' in done.err and 'sent to carol' in done.err
    done = alice.run('send', 'bob', '-m', 'two', status=WAITING)
    assert 'behind an earlier one' in done.err and len(outbox(alice)) == 2
    fake.hooks.clear()
    alice.run('flush')
    assert texts(alice, fake, 'bob') == ['one', 'two'] and not outbox(alice)
    assert 'nothing waits' in alice.run('flush').err and 'nothing waits' in alice.run('outbox').err


def test_flush_of_some(alice, fake):
    """A flush that sends some of what waits says so by its status."""
    fake.hooks['COMPOSE'] = lambda s, w, b: b'ERR mailbox-full no room'
    alice.run('send', 'bob', 'carol', '-m', 'x', status=TEMPORARY)
    fake.hooks['COMPOSE'] = refuse('bob')
    alice.run('flush', status=PARTIAL)
    alice.run('flush', status=TEMPORARY)
    assert texts(alice, fake, 'carol') == ['x'] and len(outbox(alice)) == 1


@pytest.mark.parametrize('why', ['no-user', 'no-identity', 'changed'])
def test_a_refusal_that_stands(alice, fake, house, rsa_keys, why):
    """No such user, no keys, or changed ones: it waits, with the reason and the way out, and that way works."""
    alice.run('send', 'bob', '-m', 'first')
    if why == 'no-user':
        del fake.accounts['bob']
    else:
        other = Account('bob', keys=Keys(rsa_keys[1], rsa_keys[3]))
        fake.accounts['bob'].identity = other.identity.text if why == 'changed' else None
    status = {'no-user': NO_USER}.get(why, CHANGED)
    done = alice.run('send', 'bob', '-m', 'x', status=status)
    assert 'waits in the outbox' in done.err and '`secmsg outbox --drop ' in done.err
    listed = alice.run('outbox')
    assert ('no such user' if why == 'no-user' else 'identity changed') in listed.out
    assert '`secmsg flush`' in listed.err and '--drop' in listed.err
    id = first_id(alice)
    assert 'dropped the message to bob' in alice.run('outbox', '--drop', id[:6]).err
    assert not outbox(alice)
    alice.run('outbox', '--drop', id, status=NO_INPUT)


@pytest.mark.parametrize('refusal', ['auth-failed go', 'too-large limit=1 no', 'rate-limited no', 'no-user gone',
                                     'brand-new what', None])
def test_a_refusal_that_says_nothing_of_what_came_before(alice, fake, refusal):
    """A message whose answer was lost was stored. Refusals that a server makes before it looks for what it has don't
    change that, nor does nonsense: the very same is repeated, and arrives once."""
    alice.run('send', 'bob', '-m', 'pins')
    envelopes = []

    def lost(session, words, body):
        envelopes.append(body)
        if len(envelopes) == 1:
            session.do_compose(words, body)
            raise Vanish()
        if len(envelopes) == 2:
            return b'ERR ' + refusal.encode() if refusal else b'OK ' + b'0' * 32
        return session.do_compose(words, body)

    fake.hooks['COMPOSE'] = lost
    assert "isn't known" in alice.run('send', 'bob', '-m', 'x', status=UNKNOWN).err
    alice.run('flush')
    assert len(envelopes) == 3 and len(set(envelopes)) == 1 and texts(alice, fake, 'bob') == ['pins', 'x']


def test_nonsense_is_no_refusal(alice, fake):
    """A server that answers COMPOSE with nonsense may have the message: the very same is repeated."""
    envelopes = []
    fake.hooks['COMPOSE'] = lambda s, w, b: envelopes.append(b) or (b'OK ' + b'0' * 32 if len(envelopes) == 1 else None)
    alice.run('send', 'bob', '-m', 'x', status=UNKNOWN)
    alice.run('flush')
    assert len(envelopes) == 2 and len(set(envelopes)) == 1


def test_a_taken_id_is_told_once(alice, fake):
    """A message whose id the server had is sealed under another one, and one result tells of it."""
    ids = []
    fake.hooks['COMPOSE'] = lambda s, w, b: ids.append(w[2]) or (b'ERR id-taken no' if len(ids) == 1 else None)
    (row,) = map(json.loads, alice.run('send', 'bob', '-m', 'x', '--json').out.splitlines())
    assert (row['id'], row['result']) == (ids[1], 'sent') and len(set(ids)) == 2
    assert ids[1] in alice.run('history').out and not outbox(alice)


def test_a_flush_pins_nobody_against_the_user(alice, fake):
    """What waits for somebody whose identity isn't pinned: with --trust=strict a flush sends and pins nothing."""
    def away(session, words, body):
        raise Vanish()

    fake.hooks['WHO'] = away
    alice.run('send', 'bob', '-m', 'x', status=TEMPORARY)
    fake.hooks.clear()
    done = alice.run('--trust', 'strict', 'flush', status=CHANGED)
    assert alice.people['bob'].identity.fingerprint in done.err and 'bob' not in alice.run('contacts').out
    assert 'COMPOSE' not in fake.verbs() and len(outbox(alice)) == 1


def test_what_was_sealed_for_former_keys(alice, fake, rsa_keys):
    """A message that was sealed for keys that its recipient doesn't have any more isn't told as sent: they couldn't
    open it. It stays, with the reason, and what is written anew goes out once it is dropped."""
    def swallow(session, words, body):
        raise Vanish()

    fake.hooks['COMPOSE'] = swallow
    alice.run('--timeout', '1', 'send', 'bob', '-m', 'x', status=UNKNOWN)
    fake.hooks.clear()
    other = Account('bob', keys=Keys(rsa_keys[1], rsa_keys[3]))
    fake.accounts['bob'].identity = other.identity.text
    alice.run('flush', status=CHANGED)
    alice.run('trust', 'bob', other.identity.fingerprint)
    done = alice.run('flush', status=UNKNOWN)
    assert 'former keys' in done.err and 'sent to' not in done.err and not fake.accounts['bob'].messages
    assert 'former keys' in alice.run('outbox').out
    alice.run('outbox', '--drop', first_id(alice))
    alice.people['bob'] = other
    alice.run('send', 'bob', '-m', 'anew')
    assert texts(alice, fake, 'bob') == ['anew'] and not outbox(alice)


def test_dropping(alice, fake):
    """--drop takes the beginning of an id, refuses what stands for several or is none, and says when it isn't known
    whether a message was sent."""
    def swallow(session, words, body):
        raise Vanish()

    fake.hooks['COMPOSE'] = swallow
    alice.run('--timeout', '1', 'send', 'bob', '-m', 'x', status=UNKNOWN)
    id = first_id(alice)
    for wrong, status in ((id[:5], USAGE), ('zzzzzz', USAGE), ('', USAGE), (id + '0', USAGE),
                          ('0' * 32 if id[0] != '0' else 'f' * 32, NO_INPUT)):
        alice.run('outbox', '--drop', wrong, status=status)
    assert len(outbox(alice)) == 1
    assert "isn't known" in alice.run('outbox', '--drop', id).err and not outbox(alice)


def test_what_is_empty_or_too_large_is_not_kept(alice, fake):
    """It can never be sent as it is, and still lies where it came from."""
    alice.run('send', 'bob', '-m', '', status=DATA)
    alice.run('send', 'bob', input=b'x' * 1100000, status=DATA)
    assert not outbox(alice) and 'COMPOSE' not in fake.verbs()


def test_the_outbox_needs_the_keys_and_no_server(alice, fake):
    """Without the password nothing of it is shown; with it no server is asked for anything."""
    fake.hooks['COMPOSE'] = refuse('bob')
    alice.run('send', 'bob', '-m', 'x', status=TEMPORARY)
    before = len(fake.verbs())
    assert 'bob' not in alice.run('outbox', password='wrong', status=NO_PERMISSION).all
    assert 'bob' in alice.run('outbox').out
    assert len(fake.verbs()) == before


def test_a_damaged_outbox(alice, fake):
    """A file of the outbox that doesn't open is named; it holds up nobody, and isn't removed."""
    fake.hooks['COMPOSE'] = refuse('bob')
    alice.run('send', 'bob', '-m', 'one', status=TEMPORARY)
    (path,) = outbox(alice)
    with open(os.path.join(alice.home, path), 'r+b') as file:
        file.seek(100)
        file.write(b'AAAA')
    fake.hooks.clear()
    done = alice.run('send', 'carol', '-m', 'two')
    assert os.path.basename(path) in done.err and texts(alice, fake, 'carol') == ['two']
    assert outbox(alice) == [path]
    assert path in alice.run('outbox', status=78).err


def test_a_changed_limit(alice, fake):
    """A message that waits and is larger than the server now takes stays, with the reason."""
    fake.hooks['COMPOSE'] = refuse('bob')
    alice.run('send', 'bob', '-m', 'x' * 30000, status=TEMPORARY)
    fake.hooks['INFO'] = lambda s, w, b: s.do_info(w, b).replace(b'1048576', b'20000')
    alice.run('flush', status=DATA)
    assert 'larger than the server takes' in alice.run('outbox').out


def test_what_is_too_large_holds_up_nobody(alice, fake):
    """A message that can never be sent as it is stays, with the reason and the way out; what is written later to the same
    user goes before it, and a flush sends the rest."""
    fake.hooks['COMPOSE'] = refuse('bob')
    alice.run('send', 'bob', '-m', 'x' * 30000, status=TEMPORARY)
    fake.hooks.clear()
    fake.hooks['INFO'] = lambda s, w, b: s.do_info(w, b).replace(b'1048576', b'20000')
    done = alice.run('send', 'bob', '-m', 'later')
    id = first_id(alice)
    assert texts(alice, fake, 'bob') == ['later'] and len(outbox(alice)) == 1
    assert '`secmsg outbox --drop %s`' % id[:8] in done.err and '`secmsg flush`' not in done.err
    assert 'larger than the server takes' in alice.run('outbox').out
    done = alice.run('flush', status=DATA)
    assert '`secmsg outbox --drop %s`' % id[:8] in done.err and 'flush`' not in done.err
    fake.hooks['COMPOSE'] = refuse('bob')
    alice.run('send', 'bob', '-m', 'more', status=TEMPORARY)
    del fake.hooks['COMPOSE']
    alice.run('flush', status=PARTIAL)
    assert texts(alice, fake, 'bob') == ['later', 'more']
    alice.run('outbox', '--drop', id)
    assert not outbox(alice)


@pytest.mark.parametrize('answer,reason', [
    ('mailbox-full limit=2 used=2 no room', "their mailbox has no room for more from you"),
    ('storage-full no room', 'the server has no room left'), ('rate-limited no', 'too many attempts'),
    ('internal oops', 'the server has a fault'), ('too-large limit=1 no', 'larger than the server takes')])
def test_the_reason_is_what_was_said(alice, fake, answer, reason):
    """What the server refused with is the reason that `outbox` lists."""
    fake.hooks['COMPOSE'] = lambda s, w, b: b'ERR storage-full no room'
    alice.run('send', 'bob', '-m', 'x', status=TEMPORARY)
    fake.hooks['COMPOSE'] = refuse('bob', b'ERR ' + answer.encode())
    alice.run('--timeout', '1', 'flush', status=None)
    assert reason in alice.run('outbox').out
    assert reason in json.loads(alice.run('--json', 'outbox').out)['reason']


def test_the_reason_when_nobody_is_there(alice, fake):
    """A server that was there and isn't any more."""
    def vanish(session, words, body):
        raise Vanish()

    fake.hooks['WHO'] = vanish
    alice.run('--timeout', '1', 'send', 'bob', '-m', 'x', status=TEMPORARY)
    assert 'the server is away' in alice.run('outbox').out


def test_several_senders_at_once(house, at_house):
    """Three `send` at the same time from one directory: each message arrives once, and nothing is left."""
    alice = at_house('alice')
    done = []
    threads = [threading.Thread(target=lambda i=i: done.append(alice.run('send', 'alice', '-m', 'number %d.' % i)))
               for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 3 and not outbox(alice)
    out = alice.run('read', '--all').out
    assert [out.count('number %d.' % i) for i in range(3)] == [1] * 3
    assert alice.run('history').out.count('\nto  ') == 3


# ---- what is sent ----

def test_a_large_message_shows_its_progress(alice, fake):
    """At a terminal a large message that takes its time shows how far it is, in a line that is gone at the end;
    elsewhere nothing is shown."""
    gate = threading.Event()

    def slow(session, words, body):
        line = session.channel.line

        def late():
            gate.wait(DEADLINE)
            return line()

        session.channel.line = late

    fake.hooks['WHO'] = slow
    fake.hooks['INFO'] = lambda s, w, b: (s.do_info(w, b).replace(b'1048576', b'16000000')
                                          .replace(b'2097152', b'32000000'))
    path = os.path.join(alice.home, 'large')
    with open(path, 'wb') as file:
        file.write(os.urandom(6000000))
    password = os.path.join(alice.home, 'password')
    with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), 'w') as file:
        file.write(alice.account.password)
    spawn = pexpect.spawn(program('secmsg'), [*alice.target, '--user', 'alice', '--password-file', password, 'send',
                                              'bob', '-f', path], env=alice.environment(), timeout=DEADLINE,
                          dimensions=(24, 100))
    spawn.expect(r'sending: +\d+% of \d+\.\d MB')
    gate.set()
    spawn.expect('sent to bob')
    assert re.search(rb'\r {30}\r[^\r]*$', spawn.before), spawn.before[-200:]
    spawn.expect(pexpect.EOF)
    spawn.close()
    assert spawn.exitstatus == 0
