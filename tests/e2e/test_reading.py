"""secmsg read: what stands on the screen can't be forged, what was shown is known by its bytes, and nothing that
one sender or server does keeps the others' messages from being read."""
import os

import pexpect
import pytest

from conftest import CHANGED, FAILED_CHECK, PROTOCOL, program
from peer.objects import Account, Keys, envelope_make, new_id
from peer.wire import DEADLINE

CANT_CREATE, IO = 73, 74


@pytest.fixture
def bob(house, at_fake, fake):
    """bob, logged in at the server in memory; bob.gets() puts messages into his mailbox."""
    client = at_fake('bob')
    people = {name: house.person(name) for name in ('alice', 'mallory')}
    for account in people.values():
        fake.add(account)

    def sealed(text, sender='alice', id=None, **how):
        id = id or new_id()
        text = text.encode() if isinstance(text, str) else text
        return id, envelope_make(people[sender], client.account.identity, text, id=id, **how)

    def gets(text, sender='alice', id=None, **how):
        id, envelope = sealed(text, sender, id, **how)
        fake.put('bob', id, sender, envelope)
        return id

    client.people, client.sealed, client.gets = people, sealed, gets
    client.out = os.path.join(client.home, 'out')
    os.mkdir(client.out)
    return client


def waiting(fake):
    return len(fake.accounts['bob'].messages)


def quarantined(client):
    return [p for p in client.files() if '/quarantine/' in p and p.endswith('.message')]


FILE = {'name': 'f.bin', 'type': 'application/octet-stream'}


# ---- the screen ----

def at_terminal(client, *words, columns=80, **environment):
    """What the client writes to a terminal, as bytes."""
    password = os.path.join(client.home, 'password')
    with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), 'w') as file:
        file.write(client.account.password)
    spawn = pexpect.spawn(program('secmsg'), [*client.target, '--user', client.user, '--password-file', password,
                                              *words],
                          env={**client.environment(), **environment}, timeout=DEADLINE, dimensions=(50, columns))
    out = spawn.read()
    spawn.close()
    os.remove(password)
    return out


def rows_of(out, columns=80):
    """The rows in which a terminal shows text of one column for each character."""
    rows = []
    for line in out.decode().replace('\r\n', '\n').split('\n'):
        line = line.expandtabs(8)
        rows += [line[i:i + columns] for i in range(0, len(line), columns)]
    return rows


FORGED = 'From: alice (SHA256:sEHcmVeFsOBmovq/UDfTu5bcC5WDQftOHUI1oMGtGgI, pinned)'


@pytest.mark.parametrize('text', [
    '\t' * 60 + '.' + FORGED, ' ' * 78 + FORGED, 'x' * 78 + FORGED, '\t' * 9 + ' ' * 6 + FORGED,
    '\x1b' * 19 + 'xx' + FORGED, 'a b ' * 19 + 'xx' + FORGED], ids=range(6))
@pytest.mark.parametrize('columns', [80, 41])
def test_no_text_reaches_the_first_column(bob, text, columns):
    """However a text is spaced, at a terminal it stays indented: it can't look like another message's head."""
    bob.gets('hello\n' + text, 'mallory')
    out = at_terminal(bob, 'read', columns=columns)
    rows = rows_of(out, columns)
    first = next(i for i, row in enumerate(rows) if row == '  hello')
    assert len(rows) > first + 1
    assert all(row.startswith('  ') for row in rows[first:])
    assert sum(row.startswith('From:') for row in rows) == 1
    assert b'\t' not in out


@pytest.mark.parametrize('columns', [80, 60])
@pytest.mark.parametrize('words', [('read',), ('read', '-o', 'out')])
def test_no_file_name_reaches_the_first_column(bob, columns, words):
    """A file's name doesn't either, in the head, where it was saved, and where it is only told."""
    for before in range(0, columns, 7):
        bob.gets(b'x\0', 'mallory', name='n' * before + 'From- ' * 20, type='application/octet-stream')
    words = [bob.out if word == 'out' else word for word in words]
    rows = rows_of(at_terminal(bob, *words, '--all', columns=columns), columns)
    assert any('From-' in row for row in rows)
    ours = ('From: ', 'Date: ', 'Id:   ', 'File: ', 'Saved: ', 'secmsg: ', '  ')
    assert all(row.startswith(ours) for row in rows), rows


def test_tabs_are_spaces_in_a_file_too(bob):
    """Columns stay columns where stdout is no terminal, and lines stay lines."""
    bob.gets('a\tb\n12345678\tc' + 'd' * 200)
    assert '\n  a       b\n  12345678        c' + 'd' * 200 + '\n' in bob.run('read').out


