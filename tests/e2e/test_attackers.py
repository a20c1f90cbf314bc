"""What somebody gets who has more than he should: the line, the disk, the host key, another account on the machine, an
old copy. docs/security.md says the same in words; most of what it says has its tests elsewhere."""
import hashlib
import os
import re
import subprocess

import pytest

from conftest import ANY_LOAD, NO_PERMISSION, Client, program
from peer.client import Peer
from peer.primitives import Refused, b64, sha256, stored_check, unb64
from peer.wire import handshake_keys, server_parse
from test_middle import DOWN, UP, Middle

TEXT, FILE_NAME, CONTENT = 'Unter dem dritten Blumentopf', 'Lageplan-Blumentopf.txt', b'Skizze vom Garten\n' * 20


class Recorder(Middle):
    """Changes nothing, and keeps what passed: one {way: lines} for each connection."""

    def __init__(self, house):
        self.heard = []
        super().__init__(house)

    def serve(self, connection):
        self.heard.append({UP: [], DOWN: []})
        super().serve(connection)

    def relay(self, way, source, target):
        heard = self.heard[-1][way]

        def listen():
            for line in source:
                heard.append(line)
                yield line

        super().relay(way, listen(), target)


@pytest.fixture
def recorder(house):
    recorder = Recorder(house)
    yield recorder
    recorder.close()


@pytest.fixture
def conversation(house, recorder, tmp_path):
    """alice writes to bob, and sends him a file, which he reads: with the real client, over a line that is heard."""
    path = tmp_path / FILE_NAME
    path.write_bytes(CONTENT)
    people = []
    for user in ('alice', 'bob'):
        client = Client(house, house.person(user, quick=False), '--server', '127.0.0.1:%d' % recorder.port)
        client.run('register')
        people.append(client)
    alice, bob = people
    alice.run('send', 'bob', '-m', TEXT)
    alice.run('send', 'bob', '--file', str(path))
    return alice, bob


def stored_files(directory):
    found = {}
    for where, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(where, name), 'rb') as file:
                found[os.path.join(where, name)] = file.read()
    return found


# ---- on the way ----

def test_nothing_that_passes_can_be_read(conversation, recorder):
    """Behind the two hellos only sealed frames pass, in both directions: no name, no text, no file's name, no verb."""
    _, bob = conversation
    assert TEXT in bob.run('read', '--all').out
    assert len(recorder.heard) >= 4
    for heard in recorder.heard:
        for way in (UP, DOWN):
            hello, *frames = heard[way]
            assert hello.startswith(b'SECMSG 1 ')
            assert frames and all(re.fullmatch(rb'[A-Za-z0-9_=-]+ [A-Za-z0-9_=-]{44}\n', line) for line in frames)


def test_a_recording_repeated_does_nothing(house, conversation, recorder):
    """Whoever plays a recorded connection again, byte for byte, gets a hello and a refusal; nothing is done."""
    _, bob = conversation
    for heard in recorder.heard:
        process = house.start()
        process.channel.write(b''.join(heard[UP]))
        process.end_input()
        lines = process.channel.rest().splitlines()
        assert len(lines) == 2 and lines[0].startswith(b'SECMSG 1 ')
        process.wait()
        assert 'event=tampered' in process.log, process.log
    assert len(bob.run('read', '--all', '--json').out.splitlines()) == 2


def test_a_recording_does_not_open_with_the_host_key(house, conversation, recorder):
    """Who recorded connections, and has the store with its host key later, can't open them by it: what opens them
    was made for each, and is gone."""
    with open(os.path.join(house.store, 'host.key'), 'rb') as file:
        seed = file.read(32)
    secrets = [seed, sha256(seed), hashlib.sha512(seed).digest()[:32]]  # the last is what Ed25519 signs with
    for heard in recorder.heard:
        client, server = heard[UP][0], heard[DOWN][0]
        transcript = sha256(client + server[:server.rindex(b' ')])
        publics = [server_parse(client.rstrip(b'\n')), unb64(server.split(b' ')[2], 32)]
        for secret in secrets:
            for other in publics:
                for end in handshake_keys(secret, other, transcript):
                    with pytest.raises(Refused):
                        end.open(heard[UP][1].rstrip(b'\n'))


# ---- the server's disk ----

