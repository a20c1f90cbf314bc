"""What a stranger met in the first minutes at the prompt: texts that can't be sent, refused words, narrow
terminals."""
import os
import re
import signal
import threading
import time

import pexpect
import pytest

from conftest import NO_PERMISSION, USAGE, WAITING, Client, eventually
from peer.objects import envelope_make, envelope_open, new_id
from peer.server import Vanish
from test_prompt import Prompt, newcomer, prompt  # noqa: F401  (fixtures)


class Terminal(Prompt):
    """A prompt at a terminal that can do more than a dumb one, of a given width."""

    def __init__(self, client, columns=80, rows=24, term='xterm'):
        make = client.environment
        client.environment = lambda **more: make(**{'TERM': term, **more})
        self.size = (rows, columns)
        super().__init__(client)

    def ready(self, user='secmsg'):
        if self.size:
            self.spawn.setwinsize(*self.size)
            self.size = None
        super().ready(user)

    def said(self, line, user='alice'):
        """What a line is answered with, as rows without escape sequences."""
        start = len(self.shown)
        self.type(line)
        self.expect(line)
        self.ready(user)
        text = re.sub(r'\x1b\[[?0-9;]*[a-zA-Z]', '', self.shown[start:]).replace('\r\n', '\n')
        text = re.sub(r'[^\n]*\r', '', text)
        return text.split(line, 1)[1].rsplit(user + '> ', 1)[0].strip('\n').split('\n')


def compose(p, user, *lines):
    p.type('compose ' + user)
    p.expect('Write the message')
    for line in lines:
        p.type(line)


def outbox(client):
    return {path: data for path, data in client.files().items() if '/outbox/' in path}


# ---- a text is never thrown away ----

def test_a_text_that_is_refused_waits_in_the_outbox(at_fake, fake, prompt):
    """A full mailbox: the user is told that nothing was sent and how to go on; the text waits, sealed, and `flush`
    sends it in another session; then nothing waits."""
    client = at_fake('alice')
    fake.hooks['COMPOSE'] = lambda s, w, b: b'ERR mailbox-full limit=2 used=2 no room'
    p = prompt(client).login()
    compose(p, 'alice', 'dear friend', '.')
    p.expect('nothing was sent')
    p.expect('`flush`')
    p.expect('`outbox --drop ')
    p.ready('alice')
    (path, data), = outbox(client).items()
    assert b'dear friend' not in data
    assert os.stat(os.path.join(client.home, path)).st_mode & 0o777 == 0o600
    p.type('exit')
    p.end()
    fake.hooks.clear()
    p = prompt(client).login()
    p.type('outbox')
    p.expect('alice')
    p.ready('alice')
    p.type('flush')
    p.expect('sent to alice')
    p.ready('alice')
    assert not outbox(client) and len(fake.accounts['alice'].messages) == 1
    p.type('read')
    p.expect('dear friend')
    p.ready('alice')


def test_what_waits_goes_before_what_is_written_later(at_fake, fake, prompt):
    """Ctrl-C drops the text that is being written, and nothing that waits; the next message follows what waits."""
    client = at_fake('alice')
    fake.hooks['COMPOSE'] = lambda s, w, b: b'ERR storage-full no room at all'
    p = prompt(client).login()
    for text in ('one', 'two'):
        compose(p, 'alice', text, '.')
        p.expect('in the outbox')
        p.ready('alice')
    fake.hooks.clear()
    compose(p, 'alice', 'never')
    p.expect('never')
    p.spawn.sendintr()
    p.expect('dropped')
    p.ready('alice')
    assert len(outbox(client)) == 2 and not fake.accounts['alice'].messages
    compose(p, 'alice', 'three', '.')
    for _ in range(3):
        p.expect('sent to alice')
    p.ready('alice')
    assert not outbox(client)
    alice = client.account
    assert [envelope_open(m[4], alice, alice.identity, m[0])[0].data for m in fake.accounts['alice'].messages] == [
        b'one\n', b'two\n', b'three\n']


def test_an_unknown_fate_keeps_the_very_same_envelope(at_fake, fake, prompt):
    """When no answer comes, the envelope itself is kept, and `flush` sends the very same under the same id, which the
    server keeps once."""
    client = at_fake('alice')
    sent = []

    def swallow(session, words, body):
        sent.append((words[2], body))
        raise Vanish()

    fake.hooks['COMPOSE'] = swallow
    p = prompt(client, '--timeout', '1').login()
    compose(p, 'alice', 'once', '.')
    p.expect("isn't known whether")
    p.expect('very same')
    p.ready('alice')
    p.type('outbox')
    p.expect('no answer came')
    p.ready('alice')
    fake.hooks['COMPOSE'] = lambda s, w, b: sent.append((w[2], b))
    p.type('flush')
    p.expect('sent to alice')
    p.ready('alice')
    assert len(sent) > 1 and len(set(sent)) == 1 and not outbox(client)
    client.run('--timeout', '1', 'ping')


