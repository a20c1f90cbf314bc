"""The prompt while nobody presses Enter: messages come, connections break, terminals are closed."""
import copy
import os
import shutil
import signal
import time

import pytest

from conftest import eventually
from peer.objects import Account, envelope_make, envelope_open, new_id
from peer.server import Vanish
from test_first_minutes import Terminal, compose


@pytest.fixture
def alice(at_fake, fake, house):
    """A client at the server in memory, where bob has an account too."""
    fake.bob = house.person('bob')
    fake.add(fake.bob)
    return at_fake('alice')


def put(fake, client, text):
    id = new_id()
    fake.put('alice', id, 'bob', envelope_make(fake.bob, client.account.identity, text, id=id, time=int(time.time())))
    return id


def test_a_message_is_shown_above_the_typed_line(alice, fake):
    """What comes while a line is typed is shown by itself and acknowledged, and the line goes on as it was."""
    p = Terminal(alice).login()
    p.spawn.send('hel')
    p.expect('hel')
    put(fake, alice, b'are you there?')
    p.expect('are you there?')
    p.ready('alice')
    p.expect('hel')
    p.type('p inbox')
    p.expect('Usage: inbox')
    eventually('acknowledged', lambda: not fake.accounts['alice'].messages)
    p.close()


def test_what_comes_behind_unread_messages_is_told_of(alice, fake):
    """As long as older messages are unread nothing is taken from the server without being asked for."""
    put(fake, alice, b'older')
    p = Terminal(alice).login()
    put(fake, alice, b'newer')
    p.expect('2 are unread')
    p.ready('alice')
    assert 'newer' not in p.shown and len(fake.accounts['alice'].messages) == 2
    p.type('read --all')
    p.expect('older')
    p.expect('newer')
    p.ready('alice')
    put(fake, alice, b'newest')
    p.expect('newest')
    p.close()


def test_a_lost_connection_is_said_and_mended(alice, fake):
    """Without a key pressed the loss is said once, and then that it is mended; the typed line stays."""
    p = Terminal(alice).login()
    p.spawn.send('inb')
    fake.drop_all()
    p.expect('connects again by itself')
    p.expect('connected again')
    p.ready('alice')
    p.type('ox')
    p.expect('no messages are waiting')
    p.ready('alice')
    put(fake, alice, b'after it')
    p.expect('after it')
    p.close()


@pytest.mark.parametrize('how', ['greeting', 'word', 'word while lost', 'unasked'])
def test_it_connects_again_no_sooner_than_it_was_told(alice, fake, how):
    """A server that wants to be left alone for a while is, however it says so: to a connection that the prompt makes by
    itself, to a word, or unasked. Else it would come at its next look but one, after four."""
    busy, told, logins = b'ERR busy retry-after=5 too much to do', [], []

    def refuse(session, *_):
        told.append(time.monotonic())
        fake.greeting = None
        fake.hooks.pop('LIST' if 'word' in how else 'WAIT', None)
        if how == 'unasked':
            raise Vanish(session.out.seal(b'OK 0') + session.out.seal(busy))
        return busy + (b'\n' if how == 'greeting' else b'')

    p = Terminal(alice).login()
    fake.hooks['PROVE'] = lambda *_: logins.append(time.monotonic())
    if how == 'greeting':
        fake.greeting = refuse
        fake.drop_all()
    elif 'word' in how:
        fake.hooks['LIST'] = refuse
        if how == 'word while lost':
            fake.drop_all()
            p.expect('connects again by itself')
        p.type('inbox')
        p.expect('Try again in 5 seconds.')
    else:
        fake.hooks['WAIT'] = refuse
    if how != 'word while lost':
        p.expect('connects again by itself')
    p.expect('connected again')
    logins = [when for when in logins if when > told[0]]
    assert len(told) == len(logins) == 1 and logins[0] - told[0] >= 5
    p.close()


def test_what_is_typed_connects_at_once(alice, fake):
    """Whoever types a word has decided by themselves to try again."""
    fake.hooks['LIST'] = lambda *_: b'ERR busy retry-after=600 too much to do'
    p = Terminal(alice).login()
    p.type('inbox')
    p.expect('Try again in 600 seconds.')
    p.expect('connects again by itself')
    fake.hooks.clear()
    p.type('inbox')
    p.expect('no messages are waiting')
    p.ready('alice')
    p.close()


