"""secmsg, the command line, against a server that lies, breaks off, forges and repeats: nothing false is shown,
nothing is sent to the wrong one, and the user is told."""
import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conftest import CHANGED, FAILED_CHECK, PROTOCOL, UNKNOWN
from peer.objects import Account, Keys, envelope_make, identity_text, new_id
from peer.primitives import b64, fingerprint, sha256, unb64
from peer.server import Vanish
from peer.wire import raw_public, server_line


def test_the_fake_server_is_good_enough(at_fake, fake):
    """Honest, the server in memory is a server: the tests below fail for the reason they state."""
    alice, bob = at_fake('alice'), at_fake('bob')
    alice.run('send', 'bob', '-m', 'hello bob')
    assert 'hello bob' in bob.run('read').out
    assert fake.accounts['bob'].messages == []


def test_a_changed_host_key(at_fake, fake):
    """If the pinned host key changes nothing is sent, not even a name; both fingerprints are shown, and the
    pin stays."""
    alice = at_fake('alice')
    old_seed, old = fake.seed, fingerprint(fake.host_key)
    said, fake.seed = len(fake.verbs()), os.urandom(32)
    for words in (('send', 'alice', '-m', 'x'), ('read',), ('login',), ('ping',)):
        done = alice.run(*words, status=CHANGED)
        assert old in done.err and 'CHANGED' in done.err.upper()
    assert len(fake.verbs()) == said
    fake.seed = old_seed
    alice.run('send', 'alice', '-m', 'x')


def test_a_changed_identity(at_fake, fake, rsa_keys):
    """If a pinned identity changes nothing is sent to it, and both fingerprints are shown."""
    alice, bob = at_fake('alice'), at_fake('bob')
    alice.run('send', 'bob', '-m', 'x')
    other = Account('bob', keys=Keys(rsa_keys[1], rsa_keys[0]))
    fake.accounts['bob'].identity = other.identity.text
    sent = fake.verbs().count('COMPOSE')
    done = alice.run('send', 'bob', '-m', 'x', status=CHANGED)
    assert bob.account.identity.fingerprint in done.err and other.identity.fingerprint in done.err
    assert fake.verbs().count('COMPOSE') == sent


@pytest.mark.parametrize('answer', ['another name', 'forged', 'garbage', 'no body', 'empty'])
def test_who_lies(at_fake, fake, answer):
    """WHO that answers with somebody else's identity, a forged one, or nonsense: nothing is sent, nothing
    pinned."""
    alice, bob = at_fake('alice'), at_fake('bob')
    fake.add(Account('carol', keys=bob.account.keys))
    keys = bob.account.keys
    text = {'another name': fake.accounts['carol'].identity,
            'forged': identity_text('bob', keys, alice.account.keys.sign), 'garbage': b'\x1b[31mgarbage',
            'empty': b''}.get(answer)
    plain = b'OK' if text is None else b'OK\n' + text
    fake.hooks['WHO'] = lambda session, words, body: plain if words[1] == 'bob' else None
    assert alice.run('send', 'bob', '-m', 'x', status=PROTOCOL).err
    assert 'COMPOSE' not in fake.verbs()
    del fake.hooks['WHO']
    alice.run('send', 'bob', '-m', 'x')


def forgeries(alice, bob, mallory):
    """(name, envelope, id of the MESSAGE line): messages that must not be shown as alice's."""
    secret = b'forged words'

    def made(**how):
        id = how.pop('line_id', None) or new_id()
        return envelope_make(alice, bob.identity, secret, id=how.pop('id', id), **how), id

    good, good_id = made()
    cut, cut_id = made()
    return {
        'signed by another': made(signer=mallory.keys.sign),
        'a bit of the signature': (good[:-20] + bytes([good[-20] ^ 1]) + good[-19:], good_id),
        'another id': made(line_id=new_id(), id=new_id()),
        'for somebody else': made(outer={'to': 'mallory'}),
        'from somebody else inside': made(inner={'from': 'mallory'}),
        'to somebody else inside': made(inner={'to': 'mallory'}),
        'id differs inside': made(inner={'id': new_id()}),
        "another sender's fingerprint": made(inner={'from-identity': mallory.identity.fingerprint}),
        "another reader's fingerprint": made(inner={'to-identity': mallory.identity.fingerprint}),
        'commit': made(commit=bytes(32)),
        'sealed to another': made(seal_to=mallory.identity.seal),
        'short message key': made(message_key=b'k' * 31),
        'content': made(content=b'forged words'),
        'type': made(inner={'type': 'nonsense'}),
        'name climbs': made(name='../../etc/passwd'),
        'garbage': (b'\x1b[31mforged words', new_id()),
        'empty': (b'', new_id()),
        'no last LF': (cut[:-1], cut_id),
    }


