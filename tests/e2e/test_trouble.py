"""A held, damaged, full or foreign store: each has an error of its own, and nothing that was accepted is lost."""
import fcntl
import glob
import os
import resource
import subprocess

import pytest

from conftest import limit, program
from peer.client import Peer
from peer.objects import envelope_make, new_id
from test_limits import fill


def test_a_held_lock_is_busy(house):
    """While somebody stopped holds the store's locks, a handler gives up after a few seconds with `busy`; when
    the lock is free again everything is as before."""
    alice, bob = house.registered('alice', 'bob')
    peer = house.login(alice)
    files = [open(path, 'r+b') for path in house.shard_locks()]  # pylint: disable=consider-using-with
    try:
        assert files
        for file in files:
            fcntl.flock(file, fcntl.LOCK_EX)
        id = new_id()
        peer.send('COMPOSE bob ' + id, envelope_make(alice, bob.identity, b'x', id=id))
        peer.ends('busy')
        handler = house.processes[-1]
        assert handler.wait() == 0
        assert handler.log.count('event=shard_busy') == 1, 'it waited once more on its way out'
    finally:
        for file in files:
            file.close()
    peer.close()
    with house.login(alice) as again, house.login(bob) as reader:
        assert reader.unread == 0
        again.compose(alice, bob.identity, b'x', id=id)
        assert reader.read().id == id


def files_of(house, pattern):
    return glob.glob(os.path.join(glob.escape(house.store), 'shards', '*', pattern))


def test_a_damaged_store_is_internal(house):
    """A store whose logs are damaged serves nothing of it: the session gets `internal` and ends, the log names
    the damage, and the handler still leaves with status 0."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as peer:
        peer.compose(alice, bob.identity, b'x')
    for path in files_of(house, 'log.*'):
        with open(path, 'r+b') as file:
            data = bytearray(file.read())
            data[:] = bytes(b ^ 0x5a for b in data)
            file.seek(0)
            file.write(data)
    for path in files_of(house, 'index.gdbm'):
        os.unlink(path)
    with house.connect() as peer:
        peer.send(peer.login_head(bob))
        peer.ends('internal')
        peer.close()
        peer.process.wait()
        assert 'damage' in peer.process.log.lower()


def spoil_stored(house, envelope, change):
    """Changes one byte in the middle of a stored envelope."""
    hits = 0
    for path in files_of(house, 'log.*'):
        with open(path, 'r+b') as file:
            at = file.read().find(envelope)
            if at >= 0:
                file.seek(at + 700)
                file.write(bytes([envelope[700] ^ change]))
                hits += 1
    assert hits == 1


@pytest.mark.parametrize('change', [0x01, 0x55])
def test_a_spoilt_message_is_never_served(house, change):
    """One changed byte in a stored envelope: nobody is given it. One bit is mended, more can't be."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(alice) as peer:
        id = new_id()
        envelope = envelope_make(alice, bob.identity, b'x', id=id)
        peer.ok('COMPOSE bob ' + id, envelope)
    spoil_stored(house, envelope, change)
    with house.connect() as peer:
        first = peer.ask(peer.login_head(bob))
        if first.kind == 'OK':
            first = peer.ask('READ')
        if change == 0x01:
            assert first.kind == 'MESSAGE' and first.body == envelope
        else:
            assert first.code == 'internal' or first.kind == 'EMPTY'


def test_an_index_that_is_lost_is_rebuilt(house):
    """The index can be thrown away, cut short or filled with junk: the next handler rebuilds it from the log,
    and mailbox, duplicates and accounts are as they were."""
    alice, bob = house.registered('alice', 'bob')
    envelopes = {}
    with house.login(alice) as peer, house.login(bob) as reader:
        for i in range(6):
            id = new_id()
            envelopes[id] = envelope_make(alice, bob.identity, b'%d' % i, id=id)
            peer.ok('COMPOSE bob ' + id, envelopes[id])
        ids = list(envelopes)
        reader.ack(ids[2])
    for harm in (os.unlink, lambda p: os.truncate(p, 100), lambda p: open(p, 'r+b').write(b'junk' * 999)):
        for path in files_of(house, 'index.gdbm'):
            harm(path)
        with house.login(alice) as peer, house.login(bob) as reader:
            assert [m.id for m in reader.read_all()] == ids[:2] + ids[3:]
            for id, envelope in envelopes.items():
                assert peer.ok('COMPOSE bob ' + id, envelope).words[2] == 'duplicate'