def test_a_piped_text_says_that_nothing_was_sent(at_fake, fake):
    """From a pipe too; and what waits isn't overtaken."""
    client = at_fake('alice')
    fake.hooks['COMPOSE'] = lambda s, w, b: b'ERR mailbox-full no room'
    done = client.run(input=b'compose alice\nhello\n.\n', status=75)
    assert 'nothing was sent' in done.err.lower() and len(outbox(client)) == 1
    fake.hooks['COMPOSE'] = lambda s, w, b: (_ for _ in ()).throw(Vanish())
    done = client.run('--timeout', '1', input=b'compose alice\nother\n.\n', status=WAITING)
    assert "isn't known" in done.err and 'behind an earlier one' in done.err and len(outbox(client)) == 2


# ---- what follows a refused compose is never run ----

@pytest.mark.parametrize('line', ['compose nobody9', 'compose a b', 'compose --raw alice', 'compose "alice',
                                  'compose --nonsense', 'compose no/body', '--timeout 9 compose nobody9'])
def test_the_text_of_a_refused_compose_is_not_run(at_fake, fake, line):
    """From a pipe, the lines up to the lone dot are swallowed; what follows them is run."""
    client = at_fake('alice')
    script = line + '\nDear friend\nlogout\n.\nwhoami\n'
    done = client.run(input=script.encode(), status=(USAGE, 67))
    assert 'logged out' not in done.all and 'no word' not in done.all
    assert client.account.identity.fingerprint in done.out


def test_the_text_of_a_compose_without_login_is_not_run(at_fake):
    """Nobody is logged in: the text is swallowed, not run."""
    client = at_fake('alice', login=False)
    done = client.run(input=b'compose bob\nDear friend\nhelp\n.\nping\n', status=NO_PERMISSION)
    assert 'no word' not in done.err and 'compose' not in done.out and 'ms' in done.out


def test_a_pasted_block_is_not_run(at_fake):
    """Several lines that are pasted at once at a terminal are no words."""
    p = Terminal(at_fake('alice')).login()
    p.spawn.send('\x1b[200~compose nobody9\nlogout\n.\n\x1b[201~\r')
    p.expect('several lines')
    p.ready('alice')
    assert 'logged out' not in p.shown
    p.close()


def test_a_prompt_that_is_hung_up_while_it_sends_doubles_nothing(at_fake, fake):
    """The terminal is closed while an answer is waited for: the outbox knows that it isn't known, and the very same
    message is repeated, which the server keeps once."""
    client, waits, ends = at_fake('alice'), threading.Event(), threading.Event()

    def hang(session, words, body):
        session.do_compose(words, body)
        waits.set()
        ends.wait(60)
        raise Vanish()

    fake.hooks['COMPOSE'] = hang
    p = Terminal(client).login()
    compose(p, 'alice', 'precious', '.')
    assert waits.wait(60)
    p.spawn.kill(signal.SIGHUP)
    p.spawn.expect(pexpect.EOF)
    ends.set()
    del fake.hooks['COMPOSE']
    p = Terminal(client).login()
    p.type('outbox')
    p.expect('no answer came')
    p.ready('alice')
    p.type('flush')
    p.expect('sent to alice')
    p.ready('alice')
    assert len(fake.accounts['alice'].messages) == 1 and not outbox(client)
    p.close()


def test_a_script_with_options_before_compose_runs_no_text(at_fake):
    """However wrong the line is that asks for compose, its text isn't run."""
    client = at_fake('alice')
    done = client.run(input=b'--timeout 0 compose carol\nlogout\n.\nwhoami\n', status=None)
    assert 'logged out' not in done.out + done.err


def test_a_pasted_text_ends_like_a_typed_one(at_fake, fake, house):
    """Lines that are pasted into a message are lines of it, whole with their tabs; the lone dot behind them ends it,
    whether it is typed or pasted, and a typed tab is kept too."""
    bob = house.person('bob')
    fake.add(bob)
    client = at_fake('alice')
    p = Terminal(client).login()
    for end in ('\x1b[201~.\r', '.\nmore\n\x1b[201~\r'):
        compose(p, 'bob')
        p.spawn.send('typed\ttab\r')
        p.spawn.send('\x1b[200~first\tpasted line\nsecond pasted line\n' + end)
        p.expect('sent to bob')
        p.ready('alice')
    alice = client.account.identity
    texts = [envelope_open(m[4], bob, alice, m[0])[0].data for m in fake.accounts['bob'].messages]
    assert texts == [b'typed\ttab\nfirst\tpasted line\nsecond pasted line\n'] * 2
    p.close()


