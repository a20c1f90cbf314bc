"""Flipped bytes, one after the other: what `check` says of them, what a repair makes of them, and that the store
can be used afterwards."""
import contextlib
import glob
import os
import shutil
import struct
import subprocess

import pytest

from test_admin import admin, lines, plain, store, template  # noqa: F401  the fixtures

CLEAN, REPAIRED, DAMAGED = 0, 1, 65
TYPES = {0x0f: 'put', 0x33: 'ack', 0x3c: 'account', 0x55: 'password', 0x5a: 'delete'}


def records(path):
    """The log's records as docs/store.md has them: (type, where its payload begins, the payload's length)."""
    with open(path, 'rb') as file:
        log = file.read()
    at, found = 80, []
    while log[at + 4:at + 5].strip(b'\0'):
        length, kind = struct.unpack_from('=IB', log, at)
        found.append((TYPES.get(kind, 'other'), at + 16, length))
        at += 16 + (length + 7) // 8 * 8 + 8
    return found


def flip(path, at, bits=0x5a):
    """Several bits of a byte, and twice is not at all: a single one in a log can be mended."""
    with open(path, 'r+b') as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ bits]))


def shard_of(path, user):
    """The directory of the shard that a name lives in."""
    found = [log for log in glob.glob('%s/shards/*/log.*' % path)
             for kind, at, _ in records(log) if kind == 'account'
             and open(log, 'rb').read()[at:at + 32].rstrip(b'\0') == user.encode()]
    return os.path.dirname(found[0])


def files(path):
    return {p: open(p, 'rb').read() for p in glob.glob('%s/**' % path, recursive=True) if os.path.isfile(p)}


def use(path):
    """A whole session of everybody: login, write, read, and a new account."""
    assert plain(path, 'LOGIN bob pw', 'COMPOSE carol', 'hello')[1].startswith('OK')
    assert 'hello' in plain(path, 'LOGIN carol pw', 'READ', 'READ')
    assert plain(path, 'REGISTER dave pw')[0] == 'OK'
    assert plain(path, 'LOGIN carol pw', 'COMPOSE dave', 'welcome')[1].startswith('OK')
    assert 'welcome' in plain(path, 'LOGIN dave pw', 'READ')


@pytest.fixture
def read_store(store):  # noqa: F811
    """The three accounts; of alice's messages one is read, and two wait."""
    plain(store, 'LOGIN bob pw', 'COMPOSE alice', 'three')
    plain(store, 'LOGIN alice pw', 'READ')
    return store


@pytest.mark.parametrize('what, number', [('put', 1), ('put', 2), ('ack', 0)])
def test_a_message_or_an_acknowledgement(read_store, what, number):
    """Found and named, not touched; a repair leaves it out, keeps the log as it was, and the rest is served. (Of a lost
    acknowledgement the index still knows.)"""
    shard = shard_of(read_store, 'alice')
    log = os.path.join(shard, 'log.1')
    _, at, length = [r for r in records(log) if r[0] == what][number]
    flip(log, at + length - 3)
    before = files(shard)
    for _ in range(2):
        done = admin(read_store, 'check', status=DAMAGED)
        assert 'log_damaged' in done.stderr and 'shard %s: damaged' % os.path.basename(shard) in done.stdout
    assert files(shard)[log] == before[log]
    done = admin(read_store, '--json', 'check', '--repair', status=REPAIRED)
    assert [o['verdict'] for o in lines(done)] == ['repaired', 'repaired']
    assert files(shard)[os.path.join(shard, 'kept.1.log.1')] == before[log]
    admin(read_store, 'check', '--repair')
    assert glob.glob(shard + '/kept.*') == [os.path.join(shard, 'kept.1.log.1')]
    heard = plain(read_store, 'LOGIN alice pw', *['READ'] * 4)
    assert [text for text in ('one', 'two', 'three') if text in heard] == \
        {('put', 1): ['three'], ('put', 2): ['two'], ('ack', 0): ['two', 'three']}[what, number]
    use(read_store)


def test_an_account(read_store):
    """Found, and not repaired, since a name could go to somebody else; all others are served; whole again, it is
    clean."""
    shard = shard_of(read_store, 'alice')
    log = os.path.join(shard, 'log.1')
    _, at, length = [r for r in records(log) if r[0] == 'account'][0]
    flip(log, at + length - 40)
    for words in (['check'], ['check', '--repair'], ['check']):
        assert lines(admin(read_store, '--json', *words, status=DAMAGED))[-1]['verdict'] == 'damaged'
    assert not plain(read_store, 'REGISTER alice other')[0].startswith('OK')
    use(read_store)
    flip(log, at + length - 40)
    admin(read_store, 'check')
    assert 'two' in plain(read_store, 'LOGIN alice pw', 'READ')


def test_a_repair_that_succeeds_looks_like_one(read_store):
    """It names what it found and what it did, and no step between."""
    shard = shard_of(read_store, 'alice')
    log = os.path.join(shard, 'log.1')
    _, at, length = [r for r in records(log) if r[0] == 'put'][1]
    flip(log, at + length - 3)
    done = admin(read_store, 'check', '--repair', status=REPAIRED)
    assert 'compact_refused' not in done.stderr and 'index_contradicts_log' not in done.stderr
    assert 'shard %s: repaired: 1 record left out; the old log is kept as kept.1.log.1 (' % \
        os.path.basename(shard) in done.stdout


