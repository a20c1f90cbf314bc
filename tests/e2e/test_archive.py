"""The archive and the quarantine: what was read and sent can be listed, shown, saved and answered, without a server."""
import os
import stat

import pytest

from conftest import FAILED_CHECK, NO_PERMISSION, USAGE
from peer.objects import envelope_make, envelope_open, new_id
from peer.primitives import b64

NO_INPUT, CANT_CREATE, CONFIG = 66, 73, 78


@pytest.fixture
def bob(house, at_fake, fake):
    """bob, logged in at the server in memory; bob.gets() puts a message of alice's into his mailbox and reads it."""
    client = at_fake('bob')
    client.alice = house.person('alice')
    fake.add(client.alice)

    def gets(data, id=None, **how):
        id = id or new_id()
        data = data.encode() if isinstance(data, str) else data
        fake.put('bob', id, 'alice', envelope_make(client.alice, client.account.identity, data, id=id, **how))
        client.run('read')
        return id

    client.gets = gets
    client.out = os.path.join(client.home, 'out')
    os.mkdir(client.out)
    return client


def archive(client):
    (path,) = [path for path in client.files() if path.endswith('/archive')]
    return os.path.join(client.home, path)


def test_history(bob, fake):
    """What was received and sent, oldest first; of one user; the last ones; with files' names, and in full for
    scripts."""
    first = bob.gets('hello bob')
    second = bob.gets(b'\0' * 100, name='a file.bin', type='application/octet-stream')
    bob.run('send', 'alice', '-m', 'hello alice')
    bob.run('send', 'bob', '-m', 'to myself')
    rows = bob.run('history').out.splitlines()[1:]
    assert [row.split()[:2] for row in rows] == [['from', 'alice'], ['from', 'alice'], ['to', 'alice'], ['to', 'bob']]
    assert first in rows[0] and second in rows[1] and 'a file.bin' in rows[1] and ' 100 ' in rows[1]
    assert len(bob.run('history', 'ALICE').out.splitlines()) == 4
    assert bob.run('history', '-n', '1').out.splitlines()[1:] == rows[-1:]
    assert bob.run('history', 'alice', '-n', '2').out.splitlines()[1:] == rows[1:3]
    assert 'no messages from or to carol' in bob.run('history', 'carol').err


def test_show(bob, fake):
    """A message is shown again whole, checked again, by its id or the beginning of it; what was sent too; --raw gives
    its bytes. No server is asked for anything, and none is needed."""
    id = bob.gets('first line\n\x1b[2Jsecond line\n')
    bob.run('send', 'alice', '-m', 'my answer')
    sent = fake.accounts['alice'].messages[0][0]
    bob.target = ('--server', '127.0.0.1:%d' % fake.port)
    before = len(fake.verbs())
    for prefix in (id, id[:6], id[:20], id[:8].upper()):
        out = bob.run('show', prefix).out
        assert 'From: alice' in out and bob.alice.identity.fingerprint in out and 'Id:   ' + id in out
        assert '\n  first line\n  \\x1b[2Jsecond line\n' in out
    out = bob.run('show', sent[:6]).out
    assert out.startswith('To:   alice\n') and '\n  my answer\n' in out
    assert bob.run('show', sent, '--raw').out == 'my answer'
    assert len(fake.verbs()) == before


@pytest.mark.parametrize('id, status', [('12345', USAGE), ('', USAGE), ('g' * 32, USAGE), ('0' * 33, USAGE),
                                        ('../../x', USAGE), ('0' * 32, NO_INPUT)])
def test_ids_that_are_none(bob, id, status):
    """Too short, too long, of other characters, or of no message: told, with a status of its own, for every word."""
    bob.gets('x', id='f' * 32)
    for words in (['show', id], ['save', id, bob.out], ['reply', id, '-m', 'x']):
        assert bob.run(*words, status=status).err
    assert not os.listdir(bob.out)


def test_two_ids_that_begin_alike(bob):
    """What several ids begin with names none of them; both are told."""
    one, two = 'abcdef' + '0' * 26, 'abcdef' + '1' * 26
    bob.gets('one', id=one)
    bob.gets('two', id=two)
    done = bob.run('show', 'abcdef', status=USAGE)
    assert one in done.err and two in done.err and not done.out
    assert '  one' in bob.run('show', 'abcdef0').out


def test_a_message_to_oneself(bob, fake):
    """It is in the archive twice, as sent and as received, under one id: the received one is shown."""
    bob.run('send', 'bob', '-m', 'note')
    id = fake.accounts['bob'].messages[0][0]
    assert bob.run('show', id).out.startswith('To:   bob')
    bob.run('read')
    assert bob.run('show', id).out.startswith('From: bob') and bob.run('history').out.count(id) == 2