def test_the_disk_holds_nothing_readable(house, conversation):
    """Neither a text nor a file nor its name, nor a password, is in the store, read or not, nor in a backup."""
    alice, bob = conversation
    backup = os.path.join(house.directory, 'backup')
    subprocess.run([program('secmsg-admin'), '--store', house.store, 'backup', backup], check=True, capture_output=True)
    bob.run('read', '--all')
    for where in (house.store, backup):
        for path, data in stored_files(where).items():
            for secret in (TEXT.encode(), CONTENT[:17], FILE_NAME.encode(), b'text/plain', alice.account.password.encode(),
                           bob.account.password.encode()):
                assert secret not in data, (secret, path)


def test_what_the_disk_holds_does_not_log_in(house):
    """Who has the store has a hash of what logs in: the hash itself, or anything else in it that looks like a
    secret, doesn't."""
    alice = house.registered('alice')
    with house.connect() as peer:
        secret = alice.secret(peer.host_key)
    found, check = set(), None
    for data in stored_files(house.store).values():
        found |= set(re.findall(rb'(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}=', data))
        check = check or find_check(data, secret)
    assert check, 'the hash is nowhere: has the record another form now?'
    for candidate in {b64(check)} | {text.decode() for text in found}:
        with house.connect() as peer:
            peer.refused('auth-failed', 'LOGIN alice ' + candidate)
    with house.login(alice) as peer:
        assert peer.unread == 0


def find_check(data, secret):
    """The stored hash of a secret, wherever its salt stands: within 64 bytes of it."""
    for at in range(len(data) - 16):
        check = stored_check(data[at:at + 16], secret)
        if check in data[max(0, at - 64):at + 80]:
            return check
    return None


def test_a_secret_is_one_servers(house, fake):
    """What logs in to one server, and which that server therefore has seen, logs in to no other, though name,
    password and salt be the same."""
    alice = house.registered('alice')
    with house.connect() as peer:
        here, there = alice.secret(peer.host_key), alice.secret(fake.host_key)
        assert here != there
        peer.refused('auth-failed', 'LOGIN alice ' + there)


# ---- another user of the server's machine ----

def test_the_store_is_its_owners_alone(house, conversation):
    """Nobody else may look into any directory or file of the store, whatever the umask of who started the handler."""
    subprocess.run(['sh', '-c', 'umask 0; exec "$@"', 'sh', program('secmsg-handler'), '--plain', '--store',
                    house.store + '.open'], input=b'REGISTER dave geheim-dave\nEXIT\n', check=True, capture_output=True)
    for store in (house.store, house.store + '.open'):
        for where, directories, names in os.walk(store):
            for name in [*directories, *names, '.']:
                mode = os.stat(os.path.join(where, name)).st_mode
                assert mode & 0o077 == 0, (where, name, oct(mode))


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user')
def test_another_user_gets_nothing(house):
    """Somebody with another account on the machine can't read a file of the store, nor a handler's memory, environment
    or descriptors, and its command line says nothing secret."""
    alice = house.registered('alice')
    process = house.start()
    pid = process.popen.pid
    Peer(process.channel).login(alice)
    paths = [*stored_files(house.store), *('/proc/%d/%s' % (pid, name) for name in ('mem', 'environ', 'maps', 'auxv'))]
    attempt = 'for f; do cat "$f" && echo "READ $f"; done 2>/dev/null; ls /proc/%d/fd 2>/dev/null; true' % pid
    done = subprocess.run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c', attempt, 'sh',
                           *paths], capture_output=True, check=True)
    assert done.stdout == b''
    with open('/proc/%d/cmdline' % pid, 'rb') as file:
        assert file.read().split(b'\0')[1:-1] == [ANY_LOAD.encode(), b'--store', house.store.encode()]


# ---- the client's disk ----

def test_a_stolen_directory_says_nothing(house, fake, at_fake):
    """Who has the client's directory, with messages read, sent, and waiting, has no text of them; without the password
    no word shows one, not even where there is no server to ask."""
    alice = at_fake('alice')
    alice.run('send', 'alice', '-m', TEXT)
    alice.run('read')
    fake.hooks['COMPOSE'] = lambda *_: b'ERR storage-full no room'
    alice.run('send', 'alice', '-m', TEXT, status=None)
    assert 'alice' in alice.run('outbox').out
    for path, data in alice.files().items():
        assert TEXT.encode() not in data and alice.account.password.encode() not in data, path
    for words in (['history', '--json'], ['outbox', '--json'], ['flush'], ['read'], ['send', 'alice', '-m', 'x']):
        done = alice.run(*words, password='Falsch-' + os.urandom(4).hex(), status=None)
        assert done.returncode == NO_PERMISSION and TEXT not in done.all, (words, done.returncode, done.all)
