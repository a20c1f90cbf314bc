"""secmsg, the command line, against the real handler: what it sends, shows, keeps and refuses."""
import os
import re
import threading

import pytest

from conftest import CHANGED, NO_PERMISSION, NO_HOST, NO_USER, UNAVAILABLE, USAGE, Client
from peer.objects import Account, Identity, vault_parse
from peer.primitives import b64, fernet_open, fingerprint, vault_key


# ---- two people and a real server ----

def test_register_send_read_over_exec(house):
    """Two people register, one writes, the other is told of it, reads it once, and it is gone; the peer, which
    knows nothing of this client, can log in with the password and with the keys from the vault."""
    alice, bob = (Client(house, house.person(u), '--exec', house.command()) for u in ('alice', 'bob'))
    assert 'alice' in alice.run('register').all
    bob.run('register')
    alice.run('send', 'bob', '-m', 'hello bob')
    assert 'alice' in bob.run('inbox').out
    read = bob.run('read')
    assert 'hello bob' in read.out and 'alice' in read.out
    assert 'hello bob' not in bob.run('read').all
    with house.connect() as peer:
        account = Account('alice', alice.account.password, quick=False, salt=peer.salt('alice'))
        vault = peer.ok(peer.login_head(account)).body
        assert vault.startswith(b'vault: ')
        text = peer.who('alice').text
        account = opened(account, vault[7:-1], text)
        peer.compose(account, peer.who('bob'), b'from another implementation')
    with house.connect() as peer:
        assert peer.prove(account) == 0
    assert 'from another implementation' in bob.run('read').out


def opened(account, vault, identity):
    """An Account with the keys that the password opens a vault to."""
    account.identity = Identity(identity)
    account.keys = vault_parse(fernet_open(vault_key(account.root), vault), account.identity)
    account.vault = vault
    return account


def test_what_the_client_sends_is_the_pages(house, at_house):
    """A message from the client passes every check of the peer's, and is padded and typed as the page says."""
    alice = at_house('alice')
    bob = house.registered('bob')
    alice.run('send', 'bob', '-m', 'привет')
    with house.login(bob) as peer:
        message = peer.read()
        assert peer.open(message, bob, peer.who('alice')).decode().rstrip('\n') == 'привет'


def test_over_tcp(house):
    """The same over --server, with one handler for each connection."""
    listener = house.listen()
    alice = house.person('alice', quick=False)
    with listener.connect() as peer:
        peer.register(alice)
    client = Client(house, alice, '--server', '127.0.0.1:%d' % listener.port)
    client.run('login')
    client.run('ping')
    client.run('send', 'alice', input=b'note to self\nsecond line\n')
    out = client.run('read').out
    assert 'note to self\n' in out and 'second line' in out


def test_ping_needs_no_account(house):
    """ping tells that a server answers and which host key it has, without an account or a password."""
    with house.connect() as peer:
        host_key = peer.host_key
    client = Client(house, house.person('alice'), '--exec', house.command())
    assert fingerprint(host_key) in client.run('ping', password=None).all


def test_whoami_and_logout(at_house):
    """whoami tells name and fingerprint; after logout no key is left on this machine and nothing can be sent."""
    alice = at_house('alice')
    assert alice.account.identity.fingerprint in alice.run('whoami').out
    assert any(path.endswith('keys') for path in alice.files())
    alice.run('logout')
    assert not any(path.endswith('keys') for path in alice.files())
    alice.run('send', 'alice', '-m', 'x', status=NO_PERMISSION)
    alice.run('login')
    alice.run('send', 'alice', '-m', 'x')


def test_nothing_secret_is_on_disk(at_house):
    """Neither the password nor anything that opens the vault, nor what was sent and read, is in the client's
    directory, which nobody else can look into."""
    alice = at_house('alice')
    alice.run('send', 'alice', '-m', 'Ganz-geheimer-Text')
    alice.run('read')
    numbers = alice.account.keys.sign.private_numbers()
    for path, data in alice.files().items():
        assert alice.account.password.encode() not in data, path
        assert b'Ganz-geheimer-Text' not in data, path
        for secret in (alice.account.root, numbers.p.to_bytes(192, 'big'), alice.account.keys.archive):
            assert secret not in data and b64(secret).encode() not in data, path
        assert os.stat(os.path.join(alice.home, path)).st_mode & 0o077 == 0, path
    assert os.stat(os.path.join(alice.home, 'state')).st_mode & 0o077 == 0