FORGERIES = ['signed by another', 'a bit of the signature', 'another id', 'for somebody else',
             'from somebody else inside', 'to somebody else inside', 'id differs inside',
             "another sender's fingerprint", "another reader's fingerprint", 'commit', 'sealed to another',
             'short message key', 'content', 'type', 'name climbs', 'garbage', 'empty', 'no last LF']


def test_forged_messages_are_kept_aside(house, at_fake, fake):
    """A message that fails any check isn't shown, is kept byte for byte, told with its sender and reason,
    acknowledged, and doesn't keep the good ones from being read."""
    bob = at_fake('bob')
    alice, mallory = house.person('alice'), house.person('mallory')
    fake.add(alice)
    fake.add(mallory)
    forged = forgeries(alice, bob.account, mallory)
    assert list(forged) == FORGERIES
    for why, (envelope, id) in forged.items():
        fake.put('bob', id, 'alice', envelope)
        good = new_id()
        fake.put('bob', good, 'alice', envelope_make(alice, bob.account.identity, b'genuine ' + why.encode(), id=good))
    done = bob.run('read', '--all', status=FAILED_CHECK)
    assert 'forged words' not in done.all and 'alice' in done.err
    for why in forged:
        assert 'genuine ' + why in done.out
    kept = set(bob.files().values())
    for why, (envelope, id) in forged.items():
        assert any(envelope in data for data in kept), why
    assert fake.accounts['bob'].messages == []


@pytest.mark.parametrize('why', FORGERIES[:8])
def test_one_forged_message(house, at_fake, fake, why):
    """Each forgery alone ends `read` with the status of a failed check and leaves the mailbox empty."""
    bob = at_fake('bob')
    alice, mallory = house.person('alice'), house.person('mallory')
    fake.add(alice)
    fake.add(mallory)
    envelope, id = forgeries(alice, bob.account, mallory)[why]
    fake.put('bob', id, 'alice', envelope)
    done = bob.run('read', status=FAILED_CHECK)
    assert 'forged words' not in done.all
    assert fake.accounts['bob'].messages == []


def test_a_replayed_message_is_shown_once(house, at_fake, fake):
    """A message that the server hands out again, after it was shown and acknowledged, isn't shown again, under
    its own id or another one."""
    bob = at_fake('bob')
    alice = house.person('alice')
    fake.add(alice)
    id = new_id()
    envelope = envelope_make(alice, bob.account.identity, b'pay carol 100', id=id)
    fake.put('bob', id, 'alice', envelope)
    assert 'pay carol 100' in bob.run('read').out
    fake.put('bob', id, 'alice', envelope)
    assert 'pay carol 100' not in bob.run('read', status=(0, FAILED_CHECK)).all
    assert fake.accounts['bob'].messages == []
    fake.put('bob', new_id(), 'alice', envelope)
    assert 'pay carol 100' not in bob.run('read', status=FAILED_CHECK).all


def test_two_copies_in_one_session(house, at_fake, fake):
    """The same message twice in one session, which no honest server does, is shown once; then `read` stops."""
    bob = at_fake('bob')
    alice = house.person('alice')
    fake.add(alice)
    id = new_id()
    envelope = envelope_make(alice, bob.account.identity, b'only once', id=id)

    def read(session, words, body):
        session.given.clear()
        return None

    fake.hooks['READ'] = lambda s, w, b: read(s, w, b) if fake.verbs().count('READ') == 2 else None
    fake.hooks['ACK'] = lambda s, w, b: b'OK 1' if fake.verbs().count('ACK') == 1 else None
    fake.put('bob', id, 'alice', envelope)
    assert bob.run('read', '--all', status=PROTOCOL).out.count('only once') == 1


