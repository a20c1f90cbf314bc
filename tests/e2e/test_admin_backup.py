"""Backups of a store in use, interrupted ones, and what a restored store holds."""
import contextlib
import fcntl
import glob
import os
import random
import shutil
import signal
import stat
import subprocess
import threading
import time

import pytest

from conftest import clean_environment, program
from test_admin import admin, lines, plain, store, template  # noqa: F401  the fixtures
from test_admin_check import flip, records, shard_of

WRITERS = 8
BOOKS = ('accounts', 'messages', 'mailbox_bytes', 'ids')
FULL = 73


def books(path):
    stats = lines(admin(path, '--json', 'stats'))[0]
    return [stats[name] for name in BOOKS]


def begin(path, *words, **how):
    return subprocess.Popen([program('secmsg-admin'), '--store', str(path), *words], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=clean_environment('/nonexistent'), **how)


class Writer(threading.Thread):
    """Writes numbered messages to everybody until it is stopped, and notes when each was acknowledged."""

    def __init__(self, path, name, users):
        super().__init__()
        self.users, self.name, self.done, self.is_stopped = users, name, [], False
        self.popen = subprocess.Popen([program('secmsg-handler'), '--plain', '--store', str(path),
                                       '--mailbox-per-sender=100'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, text=True, env=clean_environment('/nonexistent'))
        self.ask('LOGIN bob pw')

    def ask(self, line):
        self.popen.stdin.write(line + '\n')
        self.popen.stdin.flush()
        answer = self.popen.stdout.readline()
        assert answer.startswith('OK'), answer

    def run(self):
        for number in range(10000):
            if self.is_stopped:
                break
            user, text = self.users[number % len(self.users)], '%s-%d' % (self.name, number)
            self.ask('COMPOSE %s\n%s' % (user, text))
            self.done.append((user, text, time.monotonic()))

    def stop(self):
        self.is_stopped = True
        self.join()
        self.popen.communicate('EXIT\n')


def read_all(path, user, most):
    answers = plain(path, 'LOGIN %s pw' % user, *['READ'] * (most + 1))
    assert answers[-2] == 'EMPTY'
    return [text for text in answers if text.startswith('w')]


def test_while_eight_write(store, tmp_path):  # noqa: F811
    """What was acknowledged before the backup began is in it, once, and each mailbox is a beginning of what was
    written to it; restored in the same boot, it is clean and goes on."""
    copy, back = tmp_path / 'copy', tmp_path / 'back'
    users = ('alice', 'carol')
    for user in users:
        plain(store, 'LOGIN %s pw' % user, *['READ'] * 3)
    writers = [Writer(store, 'w%d' % i, users) for i in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(0.5)
    began = []
    for _ in range(3):
        began.append(time.monotonic())
        admin(store, 'backup', str(copy))
    for writer in writers:
        writer.stop()
    told = [d for w in writers for d in w.done]
    admin(back, 'restore', str(copy))
    assert lines(admin(back, '--json', 'check'))[-1]['verdict'] == 'clean'
    for user in users:
        there = read_all(back, user, len(told))
        assert len(there) == len(set(there))
        missing = {text for to, text, at in told if to == user and at < began[-1]} - set(there)
        assert not missing
        for writer in writers:
            mine = [text for text in there if text.startswith(writer.name + '-')]
            assert mine == [text for to, text, _ in writer.done if to == user][:len(mine)]
    assert plain(back, 'LOGIN bob pw', 'COMPOSE alice', 'again')[1].startswith('OK')


def test_killed_again_and_again(store, tmp_path):  # noqa: F811
    """A backup that is killed at random moments, while the store changes, and gone on with: none of them spoils
    it, and at its end it holds what the store does."""
    copy = tmp_path / 'copy'
    chance = random.Random(1)
    whole = 0.0
    for number in range(16):
        plain(store, 'LOGIN bob pw', 'COMPOSE alice', 'n%d ' % number + 'x' * 2000)
        if number % 8 == 7:
            admin(store, 'compact')
        start = time.monotonic()
        backup = begin(store, 'backup', str(copy))
        if number > 0:
            time.sleep(chance.uniform(0, whole))
            backup.send_signal(signal.SIGKILL)
        backup.communicate()
        whole = whole or time.monotonic() - start
        if number == 0 or number % 5 == 0:
            back = tmp_path / ('back%d' % number)
            admin(back, 'restore', str(copy))
            assert lines(admin(back, '--json', 'check'))[-1]['verdict'] == 'clean'
    admin(store, 'backup', str(copy))
    back = tmp_path / 'back'
    admin(back, 'restore', str(copy))
    assert books(back) == books(store)
    admin(back, 'check')


def test_killed_before_there_is_a_store(store, tmp_path):  # noqa: F811
    """A first backup that is killed is no store, is refused by restore, and can be gone on with."""
    copy = tmp_path / 'copy'
    chance = random.Random(2)
    for number in range(20):
        backup = begin(store, 'backup', str(copy))
        time.sleep(chance.uniform(0, 0.02) if number else 0)
        backup.send_signal(signal.SIGKILL)
        backup.communicate()
        if os.path.exists(copy / 'store.conf'):
            shutil.rmtree(copy)
            continue
        admin(tmp_path / 'back', 'restore', str(copy), status=66)
    for name in ('host.key.new', 'store.conf.new'):
        os.makedirs(copy, 0o700, exist_ok=True)
        (copy / name).write_text('cut sho')
    admin(store, 'backup', str(copy))
    assert books(copy) == books(store)
    assert not glob.glob(str(copy / '*.new')) and not (copy / 'backup.begun').exists()


def contents(path):
    return {p: open(p, 'rb').read() for p in glob.glob('%s/**' % path, recursive=True) if os.path.isfile(p)}


def test_a_store_that_lost_its_settings(store, tmp_path):  # noqa: F811
    """Neither a restore nor another store's backup takes its place: what was written to it since would be gone. With
    store.conf from the backup it is a store again."""
    copy, other = tmp_path / 'copy', tmp_path / 'other'
    admin(store, 'backup', str(copy))
    plain(store, 'LOGIN bob pw', 'COMPOSE alice', 'later')
    os.rename(store / 'store.conf', tmp_path / 'lost')
    before = contents(store)
    done = admin(store, 'restore', str(copy), status=FULL)
    assert done.stderr.count('\n') == 1 and 'store.conf' in done.stderr
    assert contents(store) == before
    shutil.copy(copy / 'store.conf', store)
    assert 'later' in plain(store, 'LOGIN alice pw', *['READ'] * 3)
    admin(other, 'init')
    os.unlink(other / 'store.conf')
    before = contents(other)
    for _ in range(2):
        assert 'store.conf' in admin(store, 'backup', str(other), status=FULL).stderr
        assert contents(other) == before
    shutil.rmtree(other / 'shards')
    admin(store, 'backup', str(other), status=FULL)
    os.unlink(other / 'host.key')
    admin(store, 'backup', str(other))
    assert books(other) == books(store)


def test_an_unfinished_backup_is_nobody_s_store(store, tmp_path):  # noqa: F811
    """A handler doesn't found one there, another store's backup doesn't go there, and its own goes on."""
    copy, other = tmp_path / 'copy', tmp_path / 'other'
    admin(other, 'init')
    admin(store, 'backup', str(copy))
    os.rename(copy / 'store.conf', copy / 'store.conf.new')
    shutil.copy(copy / 'store.conf.new', tmp_path / 'conf')
    done = subprocess.run([program('secmsg-handler'), '--plain', '--store', copy], input='EXIT\n', text=True,
                          capture_output=True, check=False, env=clean_environment('/nonexistent'))
    assert done.returncode
    admin(store, 'backup', str(copy), status=FULL)
    assert 'store.conf' in admin(copy, 'check', status=65).stderr
    ident = [line for line in open(tmp_path / 'conf') if line.startswith('id = ')][0][5:]
    (copy / 'backup.begun').write_text(ident)
    assert 'again' in admin(copy, 'check', status=66).stderr
    admin(other, 'backup', str(copy), status=FULL)
    admin(store, 'backup', str(copy))
    assert books(copy) == books(store)
    bare = tmp_path / 'bare'
    bare.mkdir(0o700)
    (bare / 'backup.begun').write_text(ident)
    admin(other, 'backup', str(bare))
    (tmp_path / 'begun').mkdir(0o700)
    (tmp_path / 'begun' / 'backup.begun').write_text(ident)
    done = subprocess.run([program('secmsg-handler'), '--plain', '--store', tmp_path / 'begun'], input='EXIT\n',
                          text=True, capture_output=True, check=False, env=clean_environment('/nonexistent'))
    assert done.returncode and os.listdir(tmp_path / 'begun') == ['backup.begun']


def test_links_in_the_target(store, tmp_path):  # noqa: F811
    """A target that leads back to the store, by a symbolic link or by hard ones, costs the store nothing."""
    before = contents(store)
    evil, linked = tmp_path / 'evil', tmp_path / 'linked'
    evil.mkdir(0o700)
    shutil.copy(store / 'store.conf', evil)
    (evil / 'shards').symlink_to(store / 'shards')
    assert admin(store, 'backup', str(evil), status=FULL).stderr.count('\n') == 1
    assert contents(store) == before
    shutil.copytree(store, linked, copy_function=os.link)
    plain(store, 'LOGIN bob pw', 'COMPOSE alice', 'three')
    before = contents(store)
    admin(store, 'backup', str(linked))
    assert {p: c for p, c in contents(store).items() if not p.endswith(('lock', '.gdbm'))} == \
        {p: c for p, c in before.items() if not p.endswith(('lock', '.gdbm'))}
    assert books(linked) == books(store)
    open_to_all = tmp_path / 'open'
    open_to_all.mkdir()
    os.chmod(open_to_all, 0o777)
    assert 'write' in admin(store, 'backup', str(open_to_all), status=77).stderr
    assert os.listdir(open_to_all) == []


def test_modes_and_places(store, tmp_path):  # noqa: F811
    """Only its owner may read a backup, whatever the umask and the directory were before; other places are refused
    with a line that says why, and left as they are."""
    os.mkdir(tmp_path / 'copy', 0o755)
    old = os.umask(0)
    try:
        admin(store, 'backup', str(tmp_path / 'copy'))
        admin(tmp_path / 'back', 'restore', str(tmp_path / 'copy'))
    finally:
        os.umask(old)
    for root in (tmp_path / 'copy', tmp_path / 'back'):
        for directory, _, names in os.walk(root):
            assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700
            for name in names:
                assert stat.S_IMODE(os.stat(os.path.join(directory, name)).st_mode) == 0o600
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other' / 'letter').write_text('mine')
    (tmp_path / 'file').write_text('mine')
    admin(tmp_path / 'another', 'init')
    for place in ('other', 'file', 'none/there', 'another', 'store'):
        done = admin(store, 'backup', str(tmp_path / place), status=FULL)
        assert done.stderr.count('\n') == 1 and str(tmp_path / place) in done.stderr
    assert os.listdir(tmp_path / 'other') == ['letter']
    admin(store, 'restore', str(tmp_path / 'copy'), status=FULL)
    admin(tmp_path / 'other', 'restore', str(tmp_path / 'copy'), status=FULL)
    assert os.listdir(tmp_path / 'other') == ['letter']


def test_a_full_disk(store, tmp_path):  # noqa: F811
    """A target without room: one line that names it, a status that isn't 0, and the store doesn't notice. With
    room again, the backup is gone on with."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    if os.geteuid() or subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', disk], check=False).returncode:
        pytest.skip('a small file system can only be mounted by root')
    try:
        plain(store, 'LOGIN bob pw', *['COMPOSE alice', 'x' * 9000] * 40)
        (disk / 'ballast').write_bytes(bytes(900 * 1024))
        done = admin(store, 'backup', str(disk / 'copy'), status=FULL)
        assert done.stderr.count('\n') == 1 and str(disk / 'copy') in done.stderr and 'space' in done.stderr
        assert not (disk / 'copy' / 'store.conf').exists()
        (disk / 'ballast').unlink()
        admin(store, 'backup', str(disk / 'copy'))
        assert books(store) == books(disk / 'copy')
    finally:
        subprocess.run(['umount', disk], check=True)


def test_a_damaged_shard_does_not_keep_the_others_out(store, tmp_path):  # noqa: F811
    """It is named, and the status tells; the backup has the others, what it had of that one before, and never gives
    its names away."""
    copy, fresh = tmp_path / 'copy', tmp_path / 'fresh'
    admin(store, 'backup', str(copy))
    plain(store, 'LOGIN bob pw', 'COMPOSE carol', 'later')
    shard = shard_of(store, 'alice')
    log = os.path.join(shard, 'log.1')
    _, at, length = [r for r in records(log) if r[0] == 'account'][0]
    flip(log, at + length - 2)
    os.unlink(os.path.join(shard, 'index.gdbm'))
    for target in (copy, fresh):
        done = admin(store, 'backup', str(target), status=65)
        assert 'shard %s ' % os.path.basename(shard) in done.stderr
        assert 'later' in plain(target, 'LOGIN carol pw', 'READ')
        assert not plain(target, 'REGISTER alice mine')[0].startswith('OK')
    assert 'one' in plain(copy, 'LOGIN alice pw', 'READ')


def test_a_busy_shard_does_not_keep_the_others_out(store, tmp_path):  # noqa: F811
    """Whoever is stopped while holding a lock costs that shard's part of the backup, until the next one."""
    copy = tmp_path / 'copy'
    shard = shard_of(store, 'alice')
    with open(os.path.join(shard, 'lock'), 'rb') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = admin(store, 'backup', str(copy), status=None)
    assert done.returncode == 75 and done.stderr.count('secmsg-admin: ') == 1 and 'shard %s ' % os.path.basename(shard) in done.stderr
    assert plain(copy, 'LOGIN bob pw')[0].startswith('OK')
    assert not plain(copy, 'REGISTER alice mine')[0].startswith('OK')
    admin(store, 'backup', str(copy))
    assert books(copy) == books(store)


@contextlib.contextmanager
def read_only(place, at):
    """`at` shows the directory, and nothing can be written there."""
    at.mkdir(exist_ok=True)
    if os.geteuid() or subprocess.run(['mount', '--bind', place, at], check=False).returncode:
        pytest.skip('only root can mount')
    try:
        subprocess.run(['mount', '-o', 'remount,ro,bind', at], check=True)
        yield at
    finally:
        subprocess.run(['umount', at], check=True)


@pytest.mark.parametrize('way', ['as it was made', 'copied', 'without its lock files'])
def test_from_where_nothing_can_be_written(store, tmp_path, way):  # noqa: F811
    """A backup on a read-only disk, or a copy of one there, is restored like any other, and what is damaged in it is
    named."""
    copy, back = tmp_path / 'copy', tmp_path / 'back'
    admin(store, 'backup', str(copy))
    if way != 'as it was made':
        shutil.copytree(copy, tmp_path / 'second')
        copy = tmp_path / 'second'
    if way == 'without its lock files':
        for lock in glob.glob('%s/shards/*/lock' % copy):
            os.unlink(lock)
    with read_only(copy, tmp_path / 'ro') as ro:
        admin(back, 'restore', str(ro))
    assert books(back) == books(store)
    assert lines(admin(back, '--json', 'check'))[-1]['verdict'] == 'clean'
    shutil.rmtree(back)
    log = os.path.join(shard_of(copy, 'alice'), 'log.1')
    _, at, length = [r for r in records(log) if r[0] == 'account'][0]
    flip(log, at + length - 2)
    with read_only(copy, tmp_path / 'ro') as ro:
        done = admin(back, 'restore', str(ro), status=65)
    assert 'log_damaged' in done.stderr
    assert not plain(back, 'REGISTER alice mine')[0].startswith('OK')
    assert plain(back, 'LOGIN bob pw')[0].startswith('OK')


@pytest.mark.parametrize('is_new', [False, True])
def test_a_check_where_nothing_can_be_written(store, tmp_path, is_new):  # noqa: F811
    """It says the same of a store in use, and of a backup that has no indexes yet; of both, it finds damage."""
    place = tmp_path / 'copy' if is_new else store
    admin(store, 'backup', str(tmp_path / 'copy'))
    with read_only(place, tmp_path / 'ro') as ro:
        found = lines(admin(ro, '--json', 'check'))[-1]
        assert found['verdict'] == 'clean' and found['records'] == 5
    log = os.path.join(shard_of(place, 'alice'), 'log.1')
    _, at, length = [r for r in records(log) if r[0] == 'put'][0]
    flip(log, at + length - 2)
    with read_only(place, tmp_path / 'ro') as ro:
        for words in (['check'], ['check', '--repair']):
            assert 'log_damaged' in admin(ro, *words, status=None).stderr
        assert lines(admin(ro, '--json', 'check', status=65))[-1]['verdict'] == 'damaged'


def test_numbers_where_nothing_can_be_written(store, tmp_path):  # noqa: F811
    """A disk that became read-only is what an operator looks for by these: they say so, and don't fail."""
    assert plain(store, 'LOGIN bob pw')[0].startswith('OK')
    assert 'secmsg_shared_up 1' in admin(store, 'metrics').stdout
    with read_only(store, tmp_path / 'ro') as ro:
        assert 'secmsg_shared_up 0' in admin(ro, 'metrics').stdout
        assert lines(admin(ro, '--json', 'status'))[0]['connections'] == 0
        assert admin(ro, 'penalties').stdout == ''


@pytest.mark.parametrize('is_copied', [False, True])
def test_a_bit_of_a_backup_s_last_record(store, tmp_path, is_copied):  # noqa: F811
    """It isn't taken for the log's end: restore names it, and the restored store knows of it."""
    copy, back = tmp_path / 'copy', tmp_path / 'back'
    admin(store, 'backup', str(copy))
    if is_copied:
        shutil.copytree(copy, tmp_path / 'second')
        copy = tmp_path / 'second'
    log = os.path.join(shard_of(copy, 'alice'), 'log.1')
    kind, at, length = records(log)[-1]
    assert kind == 'put'
    flip(log, at + length - 1)
    assert 'log_damaged' in admin(back, 'restore', str(copy), status=65).stderr
    assert admin(back, 'check', status=65)


def test_a_backup_that_was_cut_short(store, tmp_path):  # noqa: F811
    """A log in it that ends too early, within a record or between two, is found, and not taken for all there was."""
    for cut in (11, 'record'):
        copy = tmp_path / ('copy%s' % cut)
        admin(store, 'backup', str(copy))
        log = os.path.join(shard_of(copy, 'alice'), 'log.1')
        _, at, _ = records(log)[-1]
        os.truncate(log, at - 16 if cut == 'record' else os.path.getsize(log) - cut)
        assert 'log_cut_short' in admin(tmp_path / 'back', 'restore', str(copy), status=65).stderr
        shutil.rmtree(tmp_path / 'back')
        admin(store, 'backup', str(copy))
        admin(tmp_path / 'back', 'restore', str(copy))
        assert books(tmp_path / 'back') == books(store)
        shutil.rmtree(tmp_path / 'back')


def test_a_plain_copy_put_back(store, tmp_path):  # noqa: F811
    """A copy made in use has each file of another moment. Over the files of its store it is refused; as the operator's
    page says, without lock and index it opens; and restore takes it as it is."""
    copy, back = tmp_path / 'copy', tmp_path / 'back'
    shutil.copytree(store, copy)
    plain(store, 'LOGIN bob pw', 'COMPOSE alice', 'later')
    for lock in glob.glob('%s/shards/*/lock' % store):
        shutil.copy(lock, lock.replace(str(store), str(copy)))
    for path in contents(copy):
        with open(path, 'rb') as old, open(path.replace(str(copy), str(store)), 'r+b') as new:
            new.truncate(new.write(old.read()))
    assert not plain(store, 'LOGIN alice pw')[0].startswith('OK')
    for name in ('lock', 'index.gdbm'):
        for path in glob.glob('%s/shards/*/%s' % (store, name)):
            os.unlink(path)
    heard = plain(store, 'LOGIN alice pw', *['READ'] * 3)
    assert 'one' in heard and 'two' in heard and 'later' not in heard
    admin(store, 'check')
    admin(back, 'restore', str(copy))
    assert 'two' in plain(back, 'LOGIN alice pw', *['READ'] * 3)


def spoil(path, user, kind):
    """Four bytes of a record that lives, of the shard that the user is in; its number, and how the file was."""
    log = os.path.join(shard_of(path, user), 'log.1')
    with open(log, 'rb') as file:
        before = file.read()
    _, at, length = [r for r in records(log) if r[0] == kind][0]
    with open(log, 'r+b') as file:
        file.seek(at + length - 8)
        file.write(b'\xa5\x5a\xc3\x3c')
    return os.path.basename(os.path.dirname(log)), before


def test_a_damaged_message_is_copied_and_named(store, tmp_path):  # noqa: F811
    """Though the index is trusted. The rest of its shard is in the backup, also what came later; and each restore of
    it names the shard, whether there are indexes in the backup or not."""
    copy, old = tmp_path / 'copy', tmp_path / 'old'
    admin(store, 'backup', str(old))
    shard, _ = spoil(store, 'alice', 'put')
    for _ in range(2):
        done = admin(store, '--json', 'backup', str(copy), status=65)
        assert 'log_damaged' in done.stderr and 'secmsg-admin: shard %s ' % shard in done.stderr
        assert lines(done)[0]['shards'] == len(os.listdir(store / 'shards')) - 1
        plain(store, 'LOGIN bob pw', 'COMPOSE alice', 'later')
    for number in range(3):
        back = tmp_path / ('back%d' % number)
        done = admin(back, 'restore', str(copy), status=65)
        assert 'shard %s of the backup ' % shard in done.stderr
        heard = plain(back, 'LOGIN alice pw', *['READ'] * 3)
        assert 'one' not in heard and 'two' in heard and 'later' in heard
    admin(store, 'backup', str(old))
    admin(tmp_path / 'whole', 'restore', str(old))
    heard = plain(tmp_path / 'whole', 'LOGIN alice pw', *['READ'] * 4)
    assert 'one' in heard and 'two' in heard and 'later' in heard


def test_what_could_not_be_restored_replaces_nothing(store, tmp_path):  # noqa: F811
    """A damaged account under a trusted index: named, and the earlier backup of that shard stays good."""
    copy, fresh = tmp_path / 'copy', tmp_path / 'fresh'
    admin(store, 'backup', str(copy))
    admin(store, 'compact')
    shards = set(os.listdir(store / 'shards')) - {'made'}
    [shard] = [s for s in shards if 'alice' in open(glob.glob('%s/shards/%s/log.*' % (store, s))[0], 'rb').read()
               .decode('latin-1')]
    log = glob.glob('%s/shards/%s/log.*' % (store, shard))[0]
    _, at, length = [r for r in records(log) if r[0] == 'account'][0]
    with open(log, 'r+b') as file:
        file.seek(at + length - 8)
        file.write(b'\xa5\x5a\xc3\x3c')
    for target in (copy, fresh):
        done = admin(store, 'backup', str(target), status=65)
        assert 'shard %s is damaged' % shard in done.stderr
    admin(tmp_path / 'back', 'restore', str(copy))
    assert 'one' in plain(tmp_path / 'back', 'LOGIN alice pw', 'READ')
    spoil(copy, 'alice', 'account')
    done = admin(tmp_path / 'none', 'restore', str(copy), status=65)
    assert "shard %s of the backup %s is damaged; it isn't restored" % (shard, copy) in done.stderr


def test_the_store_s_own_disk_is_not_filled(store, tmp_path):  # noqa: F811
    """A backup stops while the store still has room, and of a file that couldn't be written nothing stays."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    if os.geteuid() or subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'none', disk], check=False).returncode:
        pytest.skip('a small file system can only be mounted by root')
    try:
        plain(store, 'LOGIN bob pw', *['COMPOSE alice', 'x' * 9000] * 100)
        shutil.copytree(store, disk / 'store', ignore=shutil.ignore_patterns('lock', 'index.gdbm'))
        admin(disk / 'store', 'stats')
        room = os.statvfs(disk)
        (disk / 'ballast').write_bytes(bytes(room.f_bavail * room.f_frsize - 1500 * 1024))
        done = admin(disk / 'store', 'backup', str(disk / 'copy'), status=FULL)
        assert done.stderr.count('\n') == 1 and 'space' in done.stderr
        room = os.statvfs(disk)
        assert room.f_bavail * room.f_frsize >= 1024 * 1024
        assert not glob.glob('%s/**/*.new' % (disk / 'copy'), recursive=True)
        (disk / 'ballast').unlink()
        admin(disk / 'store', 'backup', str(disk / 'copy'))
        assert books(disk / 'store') == books(disk / 'copy')
    finally:
        subprocess.run(['umount', disk], check=True)


def test_a_full_disk_keeps_no_part(store, tmp_path):  # noqa: F811
    """On a disk of its own a backup may take all the room; what it couldn't finish it removes, and the log that was
    there ends where it did."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    if os.geteuid() or subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', disk], check=False).returncode:
        pytest.skip('a small file system can only be mounted by root')
    try:
        admin(store, 'backup', str(disk / 'copy'))
        log = os.path.join(shard_of(disk / 'copy', 'alice'), 'log.1')
        size = os.path.getsize(log)
        plain(store, 'LOGIN bob pw', *['COMPOSE alice', 'x' * 9000] * 150)
        admin(store, 'backup', str(disk / 'copy'), status=FULL)
        assert os.path.getsize(log) == size and os.path.exists(os.path.join(os.path.dirname(log), 'lock'))
        admin(store, 'compact')
        admin(store, 'backup', str(disk / 'copy'), status=FULL)
        assert os.path.getsize(log) == size and os.path.exists(os.path.join(os.path.dirname(log), 'lock'))
        assert not glob.glob('%s/**/*.new' % (disk / 'copy'), recursive=True)
        admin(tmp_path / 'back', 'restore', str(disk / 'copy'))
        assert 'one' in plain(tmp_path / 'back', 'LOGIN alice pw', 'READ')
    finally:
        subprocess.run(['umount', disk], check=True)


def test_not_into_the_store_itself(store, tmp_path):  # noqa: F811
    """Refused, wherever in it, and nothing is made there."""
    admin(store, 'backup', str(tmp_path / 'copy'))
    (store / 'shards' / 'mine').mkdir(0o700)
    (tmp_path / 'link').symlink_to(store / 'shards' / 'mine')
    for place in (store / 'sub', store / 'shards' / 'sub', store / 'shards' / 'mine' / 'sub', tmp_path / 'link'):
        before = {root: (sub, names) for root, sub, names in os.walk(store)}
        done = admin(store, 'backup', str(place), status=FULL)
        assert done.stderr.count('\n') == 1 and str(place) in done.stderr
        assert {root: (sub, names) for root, sub, names in os.walk(store)} == before
    admin(tmp_path / 'copy' / 'sub', 'restore', str(tmp_path / 'copy'), status=FULL)
    assert not (tmp_path / 'copy' / 'sub').exists()


def test_what_is_said_of_a_restore(store, tmp_path):  # noqa: F811
    """Its own words where it is refused; and whoever opens what it didn't finish is told to finish it."""
    copy, back = tmp_path / 'copy', tmp_path / 'back'
    admin(store, 'backup', str(copy))
    back.mkdir()
    (back / 'letter').write_text('mine')
    assert 'earlier backup' not in admin(back, 'restore', str(copy), status=FULL).stderr
    (back / 'letter').unlink()
    ident = [line for line in open(store / 'store.conf') if line.startswith('id = ')][0][5:]
    (back / 'backup.begun').write_text(ident)
    told = [admin(back, word, status=66).stderr for word in ('stats', 'init')]
    done = subprocess.run([program('secmsg-handler'), '--plain', '--store', back], input='EXIT\n', text=True,
                          capture_output=True, check=False, env=clean_environment('/nonexistent'))
    assert done.returncode
    for text in told + [done.stderr]:
        assert "isn't finished; give the same command again" in text
    admin(back, 'restore', str(copy))
    assert books(back) == books(store)


def test_an_older_backup_by_hard_links(store, tmp_path):  # noqa: F811
    """A backup that shares its files with the next one stays as it was, also where that has shards more."""
    backup, old = tmp_path / 'backup', tmp_path / 'old'
    assert admin(store, 'backup', str(backup)).returncode == 0
    subprocess.run(['cp', '-al', str(backup), str(old)], check=True)
    before = books(store)
    for i in range(12):
        plain(store, f'REGISTER later{i} pw')
    assert admin(store, 'backup', str(backup)).returncode == 0
    assert admin(old, 'check').returncode == 0
    assert books(old) == before
    assert admin(tmp_path / 'new', 'restore', str(old)).returncode == 0