def test_one_id_of_several_people(bob, house, fake):
    """A sender chooses the id, so that a server and a sender together can give theirs the id of another's message: an
    answer to it goes to nobody, and what is shown says whose it is and that there is another."""
    mallory = house.person('mallory')
    fake.add(mallory)
    id = new_id()
    fake.put('bob', id, 'mallory', envelope_make(mallory, bob.account.identity, b'first', id=id))
    bob.run('read')
    bob.gets('from alice', id=id)
    for words in (['reply', id], ['send', 'bob', '--reply', id[:8]]):
        done = bob.run(*words, '-m', 'secret', status=USAGE)
        assert 'mallory' in done.err and 'alice' in done.err
    assert 'COMPOSE' not in fake.verbs()
    done = bob.run('show', id)
    assert 'From: mallory' in done.out and 'alice' in done.err
    assert 'alice' in bob.run('prove', id).err
    bob.run('send', 'alice', '-m', 'one of mine')
    sent = fake.accounts['alice'].messages[0][0]
    fake.put('bob', sent, 'mallory', envelope_make(mallory, bob.account.identity, b'second', id=sent))
    bob.run('read')
    bob.run('reply', sent, '-m', 'more for alice', status=USAGE)


def test_files(bob, fake):
    """`read` tells of a file and keeps it; `show` doesn't show it; `save` puts it into a directory under its name,
    numbered where that is taken, and prints the path. A text is saved under its id."""
    data = bytes(range(256)) * 10
    id = bob.gets(data, name='all.bin', type='application/octet-stream')
    assert not fake.accounts['bob'].messages
    out = bob.run('show', id).out
    assert 'File: all.bin (application/octet-stream, 2560 bytes)' in out and 'save %s DIR' % id[:8] in out
    assert '\\x01' not in out
    assert bob.run('save', id[:6], bob.out).out == bob.out + '/all.bin\n'
    assert bob.run('save', id[:6], bob.out).out == bob.out + '/all.2.bin\n'
    for name in ('all.bin', 'all.2.bin'):
        path = os.path.join(bob.out, name)
        with open(path, 'rb') as file:
            assert file.read() == data
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    text = bob.gets('some text')
    assert bob.run('save', text, bob.out).out == '%s/%s\n' % (bob.out, text)


def test_where_nothing_can_be_saved(bob):
    """A directory that isn't one, or isn't there: told, and nothing is made."""
    id = bob.gets('x')
    for place in (os.path.join(bob.out, 'none'), archive(bob)):
        assert place in bob.run('save', id, place, status=CANT_CREATE).err
    assert not os.listdir(bob.out)
    bob.run('save', id, status=USAGE)


def test_reply(bob, fake):
    """An answer goes to the sender, with a text, a file or standard input; `send --reply` may name others too."""
    id = bob.gets('a question')
    path = os.path.join(bob.home, 'answer.bin')
    with open(path, 'wb') as file:
        file.write(b'\0answer')
    bob.run('reply', id[:6], '-m', 'one')
    bob.run('reply', id, '-', input=b'two')
    bob.run('reply', id, input=b'three')
    bob.run('reply', id, '-f', path)
    bob.run('send', 'bob', '--reply', id, '-m', 'five')
    opened = [envelope_open(m[4], bob.alice, bob.account.identity, m[0])[0] for m in fake.accounts['alice'].messages]
    assert [message.data for message in opened] == [b'one', b'two', b'three', b'\0answer', b'five']
    assert opened[3].name == 'answer.bin' and len(fake.accounts['bob'].messages) == 1
    for words in (['reply', id, '-', '-m', 'x'], ['reply', id, 'x'], ['send', 'alice', '--reply', 'x', '-m', 'y']):
        bob.run(*words, status=USAGE)


def test_reply_at_the_prompt(bob, fake):
    """The text is written line by line; what is refused isn't run."""
    id = bob.gets('a question')
    done = bob.run(input=b'reply %s\nmy answer\nlogout\n.\nreply 00000000\nlogout\n.\nwhoami\n' % id[:6].encode(),
                   status=NO_INPUT)
    (message,) = fake.accounts['alice'].messages
    assert envelope_open(message[4], bob.alice, bob.account.identity, message[0])[0].data == b'my answer\nlogout\n'
    assert 'logged out' not in done.all and bob.account.identity.fingerprint in done.out


# ---- at rest ----

def test_the_archive_is_sealed(bob):
    """Nothing of what was said, who said it, or its key is in the file; without the password none of it is shown."""
    bob.gets('Ganz-geheimer-Text', name='geheim.txt')
    bob.run('send', 'alice', '-m', 'Noch-geheimer')
    with open(archive(bob), 'rb') as file:
        data = file.read()
    assert stat.S_IMODE(os.stat(archive(bob)).st_mode) == 0o600
    for secret in (b'geheim', b'alice', b'Geheim', b64(bob.account.keys.archive).encode()):
        assert secret not in data
    for words in (['history'], ['show', '000000']):
        assert 'alice' not in bob.run(*words, password='wrong', status=NO_PERMISSION).all