def test_wrong_passwords(at_house):
    """A wrong password is told as such, to login and to every later command, and changes nothing."""
    alice = at_house('alice', login=False)
    alice.run('login', password='wrong', status=NO_PERMISSION)
    alice.run('login')
    before = alice.files()
    alice.run('send', 'alice', '-m', 'x', password='wrong', status=NO_PERMISSION)
    assert alice.files() == before
    alice.run('send', 'alice', '-m', 'x')


def test_unknown_users(at_house):
    """A recipient that doesn't exist is told before anything is sent; so is an impossible name."""
    alice = at_house('alice')
    assert 'nobody' in alice.run('send', 'nobody', '-m', 'x', status=NO_USER).err
    alice.run('send', 'no body', '-m', 'x', status=USAGE)
    alice.run('send', '', '-m', 'x', status=USAGE)


def test_names_are_folded(house, at_house):
    """Upper case in a name is folded: `send BOB` reaches bob."""
    alice = at_house('alice')
    bob = house.registered('bob')
    alice.run('send', 'BOB', '-m', 'x')
    with house.login(bob) as peer:
        assert peer.unread == 1


def test_the_password_file(at_house):
    """A password file that others can read is refused, one that only its owner can is taken, with one final LF
    dropped."""
    alice = at_house('alice')
    path = os.path.join(alice.home, 'password')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(alice.account.password + '\n')
    os.chmod(path, 0o644)
    refused = alice.run('--password-file', path, 'whoami', password=None, status=None)
    sent = alice.run('--password-file', path, 'send', 'alice', '-m', 'x', password=None, status=None)
    assert sent.returncode not in (0, None) and path in sent.err
    assert refused.returncode in (0, sent.returncode)
    os.chmod(path, 0o600)
    alice.run('--password-file', path, 'send', 'alice', '-m', 'x', password=None)
    os.unlink(path)
    assert path in alice.run('--password-file', path, 'send', 'alice', '-m', 'x', password=None, status=66).err


@pytest.mark.parametrize('words', [
    ['frobnicate'], ['send'], ['send', 'bob', '-', 'carol'], ['send', '-'], ['--no-such'], ['read', '-n', 'x'], ['read', '-n', '0'],
    ['--timeout', '0', 'ping'], ['ping', 'pong'], ['--password', 'secret', 'login'], ['login', '-m', 'x'],
])
def test_wrong_command_lines(house, words):
    """A wrong command line is told, with status 64, and nobody is connected to."""
    client = Client(house, house.person('alice'), '--exec', 'touch %s/connected; false' % house.directory)
    assert client.run(*words, status=USAGE).err
    assert not os.path.exists(house.directory + '/connected')


@pytest.mark.parametrize('server', ['127.0.0.1:1', '127.0.0.1:99999', 'host:port', ':', '', 'no-such-host.invalid'])
def test_servers_that_are_not_there(house, server):
    """A port where nobody listens, an address that isn't one, a host that doesn't exist: a message that names
    it, and a status that isn't 0."""
    client = Client(house, house.person('alice'), '--server', server)
    done = client.run('ping', status=(USAGE, NO_HOST, UNAVAILABLE))
    assert server in done.err and done.err.strip()


@pytest.mark.parametrize('command', ['exit 3', 'true', 'echo hello', 'no-such-program-anywhere', 'cat'])
def test_commands_that_are_no_server(house, command):
    """An --exec command that isn't a server is told as such: it ends, it says something else, it echoes."""
    client = Client(house, house.person('alice'), '--exec', command)
    done = client.run('ping', status=None)
    assert done.returncode not in (0, None) and 'secmsg' in done.err


# ---- what others write ----

NASTY = {
    'clear screen': ('\x1b[2J\x1b[H', ['\x1b', '\x9b']), 'title': ('\x1b]0;owned\x07', ['\x1b', '\x07']),
    'carriage return': ('good\rbad', ['\r']), 'backspaces': ('bad\b\b\bgood', ['\b']),
    'C1': ('\x9b31m', ['\x9b']), 'DEL': ('\x7f', ['\x7f']), 'NUL': ('a\0b', ['\0']),
    'bidi': ('\u202eevil\u202c \u2066x\u2069 \u200f', ['\u202e', '\u202c', '\u2066', '\u2069', '\u200f']),
    'separators': ('a\u2028b\u2029c', ['\u2028', '\u2029']),
}


