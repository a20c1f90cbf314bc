"""A key that changed stops everything until it is accepted by its fingerprint: identities, host keys, the pin in an
address, --trust=strict; and what is pinned can be listed and compared."""
import os
import re
import shlex
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conftest import CHANGED, NO_PERMISSION, NO_USER, USAGE, Client, program
from peer.objects import Account, envelope_make, new_id
from peer.primitives import fingerprint
from peer.server import Vanish
from peer.wire import DEADLINE, raw_public

NOBODY = fingerprint(bytes(32))


@pytest.fixture
def alice(at_fake, fake, house):
    """alice, logged in, with bob at the same server: alice.bob is his account."""
    client = at_fake('alice')
    client.bob = house.person('bob')
    fake.add(client.bob)
    return client


def change_bob(alice, house, fake):
    """bob has other keys from now on; gives their fingerprint."""
    alice.bob = Account('bob', 'x', house.keys_of('dave'), quick=True)
    fake.add(alice.bob)
    return alice.bob.identity.fingerprint


def change_host(fake, seed=None):
    fake.seed = seed or os.urandom(32)
    fake.host_key = raw_public(Ed25519PrivateKey.from_private_bytes(fake.seed))
    return fingerprint(fake.host_key)


def advice(done):
    """The one command that was said, as a shell would run it."""
    (line,) = re.findall(r'^secmsg: +(\S*secmsg .*trust .*)$', done.err, re.M)
    name, *words = shlex.split(line)
    assert name == program('secmsg')
    return words