@pytest.mark.parametrize('harm', ['a flipped bit', 'a line of junk', 'a torn end', 'zeros at the end', 'cut in a line'])
def test_a_damaged_archive(bob, harm):
    """Damage costs the message that it hit, is told, and doesn't keep the others from being read, nor new ones from
    being added. An end that a crash cut short is none."""
    ids = [bob.gets('message %d' % i) for i in range(3)]
    with open(archive(bob), 'rb') as file:
        lines = file.read().splitlines(True)
    second = bytearray(lines[1])
    second[200] ^= 1
    with open(archive(bob), 'wb') as file:
        file.write({'a flipped bit': lines[0] + second + lines[2], 'a line of junk': lines[0] + b'junk\n' + b''.join(lines[1:]),
                    'a torn end': b''.join(lines) + lines[0][:700], 'zeros at the end': b''.join(lines) + bytes(5000),
                    'cut in a line': lines[0] + lines[1][:900] + b'\n' + lines[2]}[harm])
    is_damage = harm in ('a flipped bit', 'a line of junk', 'cut in a line')
    lost = [ids[1]] if harm in ('a flipped bit', 'cut in a line') else []
    done = bob.run('history', status=CONFIG if is_damage else 0)
    assert [id for id in ids if id not in done.out] == lost and ('archive' in done.err) == is_damage
    ids.append(bob.gets('another'))
    for id in ids:
        bob.run('show', id, status=NO_INPUT if id in lost else 0)
    if not is_damage:
        with open(archive(bob), 'rb') as file:
            assert file.read().startswith(b''.join(lines)) and len(bob.run('history').out.splitlines()) == 5


def test_a_body_that_was_changed(bob):
    """A message whose body doesn't open any more is told to be damaged, and nothing of it is shown."""
    id = bob.gets('important words')
    with open(archive(bob), 'r+b') as file:
        data = file.read()
        file.seek(len(data) - 200)
        file.write(b'A' if data[-200:-199] != b'A' else b'B')
    done = bob.run('show', id, status=CONFIG)
    assert done.err and not done.out


def test_an_archive_that_cannot_be_written(bob, fake):
    """What can't be kept isn't shown and isn't acknowledged: it stays on the server."""
    bob.gets('first')
    path = archive(bob)
    os.rename(path, path + '.away')
    os.mkdir(path)
    id = new_id()
    fake.put('bob', id, 'alice', envelope_make(bob.alice, bob.account.identity, b'second', id=id))
    done = bob.run('read', status=None)
    assert done.returncode != 0 and 'second' not in done.out and len(fake.accounts['bob'].messages) == 1
    os.rmdir(path)
    os.rename(path + '.away', path)
    assert 'second' in bob.run('read').out and not fake.accounts['bob'].messages


def test_a_message_that_comes_again_is_archived_once(bob, fake):
    """A server that hands the same message out again: not shown again, and in the archive once."""
    id = bob.gets('once')
    fake.put('bob', id, 'alice', envelope_make(bob.alice, bob.account.identity, b'other', id=id))
    bob.run('read', status=FAILED_CHECK)
    assert bob.run('history').out.count(id) == 1


def test_unsigned_texts(house, at_house):
    """A text from an account without keys is in the archive, marked wherever it is shown."""
    bob = at_house('bob')
    house.keep_secret('geheim-paul')
    house.plain('REGISTER paul geheim-paul\nCOMPOSE bob\njust some words\nEXIT\n')
    bob.run('read')
    row = bob.run('history').out.splitlines()[1]
    assert 'UNSIGNED' in row and 'paul' in row
    out = bob.run('show', row.split()[4]).out
    assert 'UNSIGNED' in out and 'just some words' in out


# ---- the quarantine ----

def test_the_quarantine(bob, fake):
    """Lists what failed its checks, with the reason; shows why, and the bytes with all made visible, by the beginning
    of an id; needs no password; changes nothing."""
    assert 'nothing in the quarantine' in bob.run('quarantine', password=None).err
    ids = ['a' * 32, 'b' * 32]
    for id in ids:
        fake.put('bob', id, 'alice', b'\x1b[2Jno envelope \xff' + id.encode())
    bob.run('read', '--all', status=FAILED_CHECK)
    before = bob.files()
    rows = bob.run('quarantine', password=None).out.splitlines()
    assert len(rows) == 3 and all('alice' in row for row in rows[1:]) and all(id in '\n'.join(rows) for id in ids)
    out = bob.run('quarantine', 'aaaaaa', password=None).out
    assert out.startswith('NOT TRUSTED: ') and 'alice' in out and '\\x1b[2Jno envelope \\xff' in out
    assert os.path.join(bob.home, 'state') in out
    bob.run('quarantine', 'cccccc', password=None, status=NO_INPUT)
    bob.run('quarantine', 'aaa', password=None, status=USAGE)
    assert bob.files() == before


def test_two_of_one_id_in_the_quarantine(bob, fake):
    """The beginning of the hash tells them apart."""
    for text in (b'one', b'two'):
        fake.put('bob', 'a' * 32, 'alice', text)
        bob.run('read', status=FAILED_CHECK)
    assert 'Type more' in bob.run('quarantine', 'a' * 32, password=None, status=USAGE).err
    stems = [os.path.basename(p)[:-8] for p in bob.files() if p.endswith('.message')]
    assert len(stems) == 2
    shown = [bob.run('quarantine', stem[:40], password=None).out for stem in stems]
    assert sorted('  one' in out for out in shown) == [False, True]
