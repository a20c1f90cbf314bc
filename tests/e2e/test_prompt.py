"""The prompt, in a real terminal: a newcomer's first five minutes, and what goes wrong in them."""
import io
import os
import re
import subprocess

import pexpect
import pytest

from conftest import USAGE, Client, program
from peer.objects import envelope_make, new_id
from peer.server import Vanish
from peer.wire import DEADLINE


class Prompt:
    """secmsg at a pseudo-terminal. What it showed is kept in `shown`."""

    def __init__(self, client, *options):
        self.client, self.kept = client, io.StringIO()
        self.spawn = pexpect.spawn(program('secmsg'), [*client.target, *options], env=client.environment(),
                                   timeout=DEADLINE, encoding='utf-8', codec_errors='replace',
                                   dimensions=(60, 250), cwd=client.home)
        self.spawn.logfile_read = self.kept
        self.expect = self.spawn.expect_exact
        self.ready()

    def ready(self, user='secmsg'):
        self.expect(user + '> ')

    @property
    def shown(self):
        return self.kept.getvalue()

    def type(self, line):
        self.spawn.sendline(line)

    def secret(self, question, text):
        """Answers a question that isn't echoed; waits until the terminal doesn't echo."""
        self.expect(question)
        assert self.spawn.waitnoecho(DEADLINE)
        self.type(text)

    def login(self):
        account = self.client.account
        self.type('login ' + account.user)
        self.secret('Password: ', account.password)
        self.expect('logged in as ' + account.user)
        self.ready(account.user)
        return self

    def end(self, status=0):
        self.spawn.expect(pexpect.EOF)
        self.spawn.wait()
        self.spawn.close()
        assert (self.spawn.exitstatus, self.spawn.signalstatus) == (status, None), self.shown

    def close(self):
        self.spawn.close(force=True)


@pytest.fixture
def prompt():
    prompts = []

    def make(client, *options):
        prompts.append(Prompt(client, *options))
        return prompts[-1]

    yield make
    for p in prompts:
        p.close()


@pytest.fixture
def newcomer(house):
    """Somebody without an account, at a real server over TCP."""
    listener = house.listen()
    return Client(house, house.person('alice', quick=False), '--server', '127.0.0.1:%d' % listener.port)


def test_the_first_five_minutes(house, newcomer, prompt):
    """Register, look into the empty inbox, write to somebody, read their answer, leave: led by questions, with
    no password on the screen, and with a message that the other implementation opens."""
    bob = house.registered('bob')
    p = prompt(newcomer)
    assert re.search(r'SHA256:[A-Za-z0-9+/]{43}', p.shown) and '`register`' in p.shown
    p.type('register')
    p.expect('User name: ')
    p.type('Alice')
    p.secret('New password: ', newcomer.account.password)
    p.secret('The same again: ', newcomer.account.password)
    p.expect('registered and logged in as alice')
    p.ready('alice')
    p.type('inbox')
    p.expect('no messages')
    p.ready('alice')
    p.type('compose')
    p.expect('To: ')
    p.type('bob')
    p.expect('Write the message')
    p.type('hello bob,')
    p.type('привет 你好')
    p.type('.')
    p.expect('sent to bob')
    p.ready('alice')
    with house.login(bob) as peer:
        assert peer.unread == 1
        alice, message = peer.who('alice'), peer.read()
        assert peer.open(message, bob, alice).decode() == 'hello bob,\nпривет 你好\n'
        peer.compose(bob, alice, b'hello alice')
    p.type('read')
    p.expect('From: bob')
    p.expect('hello alice')
    p.ready('alice')
    p.type('read')
    p.expect('no new messages')
    p.ready('alice')
    p.type('exit')
    p.end()
    assert newcomer.account.password not in p.shown
    with house.login(bob) as peer:
        assert peer.list()[0] == 1


def test_login_before_there_is_an_account(newcomer, prompt):
    """Who takes `login` for the beginning learns before any password what the beginning is; and `?` asks for help."""
    p = prompt(newcomer)
    p.type('login alice')
    p.expect('or Ctrl-C and `register alice` if there is none yet')
    p.expect('Password: ')
    p.spawn.sendintr()
    p.ready()
    p.type('?')
    p.expect('make an account')
    p.ready()
    p.type('register alice')
    p.secret('New password: ', newcomer.account.password)
    p.secret('The same again: ', newcomer.account.password)
    p.expect('registered and logged in as alice')
    p.ready('alice')
    seen = len(p.shown)
    p.type('login alice')
    p.secret('Password: ', newcomer.account.password)
    p.expect('logged in as alice')
    assert 'new on this machine' not in p.shown[seen:]