def test_what_waits_to_be_sent_is_told_of(alice, fake):
    """What couldn't be sent isn't forgotten: login tells of it, and so does a connection that is mended; when nothing
    waits, nothing is said."""
    fake.hooks['COMPOSE'] = lambda s, w, b: b'ERR busy try again'
    p = Terminal(alice).login()
    assert 'in the outbox' not in p.shown
    compose(p, 'bob', 'one', '.')
    p.ready('alice')
    p.type('exit')
    p.end()
    p = Terminal(alice).login()
    assert '1 message waits in the outbox; `flush`, or the next message, sends it.' in p.shown
    compose(p, 'bob', 'two', '.')
    p.ready('alice')
    fake.drop_all()
    p.expect('connected again')
    p.expect('2 messages wait in the outbox; `flush`, or the next message, sends them.')
    p.ready('alice')
    fake.hooks.clear()
    p.type('flush')
    p.expect('sent to bob')
    p.expect('sent to bob')
    p.ready('alice')
    start = len(p.shown)
    p.type('login')
    p.secret('Password: ', alice.account.password)
    p.expect('logged in as alice')
    p.ready('alice')
    assert 'outbox' not in p.shown[start:]
    p.close()


@pytest.mark.parametrize('how', ['hangup', 'signal'])
def test_a_hang_up_keeps_the_text(alice, fake, how):
    """The terminal is closed in the middle of a message: its lines and the unfinished one are kept, sealed, and the
    next compose to the same user goes on with them."""
    p = Terminal(alice).login()
    compose(p, 'bob', 'first line')
    p.spawn.send('second, unfinished')
    p.expect('unfinished')
    if how == 'hangup':
        p.spawn.ptyproc.fileobj.close()
        p.spawn.closed = p.spawn.ptyproc.closed = True
        eventually('it ends', lambda: os.waitpid(p.spawn.pid, os.WNOHANG)[0])
    else:
        p.spawn.kill(signal.SIGTERM)
        p.expect('compose bob')
        p.spawn.wait()
    (path, data), = [x for x in alice.files().items() if '/draft-' in x[0]]
    assert path.endswith('draft-bob') and b'line' not in data
    assert os.stat(os.path.join(alice.home, path)).st_mode & 0o777 == 0o600
    assert not fake.accounts['bob'].messages
    p = Terminal(alice).login()
    p.type('compose')
    p.expect('a draft to bob')
    p.expect('To: ')
    p.type('bob')
    p.expect('second, unfinished')
    p.type('third')
    p.type('.')
    p.expect('sent to bob')
    p.ready('alice')
    assert not [x for x in alice.files() if '/draft-' in x]
    id, _, _, _, body = fake.accounts['bob'].messages[0]
    assert envelope_open(body, fake.bob, alice.account.identity, id)[0].data == (
        b'first line\nsecond, unfinished\nthird\n')
    p.close()


def test_tab_completes_words_options_users_and_ids(alice, fake):
    """At the start of a line words, behind one what it takes: options, users, ids; nothing in a message."""
    id = put(fake, alice, b'hello')
    p = Terminal(alice).login()
    p.type('read')
    p.expect('hello')
    p.ready('alice')
    for typed, whole in (('inb\t\r', 'no messages are waiting'), ('history --num\t5\r', 'from'),
                         ('history b\t\r', 'from'), ('show %s\t\r' % id[:3], 'hello'),
                         ('help hist\t\r', 'Usage: history')):
        p.spawn.send(typed)
        p.expect(whole)
        p.ready('alice')
    p.close()


def test_a_message_is_written_in_an_editor(alice, fake):
    """`edit` runs $EDITOR on a file of one's own, sends what it leaves, and removes the file; what can't be sent is
    kept as a draft that the editor gets next time; a failing editor sends nothing."""
    editor = os.path.join(alice.home, 'editor')
    with open(editor, 'w', opener=lambda p, f: os.open(p, f, 0o700)) as file:
        file.write('#!/bin/sh\n[ "$1" = -x ] && shift\nstat -c %a "$1" >> "$HOME/modes"\n'
                   'cat "$1" >> "$HOME/before"\n[ -e "$HOME/fail" ] && exit 1\ncp "$HOME/text" "$1"\n')
    make = alice.environment
    alice.environment = lambda **more: make(**{'EDITOR': editor + ' -x', **more})
    p = Terminal(alice).login()

    def edit(line, text, answer):
        with open(os.path.join(alice.home, 'text'), 'wb') as file:
            file.write(text)
        p.type(line)
        p.expect(answer)
        p.ready('alice')

    edit('edit bob', b'hello\n.\nbob\n', 'sent to bob')
    edit('compose --edit bob', b'not \xff text', 'kept as a draft')
    edit('edit bob', b'now it is', 'sent to bob')
    edit('edit bob', b'', 'is empty')
    with open(os.path.join(alice.home, 'fail'), 'w'):
        pass
    edit('edit bob', b'never', 'failed; nothing')
    texts = [envelope_open(m[4], fake.bob, alice.account.identity, m[0])[0].data for m in fake.accounts['bob'].messages]
    assert texts == [b'hello\n.\nbob\n', b'now it is']
    files = alice.files()
    assert files['modes'] == b'600\n' * 5 and files['before'] == b'not \xff text'
    assert not [x for x in files if '/draft-' in x or '/text-' in x]
    p.close()