def follow(client, words):
    """Runs it with nothing of the test's own options but the password."""
    path = os.path.join(client.home, 'password')
    with open(path, 'w', opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
        file.write(client.account.password)
    return subprocess.run([program('secmsg'), '--password-file', path, *words], env=client.environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE, check=False)


def test_a_changed_identity_is_accepted_by_the_command_that_is_shown(alice, house, fake):
    """A changed identity stops `send` with both fingerprints; the command that is shown accepts it, and what waited
    goes out to the new one."""
    alice.run('send', 'bob', '-m', 'one')
    old = alice.bob.identity.fingerprint
    new = change_bob(alice, house, fake)
    done = alice.run('send', 'bob', '-m', 'two', status=CHANGED)
    assert old in done.err and new in done.err
    taken = follow(alice, advice(done))
    assert taken.returncode == 0 and new.encode() in taken.stderr, taken.stderr
    alice.run('flush')
    assert len(fake.accounts['bob'].messages) == 1
    assert alice.run('contacts').out.count(new) == 1 and old not in alice.run('contacts').out


def test_trust_takes_only_what_the_server_shows(alice, house, fake):
    """Another fingerprint than the one that the server shows now changes nothing; nor does one that isn't one."""
    alice.run('send', 'bob', '-m', 'one')
    old = alice.bob.identity.fingerprint
    new = change_bob(alice, house, fake)
    before = alice.files()
    for given in (old, NOBODY):
        done = alice.run('trust', 'bob', given, status=CHANGED)
        assert given in done.err and new in done.err
    for words in (['trust'], ['trust', 'bob'], ['trust', 'bob', 'SHA256:x'], ['trust', 'bob', new + 'A'],
                  ['trust', 'B b', new], ['trust', '--host', 'x'], ['trust', 'bob', new, '--host', NOBODY]):
        alice.run(*words, status=USAGE)
    alice.run('trust', 'nobody', new, status=NO_USER)
    assert alice.files() == before
    alice.run('trust', 'BOB', new)
    assert 'already' in alice.run('trust', 'bob', new).err


def test_an_identity_that_is_gone_has_nothing_to_accept(alice, fake):
    """Where a pinned user has no identity any more, both are told, and no command."""
    alice.run('send', 'bob', '-m', 'one')
    fake.accounts['bob'].identity = None
    done = alice.run('send', 'bob', '-m', 'two', status=CHANGED)
    assert 'none' in done.err and 'trust bob' not in done.err
    alice.run('trust', 'bob', alice.bob.identity.fingerprint, status=NO_USER)


def test_a_changed_own_identity(alice, house, fake):
    """One's own identity, made anew on another machine, is accepted with its keys by the command that is shown."""
    other = Account('alice', alice.account.password, house.keys_of('dave'), quick=False)
    fake.add(other)
    done = alice.run('login', status=CHANGED)
    taken = follow(alice, advice(done))
    assert taken.returncode == 0, taken.stderr
    assert other.identity.fingerprint in alice.run('whoami').out
    alice.run('inbox')


def test_a_changed_host_key_is_accepted_by_the_command_that_is_shown(alice, fake):
    """A changed host key stops everything with both fingerprints; after `trust --host` the account can be logged in
    there again, and the accounts of the old key stay as they are."""
    old = fingerprint(fake.host_key)
    new = change_host(fake)
    before = alice.files()
    for words in (['inbox'], ['send', 'alice', '-m', 'x'], ['ping'], ['trust', 'bob', NOBODY]):
        done = alice.run(*words, status=CHANGED)
        assert old in done.err and new in done.err
    done = alice.run('trust', '--host', NOBODY, status=CHANGED)
    assert NOBODY in done.err and new in done.err and 'trust --host' not in done.err
    done = alice.run('ping', status=CHANGED)
    assert {k: v for k, v in alice.files().items() if not k.endswith('/sending') and 'outbox' not in k} == before
    taken = follow(alice, advice(done))
    assert taken.returncode == 0 and new.encode() in taken.stderr, taken.stderr
    assert new in alice.run('ping').err + alice.run('ping').out
    assert 'already' in alice.run('trust', '--host', new).err
    fake.add(alice.account)
    alice.run('login')
    alice.run('inbox')
    assert len([k for k in alice.files() if k.endswith('/keys')]) == 2


def test_a_changed_host_key_at_the_prompt(alice, fake):
    """A prompt that runs goes on with the new key after `trust --host`, which is shown as it is typed there; one that
    begins with another key ends, and shows what a shell takes."""
    seed = os.urandom(32)
    new = fingerprint(raw_public(Ed25519PrivateKey.from_private_bytes(seed)))

    def change(*_):
        change_host(fake, seed)
        fake.add(alice.account)
        del fake.hooks['PING']
        raise Vanish

    fake.hooks['PING'] = change
    words = 'ping\nping\ntrust --host %s\nping\nlogin\n' % new
    done = alice.run(input=words.encode(), status=CHANGED)
    assert '\n  trust --host %s\n' % new in done.err and 'secmsg --' not in done.err
    assert 'logged in as alice' in done.err
    other = change_host(fake)
    done = alice.run(input=b'ping\n', status=CHANGED)
    assert 'secmsg --' in done.err and 'trust --host ' + other in done.err


def test_the_command_begins_as_secmsg_was_started(alice, fake):
    """Who started it by a path is shown that path, as ./startClient.sh does for those who haven't installed it; who
    started it by name, the name."""
    alice.run('ping')
    change_host(fake)
    directory, name = os.path.split(program('secmsg'))
    environment = alice.environment()
    environment['PATH'] = directory + ':' + environment['PATH']
    home = ('--home', os.path.join(alice.home, 'state'))
    for command in (name, os.path.join(directory, '.', name)):
        done = subprocess.run([command, *home, *alice.target, 'ping'], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=DEADLINE, check=False)
        assert done.returncode == CHANGED and b'\nsecmsg:   %s --home ' % command.encode() in done.stderr


def test_a_command_with_quotes(at_house):
    """The command that is shown is quoted, so that a shell gives it back."""
    client = at_house('alice', login=False)
    client.target = ('--exec', "true 'a b' && " + client.target[1])
    done = client.run('--trust', 'strict', 'ping', status=CHANGED)
    assert follow(client, advice(done)).returncode == 0
    client.run('--trust', 'strict', 'ping')


# ---- what is pinned, and when ----

def test_the_pin_of_an_address(alice, house, fake):
    """The host key of secmsg://HOST:PORT#SHA256:... is the only one that is taken, also for the first contact, which
    --trust=strict allows then; whatever was pinned before."""
    right = 'secmsg://127.0.0.1:%d#%s' % (fake.port, fingerprint(fake.host_key))
    wrong = 'secmsg://127.0.0.1:%d#%s' % (fake.port, NOBODY)
    new = Client(house, alice.account, '--server', wrong)
    done = new.run('ping', status=CHANGED)
    assert NOBODY in done.err and fingerprint(fake.host_key) in done.err and new.files() == {}
    new.target = ('--server', right)
    assert 'first contact' in new.run('--trust', 'strict', 'ping').err
    new.target = ('--server', wrong)
    new.run('ping', status=CHANGED)
    said = len(fake.verbs())
    for words in (['contacts'], ['outbox'], ['history'], ['whoami'], ['logout'], ['seal', 'alice', '-m', 'x']):
        done = new.run(*words, status=CHANGED)
        assert NOBODY in done.err and fingerprint(fake.host_key) in done.err and not done.out
    assert len(fake.verbs()) == said
    new.target = ('--server', '127.0.0.1:%d' % fake.port)
    assert 'first contact' not in new.run('ping').err
    for bad in (right[:-1], right + 'A', right.replace('#', '/#'), right[len('secmsg://'):], 'http://h'):
        new.target = ('--server', bad)
        new.run('ping', status=USAGE)


def test_strict_trusts_no_first_use(alice, house, fake):
    """--trust=strict pins neither a host key nor an identity that wasn't named: `send`, `fingerprint` and `read` stop
    with the command that accepts it, and then go on. The setting SECMSG_TRUST does the same."""
    stranger = Client(house, alice.account, *alice.target)
    done = stranger.run('--trust', 'strict', 'login', status=CHANGED)
    assert stranger.files() == {}
    assert follow(stranger, advice(done)).returncode == 0
    stranger.run('--trust', 'strict', 'login')
    id = new_id()
    fake.put('alice', id, 'bob', envelope_make(alice.bob, alice.account.identity, b'hello', id=id))
    for words in (['fingerprint', 'bob'], ['send', 'bob', '-m', 'x'], ['read']):
        done = stranger.run('--trust=strict', *words, status=CHANGED)
        assert alice.bob.identity.fingerprint in done.err and 'hello' not in done.all
    assert 'bob' not in stranger.run('contacts').out
    assert follow(stranger, ['--trust', 'strict', *advice(done)]).returncode == 0
    assert 'hello' in stranger.run('--trust', 'strict', 'read').out
    assert 'first-use or strict' in stranger.run('--trust', 'never', 'ping', status=USAGE).err


def test_contacts_and_fingerprint(alice, fake):
    """`contacts` lists who is pinned, oneself too; `fingerprint` shows one's own, a pinned one without asking, and
    asks for and pins one that is new."""
    own, bob = alice.account.identity.fingerprint, alice.bob.identity.fingerprint
    assert alice.run('contacts').out == '%-32s  %s  (you)\n' % ('alice', own)
    assert alice.run('fingerprint').out == 'alice %s\n' % own
    assert alice.run('fingerprint', 'bob').out == 'bob %s\n' % bob
    asked = fake.verbs()
    assert alice.run('fingerprint', 'BOB').out == 'bob %s\n' % bob
    assert '"user":"bob","identity":"%s"' % bob in alice.run('contacts', '--json').out.replace(': ', ':').replace(
        ', ', ',')
    assert fake.verbs() == asked
    alice.run('fingerprint', 'nobody', status=NO_USER)
    alice.run('fingerprint', 'b b', status=USAGE)
    alice.run('fingerprint', '--qr', '--json', status=USAGE)


def test_fingerprint_before_any_login(house, fake):
    """Nobody who was never logged in here has a fingerprint of their own."""
    account = house.person('alice', quick=False)
    fake.add(account)
    client = Client(house, account, '--server', '127.0.0.1:%d' % fake.port)
    assert 'never logged in' in client.run('fingerprint', status=NO_PERMISSION).err


# ---- the code ----

def modules(rows):
    """The dark modules of a code that was drawn light, without its quiet zone."""
    halves = {' ': (1, 1), '\u2584': (1, 0), '\u2580': (0, 1), '\u2588': (0, 0)}
    grid = []
    for row in rows:
        pairs = [halves[c] for c in row]
        grid += [[p[0] for p in pairs], [p[1] for p in pairs]]
    side = len(grid[0]) - 8
    assert not any(any(row) for row in grid[:4])
    return [row[4:4 + side] for row in grid[4:4 + side]]


def decode(grid):
    """The bytes of a version 3-L code (29 modules, one block), by ISO 18004: unmask, walk, count."""
    n = 29
    assert len(grid) == n
    mask = int(''.join(str(grid[8][x]) for x in (2, 3, 4)), 2) ^ 0b101
    masks = [lambda i, j: (i + j) % 2, lambda i, j: i % 2, lambda i, j: j % 3, lambda i, j: (i + j) % 3,
             lambda i, j: (i // 2 + j // 3) % 2, lambda i, j: i * j % 2 + i * j % 3,
             lambda i, j: (i * j % 2 + i * j % 3) % 2, lambda i, j: ((i + j) % 2 + i * j % 3) % 2]

    def is_fixed(y, x):
        corner = (y < 9 and x < 9) or (y < 9 and x >= n - 8) or (y >= n - 8 and x < 9)
        return corner or y == 6 or x == 6 or (20 <= y <= 24 and 20 <= x <= 24)

    bits, up = '', True
    for right in (28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 5, 3, 1):
        for y in range(n - 1, -1, -1) if up else range(n):
            for x in (right, right - 1):
                if not is_fixed(y, x):
                    bits += str(grid[y][x] ^ (masks[mask](y, x) == 0))
        up = not up
    assert bits[:4] == '0100'
    count = int(bits[4:12], 2)
    return bytes(int(bits[12 + 8 * i:20 + 8 * i], 2) for i in range(count))


def test_the_code_is_the_fingerprint(alice):
    """The QR code reads back as the fingerprint, by a reader that shares nothing with what drew it, and fits a
    terminal of 40 columns."""
    lines = alice.run('fingerprint', '--qr').out.splitlines()
    assert lines[0] == 'alice ' + alice.account.identity.fingerprint
    assert {len(line) for line in lines[1:]} == {37}
    assert decode(modules(lines[1:])).decode() == alice.account.identity.fingerprint


def test_an_address_with_another_fingerprint(alice, fake, house):
    """Nothing has changed where the key was never met, or is the pinned one: it isn't the one in the address, and that
    is what is said. Nothing is pinned."""
    now = fingerprint(fake.host_key)
    target = '127.0.0.1:%d' % fake.port
    address = ('--server', 'secmsg://%s#%s' % (target, NOBODY))
    stranger = Client(house, alice.account, *address)
    for client in (stranger, Client(house, alice.account, *address)):
        if client is not stranger:
            client.home = alice.home
        done = client.run('ping', status=CHANGED)
        assert 'CHANGED' not in done.err and "isn't the one in the address" in done.err
        assert NOBODY in done.err and now in done.err
    assert not [path for path in stranger.files() if path.endswith('/hosts')]
    change_host(fake)
    stranger.home, stranger.target = alice.home, ('--server', 'secmsg://%s#%s' % (target, now))
    assert 'HAS CHANGED' in stranger.run('ping', status=CHANGED).err