def test_an_invitation_is_asked_for(house, prompt):
    """Before the password, and without showing it; what can't be one isn't sent, and nothing else is asked for."""
    listener = house.listen('--registration=invite')
    house.plain('PING\n')
    token = subprocess.run([program('secmsg-admin'), '--store', house.store, 'invite', 'new'], capture_output=True,
                           text=True, check=True).stdout.strip()
    house.keep_secret(token)
    client = Client(house, house.person('alice', quick=False), '--server', '127.0.0.1:%d' % listener.port)
    p = prompt(client)
    p.type('register alice')
    p.secret('Invitation: ', 'two words')
    p.expect("that can't be an invitation")
    p.ready()
    p.type('register alice')
    p.expect('Invitation: ')
    p.spawn.sendeof()
    p.expect('no invitation was given; nothing was done')
    p.ready()
    p.type('register alice')
    p.secret('Invitation: ', token)
    p.secret('New password: ', client.account.password)
    p.secret('The same again: ', client.account.password)
    p.expect('registered and logged in as alice')
    assert token not in p.shown


def test_login_tells_the_number_of_unread_messages(house, at_house, prompt):
    """After login a returning user is told how many messages wait."""
    client = at_house('alice')
    bob = house.registered('bob')
    with house.login(bob) as peer:
        for _ in range(3):
            peer.compose(bob, client.account.identity, b'x')
    p = prompt(client)
    p.type('login')
    p.secret('Password: ', client.account.password)
    p.expect('3 unread messages')
    p.ready('alice')
    p.spawn.sendeof()
    p.end()


def test_wrong_lines_are_explained_before_anything_is_sent(at_fake, fake, prompt):
    """Each wrong input gets a message of its own and a new prompt, and no command reaches the server."""
    client = at_fake('alice')
    p = prompt(client).login()
    before = len(fake.verbs())
    for line in ('frobnicate', 'send', 'compose no/body', 'compose Üser', 'login bad!name', 'register x y',
                 'read -n x', 'read -n 0', 'send bob -m', '--no-such-option', 'send "bob', 'send bob -m x -f y',
                 'inbox now', 'send bob - carol', 'reply', 'show', 'show xyz', 'save 123456', 'quarantine x',
                 'outbox --drop x', '--server other ping', 'register ' + 'a' * 33):
        start = len(p.shown)
        p.type(line)
        p.expect('\n')
        p.spawn.expect('(alice|secmsg)> ')
        assert p.spawn.match.group(1) == 'alice', 'logged out by: ' + line
        said = p.shown[start:].replace(line, '').replace('alice>', '').strip()
        assert said, 'no explanation for: ' + line
    assert len(fake.verbs()) == before
    p.type('')
    p.ready('alice')
    p.type('whoami')
    p.expect(client.account.identity.fingerprint)


def test_two_passwords_that_differ(house, at_fake, fake, prompt):
    """A new password is asked for twice; if the two differ, or it is empty, no account is made."""
    client = at_fake('alice', login=False)
    p = prompt(client)
    for first, second in (('one', 'two'), ('', '')):
        p.type('register carol')
        p.secret('New password: ', first)
        if first:
            p.secret('The same again: ', second)
            p.expect('differ')
        else:
            index = p.spawn.expect_exact(['The same again: ', 'secmsg> '])
            if index == 0:
                p.type('')
                p.ready()
            continue
        p.ready()
    assert 'REGISTER' not in fake.verbs()


def test_wrong_passwords_can_be_tried_again(at_fake, prompt):
    """A mistyped password is told and asked for again; the right one then works."""
    p = prompt(at_fake('alice', login=False))
    p.type('login alice')
    p.secret('Password: ', 'mistyped')
    p.expect('rong')
    p.secret('Password: ', p.client.account.password)
    p.expect('logged in as alice')
    p.ready('alice')


def test_ctrl_c(at_fake, fake, prompt):
    """Ctrl-C drops the line, a message being written, and a password question, and leaves the terminal as it
    was; the session goes on."""
    p = prompt(at_fake('alice', login=False))
    p.spawn.send('frobni')
    p.expect('frobni')
    p.spawn.sendintr()
    p.ready()
    p.type('login alice')
    p.expect('Password: ')
    assert p.spawn.waitnoecho(DEADLINE)
    p.spawn.sendintr()
    p.ready()
    p.type('login alice')
    p.secret('Password: ', p.client.account.password)
    p.ready('alice')
    p.type('compose alice')
    p.expect('Write the message')
    p.type('half a thought')
    p.expect('half a thought')
    p.spawn.sendintr()
    p.expect('dropped')
    p.ready('alice')
    assert 'COMPOSE' not in fake.verbs()
    p.type('exit')
    p.end()


def test_ctrl_d_leaves(at_fake, prompt):
    """Ctrl-D at the prompt leaves, with status 0."""
    p = prompt(at_fake('alice'))
    p.spawn.sendeof()
    p.expect('Bye')
    p.end()


def test_line_editing_and_history(at_fake, prompt):
    """Lines can be edited, and former ones come back with the arrow keys; passwords and messages don't."""
    p = prompt(at_fake('alice')).login()
    p.spawn.send('whoamix\x7f\r')
    p.expect(p.client.account.identity.fingerprint)
    p.ready('alice')
    p.type('compose alice')
    p.expect('Write the message')
    p.type('secret words')
    p.type('.')
    p.expect('sent to alice')
    p.ready('alice')
    start = len(p.shown)
    p.spawn.send('\x1b[A\x1b[A\r')
    p.expect(p.client.account.identity.fingerprint)
    p.ready('alice')
    assert 'secret words' not in p.shown[start:] and p.client.account.password not in p.shown


