"""A text in an editor: however the editor, the terminal or the client ends, what was saved is kept, sealed, and lies
nowhere unsealed."""
import glob
import os
import signal

import pexpect
import pytest

from conftest import eventually
from peer.objects import envelope_open
from test_first_minutes import Terminal, compose


@pytest.fixture
def alice(at_fake, fake, house):
    """A client at the server in memory, where bob has an account too; `alice.script(text)` makes her editor."""
    fake.bob = house.person('bob')
    fake.add(fake.bob)
    client = at_fake('alice')
    editor = os.path.join(client.home, 'editor')
    make = client.environment
    client.environment = lambda **more: make(**{'EDITOR': editor, **more})

    def script(text):
        with open(editor, 'w', opener=lambda p, f: os.open(p, f, 0o700)) as file:
            file.write('#!/bin/sh\n' + text + '\n')

    client.script = script
    return client


# What is saved, and then an editor that goes on; its process is `$HOME/pid`.
SAVES = 'echo saved words > "$1"; echo $$ > "$HOME/pid"; exec sleep 600'
# What takes the text that it is given, and sends it.
TAKES = 'cp "$1" "$HOME/taken"'


def left(client):
    """Everything that an editor may have left, and the drafts."""
    return [path for path in client.files() if '/text-' in path or '/draft-' in path]


def unsealed(client):
    account = {path: data for path, data in client.files().items() if '/accounts/' in path}
    return [path for path, data in account.items() if b'words' in data]


def editing(client, script=SAVES):
    """A prompt whose editor has saved and goes on, and the editor's process."""
    client.script(script)
    p = Terminal(client, columns=200).login()
    p.type('edit bob')
    path = os.path.join(client.home, 'pid')
    eventually('the editor has saved', lambda: os.path.exists(path) and os.path.getsize(path))
    with open(path, encoding='ascii') as file:
        pid = int(file.read())
    os.remove(path)
    return p, pid


def is_gone(pid):
    try:
        with open('/proc/%d/stat' % pid, encoding='ascii') as file:
            return file.read().split(') ')[1][0] == 'Z'
    except OSError:
        return True


def sends_the_draft(client, fake, p=None):
    """The next editor begins with what was saved, and sends it."""
    client.script(TAKES)
    p = p or Terminal(client, columns=200).login()
    p.type('edit bob')
    p.expect('sent to bob')
    p.ready('alice')
    id, _, _, _, body = fake.accounts['bob'].messages[-1]
    text = envelope_open(body, fake.bob, client.account.identity, id)[0].data
    assert text == b'saved words\n' == client.files()['taken']
    assert not left(client)
    p.close()


@pytest.mark.parametrize('how', ['hangup', signal.SIGTERM, signal.SIGHUP])
def test_an_editor_whose_terminal_is_closed(alice, fake, how):
    """The terminal is closed, or the client told to end, while the editor runs: that is ended too, what it had saved is
    a draft, and nothing is unsealed."""
    p, pid = editing(alice)
    if how == 'hangup':
        p.spawn.ptyproc.fileobj.close()
        p.spawn.closed = p.spawn.ptyproc.closed = True
        eventually('it ends', lambda: os.waitpid(p.spawn.pid, os.WNOHANG)[0])
    else:
        os.kill(p.spawn.pid, how)
        p.expect('what you wrote is kept: `edit bob` goes on with it.')
        p.spawn.expect(pexpect.EOF)
        p.spawn.close()
        assert p.spawn.signalstatus == how
    eventually('the editor is gone', lambda: is_gone(pid))
    assert [os.path.basename(path) for path in left(alice)] == ['draft-bob'] and not unsealed(alice)
    assert not fake.accounts['bob'].messages
    sends_the_draft(alice, fake)


def test_an_editor_that_does_not_want_to_end(alice, fake):
    """It is killed: the client isn't held up by it."""
    p, _ = editing(alice, 'trap "" HUP TERM; echo saved words > "$1"; echo $$ > "$HOME/pid"; while :; do sleep 0.1; done')
    os.kill(p.spawn.pid, signal.SIGTERM)
    p.expect('what you wrote is kept')
    p.spawn.wait()
    assert [os.path.basename(path) for path in left(alice)] == ['draft-bob']
    sends_the_draft(alice, fake)