def test_unsigned_texts_in_the_name_of_somebody_with_keys(house, at_fake, fake):
    """A text marked `unsigned` in the name of somebody who has an identity, pinned or not, is a failed check:
    nobody's name is used by leaving the signature away."""
    bob = at_fake('bob')
    alice, carol = house.person('alice'), house.person('carol')
    fake.add(alice)
    fake.add(carol)
    bob.run('send', 'alice', '-m', 'hello')
    for sender in ('alice', 'carol'):
        fake.put('bob', new_id(), sender, b'forged words', signed=False)
        assert 'forged words' not in bob.run('read', status=FAILED_CHECK).all
    fake.accounts['alice'].identity = None
    fake.put('bob', new_id(), 'alice', b'forged words', signed=False)
    assert 'forged words' not in bob.run('read', status=(FAILED_CHECK, CHANGED)).all


def test_old_and_odd_times_are_marked(house, at_fake, fake):
    """A sender's time that is far from the time stored is shown and marked."""
    bob = at_fake('bob')
    alice = house.person('alice')
    fake.add(alice)
    id = new_id()
    fake.put('bob', id, 'alice', envelope_make(alice, bob.account.identity, b'from the past', id=id, time=86400))
    done = bob.run('read')
    assert 'from the past' in done.out and '1970' in done.all


@pytest.mark.parametrize('greeting', [
    b'ERR busy come back later\n', b'ERR version this server speaks 2\n', b'ERR nonsense \x1b[31mred\x1b[0m\n',
    b'ERR\n', b'HTTP/1.1 400 Bad Request\r\n', b'SECMSG 2 x y z\n', b'SECMSG 1 a b c\n', b'\n', b'',
    b'SECMSG 1 ', b'\xff\xfe\0\n', b'A' * 100000,
])
def test_what_is_no_hello(at_fake, fake, greeting):
    """Anything in place of a hello ends the attempt: it is shown, if at all, as unauthenticated and harmless, and
    the pin stays as it is. What was to be sent waits, sealed."""
    alice = at_fake('alice')
    fake.greeting = greeting
    before = alice.files()
    done = alice.run('send', 'alice', '-m', 'x', status=None)
    assert done.returncode not in (0, CHANGED) and done.err
    after = alice.files()
    waiting = [path for path in after if '/outbox/' in path]
    assert len(waiting) == 1
    assert {path: after[path] for path in after if path not in waiting and not path.endswith('/sending')} == before
    if greeting.startswith(b'ERR busy'):
        assert 'come back later' in done.err
    fake.greeting = None
    alice.run('send', 'alice', '-m', 'x')


@pytest.mark.parametrize('how', ['signature', 'signature of another hello', 'zero key', 'S above the order'])
def test_hellos_that_do_not_hold(at_fake, fake, how):
    """A hello with the right host key but a wrong signature, one from another connection, or an ephemeral key
    that gives an all-zero result: nothing is sent."""
    alice = at_fake('alice')
    said = len(fake.verbs())
    order = 2 ** 252 + 27742317777372353535851937790883648493

    def greeting(session, line):
        good, transcript = server_line(fake.seed, os.urandom(32), line + b'\n')
        parts = good.rstrip(b'\n').split(b' ')
        signature = bytearray(unb64(parts[4]))
        if how == 'signature':
            signature[5] ^= 1
        elif how == 'S above the order':
            s = int.from_bytes(signature[32:], 'little') + order
            signature[32:] = s.to_bytes(32, 'little')
        elif how == 'signature of another hello':
            return server_line(fake.seed, os.urandom(32), b'SECMSG 1 %s\n' % b64(os.urandom(32)).encode())[0]
        else:
            return zero_hello(fake.seed, line)
        return b' '.join(parts[:4]) + b' ' + b64(bytes(signature)).encode() + b'\n'

    fake.greeting = greeting
    done = alice.run('send', 'alice', '-m', 'x', status=None)
    assert done.returncode not in (0, CHANGED) and done.err
    assert len(fake.verbs()) == said