def test_a_message_cannot_drive_the_terminal(house, at_fake, fake, prompt):
    """A message, its sender's file name and a server's refusal reach the terminal without escape sequences."""
    client = at_fake('bob')
    alice = house.person('alice')
    fake.add(alice)
    p = prompt(client).login()
    id = new_id()
    text = '\x1b]0;owned\x07\x1b[2J\x9b31m\u202etxet\u202c done\r\nok'.encode()
    fake.put('bob', id, 'alice', envelope_make(alice, client.account.identity, text, id=id))
    start = len(p.shown)
    p.type('read')
    p.expect('done')
    p.ready('bob')
    shown = p.shown[start:]
    assert not [c for c in ('\x1b]0', '\x07', '\x1b[2J', '\x9b', '\u202e', '\u202c') if c in shown]


def test_a_server_that_vanishes_between_two_commands(at_fake, fake, prompt):
    """If the connection breaks while the user thinks, the next command connects again; if it breaks in the
    middle of one, that is told, and the prompt goes on."""
    p = prompt(at_fake('alice')).login()
    fake.drop_all()
    p.type('inbox')
    p.expect('no messages')
    p.ready('alice')

    def vanish(session, words, body):
        raise Vanish()

    fake.hooks['LIST'] = vanish
    start = len(p.shown)
    p.type('inbox')
    p.ready('alice')
    assert len(p.shown[start:].strip()) > len('inbox alice>')
    fake.hooks.clear()
    p.type('inbox')
    p.expect('no messages')
    p.ready('alice')


def test_two_users_at_one_prompt(at_fake, house, fake, prompt):
    """`login NAME` changes to another user, who doesn't see the first one's messages."""
    client = at_fake('alice')
    bob = house.person('bob', quick=False)
    fake.add(bob)
    p = prompt(client).login()
    p.type('send alice -m "for alice alone"')
    p.expect('sent to alice')
    p.ready('alice')
    p.type('login bob')
    p.secret('Password: ', bob.password)
    p.expect('logged in as bob')
    p.ready('bob')
    p.type('read')
    p.expect('no new messages')
    p.ready('bob')
    assert 'for alice alone' not in p.shown.split('logged in as bob')[1]


def test_help(at_fake, prompt):
    """`help` lists every word, and `help WORD` tells more."""
    p = prompt(at_fake('alice'))
    p.type('help')
    p.ready()
    for word in ('register', 'login', 'logout', 'compose', 'send', 'read', 'inbox', 'whoami', 'ping', 'exit'):
        assert word in p.shown
    start = len(p.shown)
    p.type('help read')
    p.ready()
    assert '--all' in p.shown[start:]


def test_lines_from_a_pipe(at_fake):
    """The prompt also takes lines from a pipe: no prompts are shown, and a failed line gives the exit status."""
    client = at_fake('alice')
    done = client.run(input=b'whoami\nping\nexit\n')
    assert client.account.identity.fingerprint in done.out and '> ' not in done.out
    client.run(input=b'frobnicate\nwhoami\n', status=64)


def test_a_file_in_the_home_directory(house, at_house, prompt):
    """`~/` is the home, as in a shell: a file is sent from there, and another saved there. Quoted it is a name."""
    client = at_house('alice')
    with open(os.path.join(client.home, 'list.txt'), 'w') as file:
        file.write('bread')
    p = prompt(client)
    p.type('login')
    p.secret('Password: ', client.account.password)
    p.ready('alice')
    p.type('send alice -f "~/list.txt"')
    p.expect("can't read the file ~/list.txt")
    p.ready('alice')
    p.type('send alice -f ~/list.txt')
    p.expect('sent to alice')
    p.ready('alice')
    os.mkdir(os.path.join(client.home, 'saved'))
    p.type('read -o ~/saved')
    p.expect('Saved: ')
    p.ready('alice')
    with open(os.path.join(client.home, 'saved', 'list.txt')) as file:
        assert file.read() == 'bread'


def test_what_is_missing_is_told_as_it_is_typed_here(at_house, prompt):
    """The line that a word without its arguments answers with can be typed as it stands, at the prompt and in a
    shell."""
    client = at_house('alice')
    for word, line in [('send', 'send USER'), ('reply', 'reply ID'), ('show', 'show ID'), ('save', 'save ID DIR'),
                       ('prove', 'prove ID'), ('seal', 'seal USER'), ('verify', 'verify FILE'), ('trust', 'trust USER')]:
        assert 'Type: secmsg ' + line in client.run(word, status=USAGE).err
    p = prompt(client)
    for word, line in [('send', 'send USER'), ('trust', 'trust USER')]:
        p.type(word)
        p.expect('Type: ' + line)
        p.ready()