def test_watch_at_the_prompt_ends_with_ctrl_c(alice, fake):
    """`watch` at the prompt shows what comes; Ctrl-C goes back to the prompt, where everything works as before."""
    fake.hooks['WAIT'] = lambda s, words, b: time.sleep(0.2) if words[1] != '0' else None
    p = Terminal(alice).login()
    p.type('watch')
    p.expect('Ctrl-C ends this')
    put(fake, alice, b'while watching')
    p.expect('while watching')
    eventually('acknowledged', lambda: not fake.accounts['alice'].messages)
    p.spawn.sendintr()
    p.ready('alice')
    p.type('inbox')
    p.expect('no messages are waiting')
    p.ready('alice')
    p.type('exit')
    p.end()


def test_a_text_that_the_outbox_cannot_take_is_a_draft(alice, fake):
    """The outbox is full: what was typed isn't lost with it, and the next compose goes on with it."""
    alice.run('send', 'bob', '-m', 'makes the directory')
    path = next(os.path.join(path, 'outbox') for path, names, _ in os.walk(alice.home) if 'outbox' in names)
    for number in range(1, 10001):
        os.mknod(os.path.join(path, '%012d' % number))
    assert 'quota used up' in alice.run('send', 'bob', '-m', 'x', status=73).err
    p = Terminal(alice).login()
    compose(p, 'bob', 'a long letter', '.')
    p.expect('It is kept as a draft: `compose bob` goes on with it.')
    p.ready('alice')
    for number in range(1, 10001):
        os.remove(os.path.join(path, '%012d' % number))
    p.type('compose bob')
    p.expect('a long letter')
    p.type('.')
    p.expect('sent to bob')
    p.ready('alice')
    assert not [x for x in alice.files() if '/draft-' in x]
    p.close()


# ---- the account was changed elsewhere ----

def changed_elsewhere(alice, fake, house):
    """alice has another password at the server from now on."""
    alice.account.password = 'Neu-' + os.urandom(6).hex()
    other = Account('alice', alice.account.password, house.keys_of('alice'), quick=False)
    house.keep_secret(other.password)
    fake.add(other)


def logs_in_anew(p, alice, start):
    """What was said since start is no fault of who types, and asked for nothing."""
    said = p.shown[start:]
    assert 'Wrong name' not in said and 'connection was lost' not in said and 'Password' not in said
    p.type('login')
    p.secret('Password: ', alice.account.password)
    p.expect('logged in as alice')
    p.ready('alice')
    p.type('inbox')
    p.expect('no messages are waiting')
    p.ready('alice')
    p.close()


def test_a_password_that_is_changed_elsewhere_is_said_at_once(house, at_house):
    """At a real server: unasked, with what to type; nothing is asked for in the middle of a line."""
    alice = at_house('alice')
    other = copy.copy(alice)
    other.home = shutil.copytree(alice.home, alice.home + '.other')
    p = Terminal(other, columns=200).login()
    start = len(p.shown)
    new = os.path.join(alice.home, 'new')
    with open(new, 'w', opener=lambda path, f: os.open(path, f, 0o600)) as file:
        file.write('Neues-Wort-3')
    house.keep_secret('Neues-Wort-3')
    alice.run('passwd', '--new-password-file', new)
    p.expect('was changed on another machine')
    p.expect('Type `login`')
    p.ready('alice')
    alice.account.password = 'Neues-Wort-3'
    logs_in_anew(p, alice, start)


def test_a_password_that_was_changed_elsewhere_is_the_answer(alice, fake, house):
    """In place of an answer."""
    p = Terminal(alice, columns=200).login()
    start = len(p.shown)

    def last(session, words, body):
        session.channel.write(session.out.seal(b'ERR auth-failed this account was changed'))
        raise Vanish()

    fake.hooks['LIST'] = last
    changed_elsewhere(alice, fake, house)
    p.type('inbox')
    p.expect('was changed on another machine')
    p.expect('Type `login`')
    p.ready('alice')
    fake.hooks.clear()
    logs_in_anew(p, alice, start)


def test_a_password_that_was_changed_while_the_connection_was_lost(alice, fake, house):
    """The connection comes back without a key pressed; the login doesn't, and nobody is asked for a password."""
    p = Terminal(alice, columns=200).login()
    changed_elsewhere(alice, fake, house)
    fake.drop_all()
    p.expect('connects again by itself')
    start = len(p.shown)
    p.expect('changed on another')
    p.expect('Type `login`')
    p.ready('alice')
    time.sleep(3)
    logs_in_anew(p, alice, start)