def zero_hello(seed, line):
    """A properly signed hello whose ephemeral key is a point of small order."""
    host = Ed25519PrivateKey.from_private_bytes(seed)
    head = b'SECMSG 1 %s %s' % (b64(bytes(32)).encode(), b64(raw_public(host)).encode())
    signature = host.sign(b'secmsg-host-1\n' + sha256(line + b'\n' + head))
    return head + b' ' + b64(signature).encode() + b'\n'


@pytest.mark.parametrize('verb', ['PROVE', 'INFO', 'WHO', 'READ', 'LIST'])
@pytest.mark.parametrize('how', ['vanish', 'half a frame', 'tampered', 'reflected', 'nonsense', 'huge'])
def test_answers_that_break_off(house, at_fake, fake, verb, how):
    """A server that vanishes or tampers where an answer is due is told to the user, with a status that isn't 0,
    and nothing is made up."""
    bob = at_fake('bob')
    alice = house.person('alice')
    fake.add(alice)
    id = new_id()
    fake.put('bob', id, 'alice', envelope_make(alice, bob.account.identity, b'hello bob', id=id))

    def hook(session, words, body):
        if how == 'nonsense':
            return b'WHAT \x1b[31m is this'
        if how == 'huge':
            raise Vanish(b'A' * (80 << 20))
        line = session.out.seal(b'OK')
        raise Vanish({'vanish': b'', 'half a frame': line[:30], 'tampered': line[:10] + b'A' + line[11:],
                      'reflected': session.into.seal(b'OK')}[how])

    fake.hooks[verb] = hook
    words = {'LIST': ['inbox'], 'WHO': ['send', 'alice', '-m', 'x']}.get(verb, ['read'])
    done = bob.run(*words, status=None)
    assert done.returncode != 0 and done.err and 'hello bob' not in done.out
    fake.hooks.clear()
    assert 'hello bob' in bob.run('read').out


def test_no_answer_to_a_compose(at_fake, fake):
    """A connection lost after COMPOSE: the client repeats the same envelope, or says that it doesn't know
    whether it arrived. It is never stored twice."""
    alice = at_fake('alice')
    state = {'n': 0}

    def lost(session, words, body):
        state['n'] += 1
        if state['n'] == 1:
            session.do_compose(words, body)
            raise Vanish()

    fake.hooks['COMPOSE'] = lost
    done = alice.run('send', 'alice', '-m', 'exactly once', status=(0, UNKNOWN))
    assert len(fake.accounts['alice'].messages) == 1
    if done.returncode == UNKNOWN:
        assert done.err
    assert alice.run('read', '--all').out.count('exactly once') == 1


def test_a_full_mailbox_is_told_with_its_numbers(at_fake, fake):
    """limit= and used= of a refusal reach the user."""
    alice = at_fake('alice')
    fake.hooks['COMPOSE'] = lambda s, w, b: b'ERR mailbox-full limit=250 used=250 your share is used up'
    done = alice.run('send', 'alice', '-m', 'x', status=None)
    assert done.returncode not in (0, PROTOCOL) and '250' in done.err


def test_refusals_cannot_drive_a_terminal_or_pass_unknown(at_fake, fake):
    """An ERR with a code of a later version is told; its text is made visible."""
    alice = at_fake('alice')
    fake.hooks['COMPOSE'] = lambda s, w, b: b'ERR brand-new something we do not know'
    done = alice.run('send', 'alice', '-m', 'x', status=None)
    assert done.returncode != 0 and 'something we do not know' in done.err


def test_keys_from_the_server_are_checked(house, at_fake, fake):
    """A vault from the server that isn't the account's is refused at login, and nothing is kept."""
    alice = at_fake('alice', login=False)
    fake.hooks['LOGIN'] = lambda s, w, b: s.logged_in(w[1]).split(b'\n')[0] + b'\nvault: %s\n' % other.vault
    other = Account('alice', alice.account.password, house.keys_of('bob'), quick=False, salt=alice.account.salt)
    assert alice.run('login', status=PROTOCOL).err
    assert not any(path.endswith('keys') for path in alice.files())