# ---- Ctrl-D ----

@pytest.mark.parametrize('term', ['dumb', 'xterm'])
def test_ctrl_d_ends_a_message_and_nothing_else(at_fake, fake, term):
    """After Ctrl-D in compose later lines aren't followed by empty ones, and the prompt goes on."""
    p = Terminal(at_fake('alice'), term=term).login()
    before = p.said('whoami')
    compose(p, 'alice', 'text')
    p.expect('text')
    p.spawn.sendeof()
    p.expect('sent to alice')
    p.ready('alice')
    assert p.said('whoami') == before
    start = len(p.shown)
    p.type('ping')
    p.ready('alice')
    assert '\n\r\n' not in p.shown[start:] and '\n\n' not in p.shown[start:]
    p.spawn.sendeof()
    p.expect('Bye')
    p.end()


@pytest.mark.parametrize('term', ['dumb', 'xterm'])
def test_ctrl_d_behind_text_ends_the_message_with_it(at_fake, fake, term):
    """Ctrl-D on a line with text sends the message, that text included."""
    client = at_fake('alice')
    p = Terminal(client, term=term).login()
    compose(p, 'alice', 'first line')
    p.spawn.send('last line')
    p.expect('last line')
    p.spawn.sendeof()
    p.expect('sent to alice')
    p.ready('alice')
    read = '\n'.join(p.said('read'))
    assert '  first line\n  last line' in read
    p.close()


# ---- help ----

def test_every_word_of_help_has_its_help(at_fake):
    """`help WORD` and `WORD --help` know every word that `help` shows, and no word of the command line's."""
    p = Terminal(at_fake('alice')).login()
    words = [row.split()[0] for row in p.said('help') if re.match('[a-z]+  ', row)]
    assert {'compose', 'exit', 'quit', 'send', 'help'} <= set(words)
    for word in words:
        for line in ('help ' + word, word + ' --help'):
            text = '\n'.join(p.said(line))
            assert text.startswith('Usage: ' + word), text
            assert not re.search('secmsg help|--server|--exec|--home|--user|--password-fd', text)
    p.close()


def test_options_without_a_word(at_fake):
    """--help, -h and --version answer; a wrong option refers to the prompt's own help."""
    p = Terminal(at_fake('alice')).login()
    assert p.said('--help') == p.said('-h') == p.said('help')
    assert p.said('--version')[0].startswith('secmsg ')
    assert '`help`' in ' '.join(p.said('--timeout 5'))
    for line in ('read --frobnicate', 'read -x', 'read -n', 'read --number', 'read --raw=1', 'read -f x'):
        text = ' '.join(p.said(line))
        assert 'help read' in text and 'secmsg help' not in text, text
    p.close()


def test_too_much(at_fake):
    """`quit now` and `logout now` are refused alike, and without a space at the end."""
    p = Terminal(at_fake('alice')).login()
    for word in ('quit', 'exit', 'logout', 'ping'):
        assert p.said(word + ' now') == ['"now" is too much: type `%s`.' % word]
    p.close()


def test_the_prefix_is_the_name(at_fake):
    """Every line about a wrong command line begins with `secmsg: `, not with a path."""
    client = at_fake('alice', login=False)
    for words in (['--frobnicate'], ['-x'], ['read', '-n'], ['read', '--raw=1'], ['ping', 'now'], ['--pass', 'x']):
        done = client.run(*words, status=USAGE)
        assert all(line.startswith('secmsg: ') for line in done.err.splitlines()), done.err
        assert client.home not in done.err


# ---- login and register that fail ----

def test_a_failed_login_or_register_logs_nobody_out(at_fake, fake, house):
    """Ctrl-C at the password, a taken name, a wrong password: whoever was logged in still is."""
    client = at_fake('alice')
    fake.add(house.person('bob', quick=False))
    p = Terminal(client).login()
    for line, question in (('login bob', 'Password: '), ('login', 'Password: '), ('register carol', 'New password: ')):
        p.type(line)
        p.expect(question)
        assert p.spawn.waitnoecho()
        p.spawn.sendintr()
        p.ready('alice')
    p.said('register alice')
    p.said('login bad!name')
    p.type('register bob')
    p.secret('New password: ', 'one two')
    p.secret('The same again: ', 'one two')
    p.expect('taken')
    p.ready('alice')
    assert p.said('inbox') == ['no messages are waiting.']
    p.type('login bob')
    for _ in range(3):
        p.secret('Password: ', 'wrong')
    p.ready('alice')
    compose(p, 'alice', 'still here', '.')
    p.expect('sent to alice')
    p.close()