@pytest.mark.parametrize('word', ['prompt', 'outbox'])
def test_a_client_that_is_killed(alice, fake, word):
    """kill -9 of the client: as long as the editor lives its text is left alone; then whatever opens the keys next makes
    it a draft, says so, and removes the file."""
    p, pid = editing(alice, 'trap "" HUP; ' + SAVES)
    os.kill(p.spawn.pid, signal.SIGKILL)
    p.spawn.wait()
    assert 'draft' not in alice.run('outbox').err and unsealed(alice)
    os.kill(pid, signal.SIGKILL)
    eventually('the editor is gone', lambda: is_gone(pid))
    if word == 'outbox':
        said = alice.run('outbox').err
        p = None
    else:
        p = Terminal(alice, columns=200).login()
        said = p.shown
    assert 'written to bob in an editor' in said and 'a draft' in said
    assert [os.path.basename(path) for path in left(alice)] == ['draft-bob'] and not unsealed(alice)
    assert 'draft' not in alice.run('outbox').err
    sends_the_draft(alice, fake, p)


def test_logout_removes_what_an_editor_left(alice):
    """The keys that could seal it are gone then."""
    p, pid = editing(alice)
    os.kill(p.spawn.pid, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    p.spawn.wait()
    eventually('the editor is gone', lambda: is_gone(pid))
    assert unsealed(alice)
    assert 'to bob' in alice.run('logout', password=False).err
    assert not unsealed(alice) and not glob.glob(os.path.join(glob.escape(alice.home), '**', 'text-*'), recursive=True)


@pytest.mark.parametrize('end', ['exit 3', 'kill -9 $$'])
def test_an_editor_that_fails_after_it_saved(alice, fake, end):
    """Nothing is sent, and what was saved is kept."""
    alice.script('echo saved words > "$1"; ' + end)
    p = Terminal(alice, columns=200).login()
    p.type('edit bob')
    p.expect('nothing was sent')
    p.expect('kept as a draft: `edit bob` goes on with it.')
    p.ready('alice')
    assert not unsealed(alice) and not fake.accounts['bob'].messages
    sends_the_draft(alice, fake, p)


def test_a_text_from_an_editor_that_is_larger_than_the_server_takes(alice, fake):
    """It is kept, so that it can be shortened."""
    alice.script('yes some words | head -c 3000000 > "$1"')
    p = Terminal(alice, columns=200).login()
    p.type('edit bob')
    p.expect('nothing was sent')
    p.expect('kept as a draft: `edit bob` goes on with it.')
    p.ready('alice')
    assert not unsealed(alice)
    alice.script('wc -c < "$1" > "$HOME/size"; echo saved words > "$1"')
    p.type('edit bob')
    p.expect('sent to bob')
    p.ready('alice')
    assert alice.files()['size'] == b'3000000\n' and not left(alice)
    p.close()


def test_a_typed_text_that_is_larger_than_the_server_takes(alice, fake):
    """The same line by line: it is kept, `compose` shows it again, and an editor can shorten it."""
    fake.hooks['INFO'] = lambda s, w, b: s.do_info(w, b).replace(b'1048576', b'8192')
    p = Terminal(alice, columns=200).login()
    compose(p, 'bob', *['%03d %s' % (i, 'x' * 95) for i in range(60)], '.')
    p.expect('nothing was sent')
    p.expect('kept as a draft: `edit bob` goes on with it.')
    p.ready('alice')
    p.type('compose bob')
    p.expect('059 xxx')
    p.type('.')
    p.expect('kept as a draft: `edit bob`')
    p.ready('alice')
    alice.script('head -n 2 "$1" > "$HOME/two"; cp "$HOME/two" "$1"')
    p.type('edit bob')
    p.expect('sent to bob')
    p.ready('alice')
    assert alice.files()['two'].count(b'\n') == 2 and not left(alice)
    p.close()