def test_a_repair_in_vain_keeps_nothing(read_store):
    """However often it is tried: the file is where it was."""
    shard = shard_of(read_store, 'bob')
    log = os.path.join(shard, 'log.1')
    _, at, length = [r for r in records(log) if r[0] == 'account'][-1]
    flip(log, at + length - 2)
    for _ in range(3):
        admin(read_store, 'check', '--repair', status=DAMAGED)
    assert glob.glob(shard + '/kept.*') == [] and os.path.exists(log)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    if os.geteuid() or subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=2m,mode=700', 'none', disk],
                                      check=False).returncode:
        pytest.skip('needs the right to mount')
    yield disk
    subprocess.run(['umount', '-l', disk], check=True)


def fill(path):
    """Up to the disk's last byte."""
    with open(path, 'wb', buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_full_disk(store, small_disk):  # noqa: F811
    """It is read all the same: what has no room there is made in memory."""
    path = small_disk / 'store'
    shutil.copytree(store, path, ignore=shutil.ignore_patterns('lock', 'index.gdbm'))
    expected = admin(path, 'check').stdout
    fill(small_disk / 'filler')
    for words in (['check'], ['check', '--repair']):
        assert admin(path, *words).stdout == expected
    os.unlink(glob.glob('%s/shards/*/index.gdbm' % path)[0])
    fill(small_disk / 'more')
    done = admin(path, 'check', status=73)
    assert done.stdout.startswith('unfinished: 2 of 3 shards checked, ')


@pytest.mark.parametrize('name', ['index.gdbm', 'lock'])
@pytest.mark.parametrize('words', [['check'], ['check', '--repair']])
def test_index_and_marker(read_store, name, words):
    """They are made from the log: wherever a byte is flipped, the check ends with a store that is whole."""
    whole = read_store.parent / 'whole'
    shutil.copytree(read_store, whole)
    path = os.path.join(shard_of(read_store, 'alice'), name)
    size = os.path.getsize(path)
    for at in range(0, min(size, 160), 32) if name == 'lock' else range(0, size, max(1, size // 12)):
        flip(path, at)
        done = admin(read_store, *words, status=None)
        assert done.returncode in (CLEAN, REPAIRED), done.stderr
        admin(read_store, 'check')
    heard = plain(read_store, 'LOGIN alice pw', *['READ'] * 3)
    assert 'one' not in heard and 'two' in heard and 'three' in heard
    use(read_store)


def test_one_damaged_shard_does_not_hide_another(read_store):
    """Two are damaged, one beyond repair: both are named, one is repaired, and the status tells the worse."""
    shards = [shard_of(read_store, user) for user in ('alice', 'bob')]
    for shard, kind in zip(shards, ('put', 'account')):
        log = os.path.join(shard, 'log.1')
        _, at, length = [r for r in records(log) if r[0] == kind][-1]
        flip(log, at + length - 2)
    found = lines(admin(read_store, '--json', 'check', '--repair', status=DAMAGED))
    verdicts = {o['shard']: o['verdict'] for o in found if 'shard' in o}
    assert verdicts == {int(os.path.basename(s)): v for s, v in zip(shards, ('repaired', 'damaged'))}
    stats = admin(read_store, '--json', 'stats', status=None)
    assert stats.returncode in (0, DAMAGED) and lines(stats)[0]['messages'] >= 1
    assert 'alice' in admin(read_store, 'users', 'list', status=None).stdout


def test_a_lost_shard(read_store):
    """A directory that is gone is damage, also to a repair, and none of its names is given away."""
    shutil.rmtree(shard_of(read_store, 'alice'))
    for words in (['check'], ['check', '--repair']):
        assert 'shard_missing' in admin(read_store, *words, status=DAMAGED).stderr
    assert not plain(read_store, 'REGISTER alice other')[0].startswith('OK')


def test_a_lost_log(store):  # noqa: F811
    """A shard whose log is gone, with lock and index or without, is damaged, and none of its names is given away."""
    shard = shard_of(store, 'alice')
    for names in (['log.1'], ['index.gdbm', 'lock']):
        for name in names:
            os.unlink(os.path.join(shard, name))
        for words in (['check'], ['check', '--repair']):
            assert 'log_missing' in admin(store, *words, status=DAMAGED).stderr
        assert not plain(store, 'REGISTER alice other')[0].startswith('OK')


def test_a_log_whose_header_is_damaged(store):  # noqa: F811
    """It is named once, and the others are looked at, copied and compacted."""
    shard = shard_of(store, 'alice')
    number = int(os.path.basename(shard))
    flip(os.path.join(shard, 'log.1'), 70)
    done = admin(store, '--json', 'check', status=DAMAGED)
    assert done.stderr.count('\n') == 1 and 'log_header_bad' in done.stderr
    assert [o.get('shard') for o in lines(done)] == [number, None] and lines(done)[-1]['records'] > 0
    for words in (['backup', str(store) + '.copy'], ['compact']):
        done = admin(store, '--json', *words, status=DAMAGED)
        assert lines(done)[-1]['shards'] == 2 and 'shard %d' % number in done.stderr