def test_closed_registration_is_told_at_once(house):
    """Where no accounts are made, nobody thinks of a password first; a script's password isn't run."""
    listener = house.listen('--registration=closed')
    client = Client(house, house.person('alice', quick=False), '--server', '127.0.0.1:%d' % listener.port)
    p = Terminal(client)
    text = ' '.join(p.said('register alice', user='secmsg'))
    assert 'takes no new accounts' in text and 'password' not in text and 'making keys' not in text
    p.close()
    done = client.run(input=b'register alice\nGeheim\nping\n', password=False, status=NO_PERMISSION)
    assert 'Geheim' not in done.all and 'ms' in done.out


def test_a_refusal_is_said_once(at_fake, fake):
    """A refusal is one sentence with what to do, not two that say the same."""
    p = Terminal(at_fake('alice', login=False), columns=250)
    p.type('login alice')
    p.secret('Password: ', 'wrong')
    p.expect('Password: ')
    said = p.shown.split('Password: ')[1]
    assert said.lower().count('wrong name or password') == 1, said
    assert 'auth-failed' in said
    p.close()


# ---- narrow terminals ----

def width(rows):
    return max(map(len, rows))


@pytest.mark.parametrize('columns', [80, 40])
def test_everything_fits_the_terminal(at_fake, fake, house, columns):
    """At 80 and 40 columns no row of inbox, help, notes or greetings is wider, and words stay whole."""
    client = at_fake('alice')
    bob = house.person('a-name-that-is-as-long-as-can-be', quick=False)
    for account in (bob, client.account):
        for size in (1, 5000):
            fake.add(account) if account is bob else None
            fake.put('alice', new_id(), account.user, b'x' * size)
    p = Terminal(client, columns=columns, rows=24)
    greeting = p.shown.replace('\r', '').split('secmsg> ')[0].split('\n')
    p.login()
    inbox, help_ = p.said('inbox'), p.said('help')
    assert width(inbox) <= columns and width(help_) <= columns and len(help_) < 24
    assert re.search(r'\d{4}-\d\d-\d\d \d\d:\d\d ', '\n'.join(inbox)), inbox
    assert '4.9 KB' in '\n'.join(inbox) and bob.user in '\n'.join(inbox)
    for rows in (greeting, p.said('send alice'), p.said('frobnicate'), p.said('--server x ping'), p.said('help send')):
        assert width([re.sub(r'\x1b\[[?0-9;]*[a-z]', '', row) for row in rows]) <= columns
    p.close()


def test_the_id_is_whole_where_it_fits(at_fake, fake):
    """On a wide terminal and in a pipe ids are whole, on a narrow one their first 8 digits."""
    client = at_fake('alice')
    id = new_id()
    fake.put('alice', id, 'alice', b'x')
    for columns, whole in ((80, True), (50, False)):
        p = Terminal(client, columns=columns).login()
        text = '\n'.join(p.said('inbox'))
        assert id[:8] in text and (id in text) == whole
        p.close()
    assert id in client.run('inbox').out


# ---- the second machine ----

def test_the_first_login_on_a_second_machine_is_no_alarm(house, at_fake, fake):
    """What was stored before the first login here is said to be so; only a time that is far from the server's
    is an alarm."""
    client = at_fake('alice')
    alice = client.account
    now = int(time.time())
    (first,) = [p for p in client.files() if p.endswith('first-login')]
    with open(os.path.join(client.home, first), 'w', encoding='ascii') as file:
        file.write('%d\n' % (now - 50))
    for stored in (now - 100, now - 40):
        id = new_id()
        at = now - 100 if stored == now - 100 else now - 9 * 86400
        fake.put('alice', id, 'alice', envelope_make(alice, alice.identity, b'x', id=id, time=at), stored=stored)
    calm = client.run('read').out
    assert 'stored before your first login on this machine' in calm and '!' not in calm
    alarm = client.run('read').out
    assert alarm.count('  !  ') == 2 and 'older than your first login' in alarm


def test_a_fingerprint_is_whole_on_its_row(at_fake):
    """At 80 columns `ping` breaks no fingerprint."""
    p = Terminal(at_fake('alice')).login()
    rows = p.said('ping')
    assert any(re.fullmatch(r' *(host key: +)?SHA256:[A-Za-z0-9+/]{43}', row) for row in rows), rows
    p.close()