def test_a_full_disk(house):
    """On a full disk a message is refused with storage-full, what was accepted is all there, and it can be
    read and acknowledged: also when somebody has used up the last bytes by changing a password for ever."""
    mount = os.path.join(house.directory, 'small')
    os.mkdir(mount)
    script = 'mount -t tmpfs -o size=24m,mode=700 tmpfs "$0" && exec "$@"'
    wrapper = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, mount]
    if subprocess.run([*wrapper, 'true'], capture_output=True, timeout=60, check=False).returncode:
        wrapper = ['unshare', '--mount', 'sh', '-c', script, mount]
    if subprocess.run([*wrapper, 'true'], capture_output=True, timeout=60, check=False).returncode:
        pytest.skip('mounting a small file system needs root or user namespaces')
    process = house.start('--mailbox-per-sender=100', '--disk-reserve=0', wrapper=wrapper, store=mount)
    alice = house.person('alice')
    with Peer(process.channel) as peer:
        peer.register(alice)
        ids, full = fill(peer, alice, alice, os.urandom(200000))
        assert full.code == 'storage-full'
        secret = alice.secret(peer.host_key)
        answers = (peer.ask('PASSWD %s %s' % (secret, secret), alice.lock_body()) for _ in range(2000))
        assert next(a for a in answers if a.kind == 'ERR').code == 'storage-full'
        assert [m.id for m in peer.read_all()] == ids
        for i, id in enumerate(ids):
            assert peer.ack(id) == len(ids) - i - 1


def test_a_file_size_limit_is_storage_full(house):
    """A handler that may not write larger files refuses with storage-full and doesn't die of SIGXFSZ; the
    message can be sent by another handler afterwards."""
    alice, bob = house.registered('alice', 'bob')
    largest = max(os.path.getsize(p) for p in files_of(house, '*'))
    process = house.start('--mailbox-per-sender=100', preexec_fn=limit(resource.RLIMIT_FSIZE, largest + 300000))
    with Peer(process.channel) as peer:
        peer.login(alice)
        ids, full = fill(peer, alice, bob, os.urandom(50000))
        assert full.code == 'storage-full'
    with house.login(alice) as peer, house.login(bob) as reader:
        ids.append(peer.compose(alice, bob.identity, b'afterwards'))
        assert [m.id for m in reader.read_all()] == ids


def test_a_directory_that_is_no_store_is_left_alone(house):
    """A --store that holds other things is refused and untouched."""
    os.mkdir(house.store)
    with open(os.path.join(house.store, 'thesis.txt'), 'w', encoding='ascii') as file:
        file.write('years of work')
    run = subprocess.run([program('secmsg-handler'), '--store', house.store], stdin=subprocess.DEVNULL,
                         capture_output=True, timeout=60, check=False)
    assert run.returncode > 0 and run.stderr
    assert os.listdir(house.store) == ['thesis.txt']


@pytest.mark.parametrize('mode', ['framed', 'plain'])
def test_a_store_that_cannot_be_opened_is_told_to_the_client(house, mode):
    """If the store's own description is damaged the client is told `internal` in the clear, before anything
    is read from it; the handler says on stderr which file it is, and leaves with a status that isn't 0."""
    house.registered('alice')
    house.check_logs = False
    with open(os.path.join(house.store, 'store.conf'), 'r+b') as file:
        file.write(b'junk')
    process = house.start(*(['--plain'] if mode == 'plain' else []))
    answer = process.channel.rest()
    assert answer.startswith(b'ERR internal ') and answer.count(b'\n') == 1
    assert process.wait() > 0 and 'store.conf' in process.log
    process.may_die = True