def test_a_terminal_without_utf8(bob):
    """Where the terminal's character set isn't UTF-8, no byte beyond ASCII is written: 0x9b would drive it."""
    bob.gets('\u00db31mred \u00dd0;title \u00dc')
    out = at_terminal(bob, 'read', LANG='C')
    assert b'<U+00DB>31mred <U+00DD>0;title <U+00DC>' in out
    assert all(byte < 0x7f for byte in out)


@pytest.mark.parametrize('point', [0xad, 0x34f, 0x115f, 0x180e, 0x200b, 0x2060, 0x3164, 0xfe00, 0xfeff, 0xffa0,
                                   0x1d173, 0xe0100], ids=hex)
def test_the_invisible_is_shown(bob, point):
    """Characters without a glyph can't hide in a text."""
    bob.gets('a%sb' % chr(point))
    assert 'a<U+%04X>b' % point in bob.run('read').out


# ---- what was shown ----

def test_an_unsigned_text_does_not_hide_a_signed_message(bob, fake):
    """A server that shows a text of its own under the id of a message that waits: the genuine one is still shown."""
    id, envelope = bob.sealed('the real message')
    identity, fake.accounts['alice'].identity = fake.accounts['alice'].identity, None
    fake.put('bob', id, 'alice', b'made up', signed=False)
    assert 'made up' in bob.run('read').out
    fake.accounts['alice'].identity = identity
    fake.put('bob', id, 'alice', envelope)
    assert 'the real message' in bob.run('read').out and waiting(fake) == 0


def test_other_bytes_under_a_seen_id(bob, fake):
    """A second message under an id that was shown fails its checks: kept aside, told, acknowledged, not shown. The
    very same bytes are only acknowledged."""
    id, envelope = bob.sealed('first words')
    fake.put('bob', id, 'alice', envelope)
    assert 'first words' in bob.run('read').out
    other = bob.sealed('other words', id=id)[1]
    fake.put('bob', id, 'alice', other)
    done = bob.run('read', status=FAILED_CHECK)
    assert 'other words' not in done.all and 'same id' in done.err and waiting(fake) == 0
    assert other in bob.files().values()
    fake.put('bob', id, 'alice', envelope)
    assert 'first words' not in bob.run('read').all and waiting(fake) == 0
    assert len(quarantined(bob)) == 1


# ---- an end ----

def test_an_id_comes_once_in_a_session(bob, fake):
    """A server that gives the same message again and again doesn't keep `read` from ending."""
    id, envelope = bob.sealed('only once')
    fake.hooks['READ'] = lambda s, w, b: b'MESSAGE %s alice 1 signed 5\n' % id.encode() + envelope
    fake.hooks['ACK'] = lambda s, w, b: b'OK 5'
    assert bob.run('read', '--all', status=PROTOCOL).out.count('only once') == 1
    assert fake.verbs().count('READ') == 2


def test_garbage_for_ever(bob, fake):
    """A server that answers READ with garbage for ever doesn't keep `read` from ending."""
    fake.hooks['READ'] = lambda s, w, b: b'MESSAGE %s alice 1 signed 5\n' % new_id().encode() + os.urandom(20)
    fake.hooks['ACK'] = lambda s, w, b: b'OK 5'
    done = bob.run('read', status=FAILED_CHECK)
    assert 'read again' in done.err
    assert fake.verbs().count('READ') <= 1001 and len(quarantined(bob)) <= 1000


@pytest.mark.parametrize('filled', ['bytes', 'files'])
def test_a_full_quarantine(bob, fake, filled):
    """Nobody fills the disk with bad messages: beyond the limit they stay on the server, and it is said what to
    remove. Good ones can still be read."""
    fake.put('bob', new_id(), 'alice', b'garbage')
    bob.run('read', status=FAILED_CHECK)
    place = os.path.dirname(os.path.join(bob.home, quarantined(bob)[0]))
    if filled == 'bytes':
        with open(os.path.join(place, 'large'), 'wb') as file:
            file.truncate(64 << 20)
    else:
        for i in range(10000):
            os.mknod(os.path.join(place, str(i)))
    fake.put('bob', new_id(), 'alice', b'more garbage')
    bob.gets('good words')
    done = bob.run('read', '--all', status=CANT_CREATE)
    assert 'good words' in done.out and place in done.err and 'remove' in done.err and waiting(fake) == 1
    for name in os.listdir(place):
        os.remove(os.path.join(place, name))
    bob.run('read', '--all', status=FAILED_CHECK)
    assert waiting(fake) == 0


