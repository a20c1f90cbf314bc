"""What the client trusts, and when: nothing is pinned before it holds, no password goes where it wasn't meant to,
and a command of --exec gets at neither the terminal nor the secrets."""
import contextlib
import ctypes
import fcntl
import os
import resource
import select
import subprocess
import threading

import pytest

from conftest import CHANGED, NO_HOST, NO_PERMISSION, PROTOCOL, UNAVAILABLE, USAGE, Client, clean_environment, \
    eventually, limit, program
from peer.objects import Account
from peer.primitives import b64, fingerprint
from peer.wire import DEADLINE, server_line
from test_prompt import prompt  # noqa: F401  the fixture

REFUSED = b'ERR auth-failed wrong name or password'


@pytest.fixture
def alice(house, fake):
    """Somebody with an account at the fake server, whose client has met nobody yet."""
    account = house.person('alice', quick=False)
    fake.add(account)
    return Client(house, account, '--server', '127.0.0.1:%d' % fake.port)


def secret_file(client, name, text):
    path = os.path.join(client.home, name)
    with open(path, 'w', opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
        file.write(text)
    return path


def run(client, *words, input=b'', **how):
    """The client without any options but those given."""
    return subprocess.run([program('secmsg'), *client.target, *words], input=input, env=client.environment(),
                          capture_output=True, timeout=DEADLINE, check=False, **how)


@contextlib.contextmanager
def openings(path):
    """A descriptor that can be read once the file is opened again. Of a client /proc tells only root what it has open."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_CLOEXEC)
    try:
        assert fd >= 0 and libc.inotify_add_watch(fd, os.fsencode(path), 0x20) >= 0  # IN_OPEN
        yield fd
    finally:
        os.close(fd)


# ---- pins ----

@pytest.mark.parametrize('forged', ['zero signature', 'signed by another'])
def test_first_contact_pins_only_what_holds(alice, fake, forged):
    """A first hello whose signature doesn't hold pins nothing and makes no directory; then the genuine server is
    met, and pinned, as if nothing had been."""
    def greeting(_, line):
        good, _ = server_line(os.urandom(32), os.urandom(32), line + b'\n')
        other, _ = server_line(os.urandom(32), os.urandom(32), line + b'\n')
        parts = good.rstrip(b'\n').split(b' ')
        signature = other.rstrip(b'\n').split(b' ')[4] if forged == 'signed by another' else b64(bytes(64)).encode()
        return b' '.join([*parts[:4], signature]) + b'\n'

    fake.greeting = greeting
    assert 'first contact' not in alice.run('ping', status=PROTOCOL).err
    assert alice.files() == {}
    fake.greeting = None
    assert fingerprint(fake.host_key) in alice.run('ping').err
    assert 'first contact' not in alice.run('ping').err


def test_two_first_contacts_at_once(alice, fake):
    """A pin that another client adds between the comparison and the pinning is the one that counts."""
    other = fingerprint(bytes(32))
    state = os.path.join(alice.home, 'state')
    os.mkdir(state, 0o700)
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(open(os.path.join(state, 'lock'), 'w',
                                        opener=lambda p, flags: os.open(p, flags, 0o600)))
        fcntl.flock(lock, fcntl.LOCK_EX)
        watch = stack.enter_context(openings(lock.name))
        client = subprocess.Popen([program('secmsg'), *alice.target, 'ping'], env=alice.environment(),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert select.select([watch], [], [], DEADLINE)[0], 'it has compared, and wants the lock'
        hosts = '%s 127.0.0.1:%d\n' % (b64(bytes(32)), fake.port)
        secret_file(alice, 'state/hosts', hosts)
    said = client.communicate(timeout=DEADLINE)[1].decode()
    assert client.returncode == CHANGED and other in said and fake.verbs() == []
    assert alice.files()['state/hosts'].decode() == hosts


def test_own_identity_is_pinned_only_with_its_keys(alice, house, fake):
    """A WHO that isn't the identity of the keys in the vault is refused, and not pinned: the next login, to an
    honest server, is good."""
    honest = fake.accounts['alice'].identity
    fake.accounts['alice'].identity = Account('alice', 'x', house.keys_of('bob')).identity.text
    assert "weren't used" in alice.run('login', status=PROTOCOL).err
    assert not any(path.endswith(('keys', 'identities')) for path in alice.files())
    fake.accounts['alice'].identity = honest
    alice.run('login')


def test_own_identity_that_changed(alice, house, fake):
    """A WHO that isn't the pinned identity is told as a change, before its keys are tried."""
    alice.run('login')
    pinned = alice.files()
    other = Account('alice', alice.account.password, house.keys_of('bob'), quick=False)
    fake.add(other)
    assert 'CHANGED' in alice.run('login', status=CHANGED).err
    assert alice.files() == pinned


def test_nobody_met_leaves_no_trace(house):
    """A host that doesn't exist, a port where nobody listens: no directory is made."""
    client = Client(house, house.person('alice', quick=False))
    for server, status in (('no-such-host.invalid', (NO_HOST, 75)), ('127.0.0.1:1', UNAVAILABLE)):
        client.target = ('--server', server)
        for words in ((), ('ping',), ('login',), ('inbox',), ('whoami',)):
            client.run(*words, status=status)
    assert os.listdir(client.home) == []


# ---- the command of --exec ----

@pytest.mark.parametrize('word', ['login', 'ping', 'prompt'])
def test_exec_gets_no_password_descriptor(house, at_house, word):
    """The command can't read the descriptor of --password-fd, whoever is first."""
    client = at_house('alice', login=False)
    path = secret_file(client, 'password', client.account.password)
    fd = os.open(path, os.O_RDONLY)
    stolen = os.path.join(client.home, 'stolen')
    client.target = ('--exec', 'cat /dev/fd/%d >%s 2>/dev/null; %s' % (fd, stolen, client.target[1]))
    words = [] if word == 'prompt' else [word]
    done = run(client, '--user', 'alice', '--password-fd', str(fd), *words, input=b'login\n', pass_fds=[fd])
    os.close(fd)
    assert done.returncode == 0, done.stderr
    with open(stolen, 'rb') as file:
        assert file.read() == b''


def test_a_password_file_is_read_before_the_command_starts(house, at_house):
    """A --password-file that can be read only once, as /dev/fd/N of a shell's <(...), is read before the command
    that inherits it has started."""
    client = at_house('alice', login=False)
    read_end, write_end = os.pipe()
    os.write(write_end, client.account.password.encode())
    os.close(write_end)
    os.fchmod(read_end, 0o600)
    stolen = os.path.join(client.home, 'stolen')
    client.target = ('--exec', 'cat /dev/fd/%d >%s 2>/dev/null; %s' % (read_end, stolen, client.target[1]))
    done = run(client, '--user', 'alice', '--password-file', '/dev/fd/%d' % read_end, 'login', pass_fds=[read_end])
    os.close(read_end)
    assert done.returncode == 0, done.stderr
    with open(stolen, 'rb') as file:
        assert file.read() == b''


def test_no_descriptor_at_the_prompt(at_house):
    """A command that runs may hold every descriptor that wasn't named at the start: the prompt takes no new one."""
    client = at_house('alice', login=False)
    done = run(client, '--user', 'alice', input=b'login --password-fd 0\n' + client.account.password.encode())
    assert done.returncode == USAGE and b'--password-fd' in done.stderr


ODD = "printf '\\033]0;owned\\007fake\\nPassword: ' >&2; "


def test_exec_stderr_of_a_good_run(at_house):
    """What the command says on stderr isn't shown as long as all goes well."""
    client = at_house('alice', login=False)
    client.target = ('--exec', ODD + client.target[1])
    client.run('ping')
    assert client.run('ping').err == ''


@pytest.mark.parametrize('command', [ODD + 'exit 1', ODD + 'echo ERR busy try later', ODD + 'echo nonsense',
                                     ODD + 'exec >&-; sleep 1'])
def test_exec_stderr_of_a_failure(house, command):
    """When the connection fails, it is shown line by line, marked, and without driving the terminal."""
    client = Client(house, house.person('alice', quick=False), '--exec', command)
    done = run(client, 'ping')
    assert done.returncode != 0
    assert b'secmsg: exec: \\x1b]0;owned\\x07fake\nsecmsg: exec: Password: \n' in done.stderr, done.stderr


def test_exec_stderr_of_ssh(house):
    """ssh ends its lines with CR LF: that isn't shown as a control character, as others are."""
    client = Client(house, house.person('alice', quick=False), '--exec',
                    "printf 'Connection refused\\r\\nmid\\rdle\\n' >&2; exit 255")
    assert b'secmsg: exec: Connection refused\nsecmsg: exec: mid\\x0ddle\n' in run(client, 'ping').stderr


def test_exec_stderr_never_blocks(at_house):
    """A command that says megabytes is served all the same, and only the end of it is shown."""
    client = at_house('alice', login=False)
    much = "head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 70 >&2; echo >&2; echo the end >&2; "
    good = client.target[1]
    client.target = ('--exec', much + good)
    assert 'xxx' not in client.run('ping').err
    client.target = ('--exec', much + 'exit 3')
    done = client.run('ping', status=UNAVAILABLE)
    assert 'exec: the end\n' in done.err and len(done.err) < 20000


def test_exec_stderr_of_what_stays_behind(at_house):
    """A process that the command leaves behind, with its stderr open, doesn't keep the client: it is there still."""
    client = at_house('alice', login=False)
    client.target = ('--exec', 'sleep %d >/dev/null </dev/null & echo $! >%s/pid; %s' % (
        2 * DEADLINE, client.home, client.target[1]))
    client.run('ping')
    with open(os.path.join(client.home, 'pid'), encoding='ascii') as file:
        os.kill(int(file.read()), 15)


# ---- passwords ----

def test_each_password_file_is_its_own(house, alice, fake):
    """Two logins in one dialogue, with a password file each: each server's secret is made of the right one."""
    bob = house.person('bob', quick=False)
    fake.add(bob)
    words = ''.join('login %s --password-file %s\n' % (x.user, secret_file(alice, 'of-' + x.user, x.password))
                    for x in (alice.account, bob))
    done = run(alice, input=words.encode())
    assert done.returncode == 0 and b'logged in as bob' in done.stderr, done.stderr


@pytest.mark.parametrize('mode, owner, is_good', [(0o600, None, True), (0o400, None, True), (0o640, None, False),
                                                  (0o604, None, False), (0o620, None, False), (0o602, None, False),
                                                  (0o600, 65534, False)])
def test_a_password_file_of_others(house, alice, fake, mode, owner, is_good):
    """A password file that others can read, or could put a password of theirs into, or own, is refused."""
    if owner is not None and os.geteuid() != 0:
        pytest.skip('only root gives files away')
    path = secret_file(alice, 'password', alice.account.password)
    os.chmod(path, mode)
    if owner is not None:
        os.chown(path, owner, -1)
    done = alice.run('--password-file', path, 'login', password=False, status=0 if is_good else NO_PERMISSION)
    assert is_good or ('others can read' in done.err and 'LOGIN' not in fake.verbs()[-1:])


def test_a_descriptor_and_a_file(house, alice, fake):
    """A password file of one word doesn't take the place of the descriptor of the whole run."""
    bob = house.person('bob', quick=False)
    fake.add(bob)
    fd = os.open(secret_file(alice, 'of-alice', alice.account.password), os.O_RDONLY)
    words = 'login alice\nlogin bob --password-file %s\nlogin alice\n' % secret_file(alice, 'of-bob', bob.password)
    done = run(alice, '--password-fd', str(fd), input=words.encode(), pass_fds=[fd])
    os.close(fd)
    assert done.returncode == 0 and done.stderr.count(b'logged in as') == 3, done.stderr


def test_a_refused_account_with_the_same_salt(at_fake, fake):
    """Where the server refuses the keys but its salt is the one of this machine, the password wasn't changed: no
    secret is sent, and the user is told that the account is the matter."""
    alice = at_fake('alice')
    fake.hooks['PROVE'] = lambda s, w, b: REFUSED
    logins = fake.verbs().count('LOGIN')
    done = alice.run('inbox', status=NO_PERMISSION)
    assert 'disabled' in done.err and 'password is right' in done.err
    assert fake.verbs().count('LOGIN') == logins


def test_a_password_that_was_changed_elsewhere(at_fake, fake, house):
    """Where the salt differs too, a script goes on with the password that it has: the right one if the file was
    brought up to date."""
    alice = at_fake('alice')
    changed = Account('alice', 'Anders-0815', alice.account.keys, quick=False)
    house.keep_secret(changed.password)
    fake.add(changed)
    assert 'changed' in alice.run('inbox', status=NO_PERMISSION).err
    alice.account = changed
    alice.run('inbox')
    logins = fake.verbs().count('LOGIN')
    alice.run('inbox')
    assert fake.verbs().count('LOGIN') == logins


@pytest.mark.parametrize('first', ['the old one', 'the new one'])
def test_a_person_is_asked_for_the_new_password(at_fake, fake, house, prompt, first):  # noqa: F811
    """The same at a terminal: nothing is sent before the person was told, and has typed the new password."""
    alice = at_fake('alice')
    old, new = alice.account.password, 'Anders-0815'
    fake.add(Account('alice', new, alice.account.keys, quick=False))
    house.keep_secret(new)
    logins = fake.verbs().count('LOGIN')
    p = prompt(alice)
    p.type('inbox')
    p.secret('Password: ', old if first == 'the old one' else new)
    p.expect('changed')
    p.expect('Password: ')
    assert fake.verbs().count('LOGIN') == logins
    assert p.spawn.waitnoecho(DEADLINE)
    p.type(new)
    p.expect('no messages')
    p.ready('alice')
    assert fake.verbs().count('LOGIN') == logins + 1


# ---- the rest ----

def test_an_interrupted_send_ends(at_fake, fake, prompt):  # noqa: F811
    """Ctrl-C while `send` waits for its answer ends it at once, with what is and isn't known; the prompt goes on."""
    alice = at_fake('alice')
    p = prompt(alice).login()
    is_over = threading.Event()

    def slow(_, words, body):
        is_over.wait(DEADLINE)
        return b'ERR busy x'

    fake.hooks['COMPOSE'] = slow
    p.type('send alice -m x')
    eventually('the message goes out', lambda: 'COMPOSE' in fake.verbs())
    p.spawn.sendintr()
    p.expect("it isn't known whether")
    p.ready('alice')
    is_over.set()
    assert fake.verbs().count('COMPOSE') == 1
    del fake.hooks['COMPOSE']
    p.type('send alice -m again')
    p.expect('sent to alice')
    p.ready('alice')


def test_an_invitation_from_a_file(house, fake):
    """--invite-file keeps the token out of the process list; a missing file and an impossible token are told."""
    client = Client(house, house.person('alice', quick=False), '--server', '127.0.0.1:%d' % fake.port)
    seen = []

    def register(session, words, body):
        seen.append(words[3:])
        return session.do_register(words, body)

    fake.hooks['REGISTER'] = register
    client.run('register', '--invite-file', os.path.join(client.home, 'none'), status=66)
    client.run('register', '--invite-file', secret_file(client, 'odd', 'two words\n'), status=USAGE)
    token = secret_file(client, 'token', 'token-123\n')
    client.run('register', '--invite-file', token, '--invite', 'other', status=USAGE)
    client.run('register', '--invite-file', token)
    assert seen == [['token-123']]


def test_memory_that_cannot_be_locked(house):
    """Where the memory of keys can't be locked, the client says so once, and works."""
    with open(program('secmsg'), 'rb') as file:
        if b'__asan_init' in file.read():
            pytest.skip("the address sanitizer's mlock does nothing, and says that it worked")
    client = Client(house, house.person('alice', quick=False), '--exec', house.command())
    drop = ['setpriv', '--bounding-set=-ipc_lock'] if os.geteuid() == 0 else []
    done = subprocess.run([*drop, program('secmsg'), *client.target, 'ping'], env=client.environment(),
                          capture_output=True, timeout=DEADLINE, check=False,
                          preexec_fn=limit(resource.RLIMIT_MEMLOCK, 0))
    assert done.returncode == 0 and done.stderr.count(b'locked') == 1, done.stderr


def test_words_of_the_command_line_are_made_visible(house):
    """Control characters among the arguments don't reach the terminal."""
    client = Client(house, house.person('alice', quick=False), '--exec', 'false')
    environment = clean_environment(client.home)
    for words in (['send', 'b\x1b[31m', '-', 'y'], ['--home', '/dev/null/\x1b[31m', 'ping']):
        done = subprocess.run([program('secmsg'), *client.target, *words], env=environment, capture_output=True,
                              input=b'send b\x1b[31m\n', timeout=DEADLINE, check=False)
        assert done.returncode != 0 and b'\x1b' not in done.stderr
    done = run(Client(house, client.account, '--exec', house.command()), input=b'send b\x1b[31m\n')
    assert done.returncode == USAGE and b'\x1b' not in done.stderr