@pytest.mark.parametrize('name', ['host.key', 'store.conf'])
def test_secrets_that_others_can_read_are_refused(house, name):
    """A store whose host key or secret others may read isn't served: the log says which file, and what to do."""
    house.registered('alice')
    house.check_logs = False
    os.chmod(os.path.join(house.store, name), 0o640)
    process = house.start()
    assert process.channel.rest().startswith(b'ERR internal ')
    assert process.wait() > 0 and 'chmod 600' in process.log and name in process.log
    process.may_die = True
    os.chmod(os.path.join(house.store, name), 0o600)
    house.connect().close()


def test_a_log_that_nobody_reads_holds_nobody_up(house):
    """A handler whose stderr is a full pipe goes on serving, and ends when it is told to."""
    house.keep_secret('geheim-paul')
    house.plain('REGISTER paul geheim-paul\nEXIT\n')
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b'x' * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    handler = [program('secmsg-handler'), '--plain', '--store', house.store]
    text = 'LOGIN paul geheim-paul\n' + 'PING\n' * 1000 + 'EXIT\n'
    run = subprocess.run(handler, input=text.encode(), stdout=subprocess.PIPE, stderr=writing, timeout=60, check=False)
    os.close(reading)
    os.close(writing)
    assert run.returncode == 0
    assert run.stdout.decode().splitlines() == ['OK 0'] + ['OK'] * 1000 + ['BYE']


def test_damage_in_one_place_is_not_everybodys(house):
    """If one mailbox's log is damaged, those whose data lie elsewhere are served as before."""
    people = house.registered('alice', 'bob', 'carol', 'dave', 'erin', 'frank')
    logs = {}
    for path in files_of(house, 'log.*'):
        with open(path, 'rb') as file:
            logs[path] = file.read()
    hit = next(path for path, data in logs.items() if people[0].identity.text in data)
    spared = [p for p in people if p.identity.text not in logs[hit]]
    assert spared and people[0] not in spared
    with open(hit, 'r+b') as file:
        file.write(bytes(b ^ 0x5a for b in logs[hit]))
    os.unlink(os.path.join(os.path.dirname(hit), 'index.gdbm'))
    for account in spared:
        with house.login(account) as peer:
            assert peer.unread == 0
            peer.compose(account, account.identity, b'x')
    with house.connect() as peer:
        peer.send(peer.login_head(people[0]))
        peer.ends('internal')


@pytest.mark.parametrize('closed', ['<&-', '>&-', '2>&-', '>&- 2>&-', '<&- >&- 2>&-'])
def test_closed_descriptors_never_become_the_store(house, closed):
    """A handler that is started with stdin, stdout or stderr closed never takes one of the store's files for
    them: nothing that was meant for a peer or the log ends up there."""
    house.keep_secret('geheim-paul')
    house.plain('REGISTER paul geheim-paul\nCOMPOSE paul\nfirst\nEXIT\n')
    handler = [program('secmsg-handler'), '--plain', '--store', house.store]
    run = subprocess.run(['sh', '-c', '"$@" ' + closed, 'sh', *handler],
                         input=b'LOGIN paul geheim-paul\nCOMPOSE paul\nsecond\nEXIT\n', capture_output=True,
                         timeout=60, check=False)
    assert run.returncode >= 0
    lines = house.plain('LOGIN paul geheim-paul\nREAD\nREAD\n')
    assert 'first' in lines and (lines[0] == 'OK 1' or 'second' in lines)
    for directory, _, names in os.walk(house.store):
        for name in names:
            with open(os.path.join(directory, name), 'rb') as file:
                data = file.read()
            assert b'event=' not in data and b'OK ' not in data, name