@pytest.mark.parametrize('kind', NASTY)
def test_a_message_cannot_drive_a_terminal(house, at_house, kind):
    """Control characters and bidirectional marks in a message are made visible; its letters stay."""
    text, forbidden = NASTY[kind]
    bob = at_house('bob')
    alice = house.registered('alice')
    with house.login(alice) as peer:
        peer.compose(alice, bob.account.identity, ('before ' + text + ' after é 你好\n').encode())
    out = bob.run('read').out
    assert 'before ' in out and ' after é 你好' in out
    assert not [c for c in forbidden if c in out]


def test_text_that_is_no_utf8(house, at_house):
    """Bytes that aren't UTF-8 are made visible and can't garble the rest."""
    bob, alice = at_house('bob'), house.registered('alice')
    with house.login(alice) as peer:
        peer.compose(alice, bob.account.identity, b'before \xff\xc3\x28\xf0\x80\x80 after\n')
    out = bob.run('read').out
    assert 'before ' in out and ' after' in out


def test_texts_of_plain_mode_are_marked(house, at_house):
    """A text from an account without identity is shown as unsigned."""
    bob = at_house('bob')
    house.keep_secret('geheim-paul')
    house.plain('REGISTER paul geheim-paul\nCOMPOSE bob\njust some words\nEXIT\n')
    done = bob.run('read')
    assert 'just some words' in done.out and re.search('unsigned|not signed', done.all, re.I)


def test_damaged_local_files(at_house):
    """A damaged keys file or pin file is named, and never taken for a missing one."""
    alice = at_house('alice')
    for name in ('keys', 'hosts', 'identities'):
        path = next(p for p in alice.files() if os.path.basename(p) == name)
        full = os.path.join(alice.home, path)
        with open(full, 'rb') as file:
            good = file.read()
        with open(full, 'wb') as file:
            file.write(b'junk\n' + good[:40])
        done = alice.run('send', 'alice', '-m', 'x', status=None)
        assert done.returncode not in (0, CHANGED) and name in done.err, (name, done.all)
        with open(full, 'wb') as file:
            file.write(good)
    alice.run('send', 'alice', '-m', 'x')


def test_files_and_output(house, at_house):
    """A file is sent with its name, and arrives byte for byte where the reader says; never outside of it."""
    alice, bob = at_house('alice'), at_house('bob')
    data = bytes(range(256)) * 20
    path = os.path.join(alice.home, 'all bytes.bin')
    with open(path, 'wb') as file:
        file.write(data)
    alice.run('send', 'bob', '--file', path)
    target = os.path.join(bob.home, 'got')
    bob.run('read', '--output', target)
    found = [d for p, d in bob.files().items() if p.startswith('got')]
    assert data in found


def test_nothing_is_lost_that_could_not_be_shown(house, at_house):
    """If standard output takes nothing, `read` fails, and the message stays where it is: the next `read` shows
    it."""
    bob, alice = at_house('bob'), house.registered('alice')
    with house.login(alice) as peer:
        peer.compose(alice, bob.account.identity, b'important words')
    with open('/dev/full', 'wb') as full:
        assert bob.run('read', stdout=full, status=None).returncode != 0
    assert 'important words' in bob.run('read').out


def test_several_reads_at_once_show_each_message_once(house, at_house):
    """Three `read --all` at the same time in one directory: each message is shown, by one of them."""
    bob, alice = at_house('bob'), house.registered('alice')
    with house.login(alice) as peer:
        for i in range(8):
            peer.compose(alice, bob.account.identity, b'number %d.' % i)
    outputs = []
    threads = [threading.Thread(target=lambda: outputs.append(bob.run('read', '--all', status=None)))
               for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outputs) == 3 and any(done.returncode == 0 for done in outputs)
    everything = ''.join(done.out for done in outputs) + bob.run('read', '--all').out
    assert [everything.count('number %d.' % i) for i in range(8)] == [1] * 8


def test_saving_never_overwrites_or_leaves_the_directory(house, at_house):
    """`read --output DIR` saves a file of a name that is there already under another one beside it, and says so."""
    bob, alice = at_house('bob'), house.registered('alice')
    target = os.path.join(bob.home, 'got')
    os.mkdir(target)
    with open(os.path.join(target, 'letter.txt'), 'wb') as file:
        file.write(b'was here first')
    with house.login(alice) as peer:
        peer.compose(alice, bob.account.identity, b'second', name='letter.txt', type='application/octet-stream')
    said = bob.run('read', '--output', target).out
    found = {path: data for path, data in bob.files().items() if path.startswith('got/')}
    assert found.pop('got/letter.txt') == b'was here first'
    (path, data), = found.items()
    assert data == b'second' and os.path.basename(path) in said