def test_garbage_for_ever_in_a_full_quarantine(bob, fake):
    """Nor does a server whose garbage has no room any more, and so stays where it is."""
    fake.put('bob', new_id(), 'alice', b'garbage')
    bob.run('read', status=FAILED_CHECK)
    place = os.path.dirname(os.path.join(bob.home, quarantined(bob)[0]))
    with open(os.path.join(place, 'large'), 'wb') as file:
        file.truncate(64 << 20)
    fake.hooks['READ'] = lambda s, w, b: b'MESSAGE %s alice 1 signed 5\n' % new_id().encode() + b'garbage'
    done = bob.run('read', '--all', status=CANT_CREATE)
    assert 'enough for once' in done.err and fake.verbs().count('READ') <= 10010


# ---- files ----

def test_two_files_of_the_longest_name(bob, fake):
    """A sender can't stop `read --output` with names that leave no room for a number."""
    for name in ('n' * 255, 'n' * 255, '\u00e9' * 127, '\u00e9' * 127, 'a.' + 'x' * 253, 'a.' + 'x' * 253):
        bob.gets(b'bin\0', name=name, type='application/octet-stream')
    bob.gets('a good one')
    assert 'a good one' in bob.run('read', '--all', '-o', bob.out).out
    assert len(os.listdir(bob.out)) == 6 and waiting(fake) == 0


def test_saving_is_all_or_nothing(bob, fake):
    """When stdout doesn't take what is told of a saved file, the file is gone again, however often that is tried."""
    bob.gets(b'bin\0', **FILE)
    with open('/dev/full', 'wb') as full:
        for _ in range(3):
            assert bob.run('read', '-o', bob.out, status=IO, stdout=full).err
    assert os.listdir(bob.out) == [] and waiting(fake) == 1
    bob.run('read', '-o', bob.out)
    assert os.listdir(bob.out) == ['f.bin'] and waiting(fake) == 0


# ---- the prompt ----

def test_a_file_is_saved_in_the_session_that_told_of_it(bob, fake):
    """At the prompt, `save` takes the file that `read` has just told of, by the words that `read` gave."""
    id = bob.gets(b'bin\0', **FILE)
    done = bob.run(input=b'read\nsave %s %s\n' % (id[:8].encode(), bob.out.encode()))
    assert 'save it with `save %s DIR`' % id[:8] in done.out and 'bin' not in done.out.replace('f.bin', '')
    assert os.listdir(bob.out) == ['f.bin'] and waiting(fake) == 0
    with open(os.path.join(bob.out, 'f.bin'), 'rb') as file:
        assert file.read() == b'bin\0'


def test_a_message_of_a_changed_identity_is_told_again(bob, fake, rsa_keys):
    """At the prompt, what stays on the server because its sender's identity changed is not forgotten."""
    bob.gets('first')
    bob.run('read')
    other = Account('alice', keys=Keys(rsa_keys[1], rsa_keys[3]))
    fake.accounts['alice'].identity = other.identity.text
    id = new_id()
    fake.put('bob', id, 'alice', envelope_make(other, bob.account.identity, b'new keys', id=id))
    done = bob.run(input=b'read\nread\n', status=CHANGED)
    assert done.err.count('stays on the server, unread') == 2 and 'no new messages' not in done.err


# ---- pins ----

def test_a_sender_is_pinned_by_what_they_signed(bob, fake):
    """WHO's answer alone pins nobody: a message that isn't signed by it leaves no pin."""
    other = Account('alice', keys=bob.people['mallory'].keys)
    genuine, fake.accounts['alice'].identity = fake.accounts['alice'].identity, other.identity.text
    bob.gets('never mind')
    bob.run('read', status=FAILED_CHECK)
    fake.accounts['alice'].identity = genuine
    bob.gets('hello bob')
    done = bob.run('read')
    assert 'hello bob' in done.out and bob.people['alice'].identity.fingerprint in done.err


def test_a_first_pin_is_told_with_raw_too(bob):
    """--raw has no head: the fingerprint of a new sender is told on stderr, once."""
    bob.gets('raw words')
    bob.gets('more words')
    done = bob.run('read', '--raw', '--all')
    assert done.out == 'raw wordsmore words'
    assert done.err.count(bob.people['alice'].identity.fingerprint) == 1 and 'pinned' in done.err
