"""Stores that can't be used as they are: each is told in one line that says what and what to do, by the
handler's log and by the operator's tool, and nothing in them is touched."""
import glob
import os
import re
import shutil
import subprocess
import tempfile

import pytest

from conftest import LOG_LINE, clean_environment, program

NOBODY = 65534
DAMAGED, NO_INPUT, UNAVAILABLE, IO_ERROR, READ_ONLY, NO_PERMISSION = 65, 66, 69, 74, 73, 77
WORDS = (['check'], ['stats'], ['users', 'list'])

as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root can give a file away, or mount')


def run(name, store, *words, text='', before=()):
    return subprocess.run([*before, program(name), *(['--plain'] if name == 'secmsg-handler' else []),
                           '--store', str(store), *words], input=text, capture_output=True, text=True,
                          timeout=60, check=False, env=clean_environment('/nonexistent'))


def plain(store, *lines, **how):
    return run('secmsg-handler', store, text='\n'.join(lines) + '\nEXIT\n', **how)


@pytest.fixture(scope='module')
def template(tmp_path_factory):
    """A store with two accounts and a message for alice."""
    path = tmp_path_factory.mktemp('bad') / 'store'
    for user in ('alice', 'bob'):
        plain(path, 'REGISTER %s pw' % user)
    assert 'OK' in plain(path, 'LOGIN bob pw', 'COMPOSE alice', 'hello').stdout
    return path


@pytest.fixture
def store(template, tmp_path):
    path = str(tmp_path / 'store')
    shutil.copytree(template, path)
    assert run('secmsg-admin', path, 'users', 'list').returncode == 0  # makes the copy's indexes
    return path


def home(store):
    """Alice's shard."""
    logs = glob.glob(glob.escape(store) + '/shards/*/log.1')
    return [os.path.dirname(p) for p in logs if b'alice' in open(p, 'rb').read()][0]


def digest(path):
    """All names, modes, owners and contents; and when files were last written. A check may make a file without
    a name in a healthy shard, which only that directory's time shows. What handlers know of each other is no part
    of the store."""
    found = {}
    if not os.path.isdir(path):
        return os.stat(path).st_mtime_ns
    for directory, below, names in os.walk(path):
        for name in (*below, *names, '.'):
            if name == 'guard':
                continue
            full = os.path.join(directory, name)
            st = os.lstat(full)
            content = open(full, 'rb').read() if name in names else None
            found[os.path.relpath(full, path)] = (st.st_mode, st.st_uid, content,
                                                  st.st_mtime_ns if name in names else 0)
    return found


def rewrite(name, change):
    def spoil(store):
        path = os.path.join(store, name)
        content = open(path, 'rb').read()
        open(path, 'wb').write(change(content))
    return spoil


def only_a_letter(store):
    shutil.rmtree(store)
    os.mkdir(store, 0o700)
    open(os.path.join(store, 'letter.txt'), 'w').close()


def a_file(store):
    shutil.rmtree(store)
    open(store, 'w').close()


def remove(name):
    def spoil(store):
        path = os.path.join(store, name)
        (shutil.rmtree if os.path.isdir(path) else os.unlink)(path)
    return spoil


# What is done to it, the status of secmsg-admin, and words of the line. The handler's status is 69.
WHOLE = {
    'a newer format': (rewrite('store.conf', lambda b: b.replace(b'format = 1', b'format = 2')), UNAVAILABLE,
                       'newer format; use the secmsg that made it'),
    'a directory of other things': (only_a_letter, NO_INPUT, "isn't a store"),
    'a file': (a_file, NO_INPUT, "isn't a (store|directory)"),
    'store.conf empty': (rewrite('store.conf', lambda b: b''), DAMAGED, "store.conf isn't whole; restore"),
    'store.conf cut': (rewrite('store.conf', lambda b: b[:-30]), DAMAGED, "store.conf isn't whole; restore"),
    'store.conf garbled': (rewrite('store.conf', lambda b: b.replace(b'secret', b'sfcret')), DAMAGED,
                           "store.conf isn't whole; restore"),
    'store.conf missing': (remove('store.conf'), DAMAGED, 'without its store.conf; restore'),
    'host.key empty': (rewrite('host.key', lambda b: b''), DAMAGED, "host.key isn't whole; restore"),
    'host.key cut': (rewrite('host.key', lambda b: b[:95]), DAMAGED, "host.key isn't whole; restore"),
    'host.key too long': (rewrite('host.key', lambda b: b + b'x'), DAMAGED, "host.key isn't whole; restore"),
    'host.key with a flipped bit': (rewrite('host.key', lambda b: b[:40] + bytes([b[40] ^ 4]) + b[41:]), DAMAGED,
                                    "host.key isn't whole; restore"),
    'host.key missing': (remove('host.key'), DAMAGED, "host.key isn't whole; restore"),
    'shards missing': (remove('shards'), DAMAGED, '`shards` is missing; restore'),
    'open to all': (lambda s: os.chmod(s, 0o777), NO_PERMISSION, 'others may write to it; chmod'),
    'host.key for all': (lambda s: os.chmod(s + '/host.key', 0o644), NO_PERMISSION, 'its host.key; chmod 600'),
    'store.conf for all': (lambda s: os.chmod(s + '/store.conf', 0o640), NO_PERMISSION, 'store.conf; chmod 600'),
    'shards open to all': (lambda s: os.chmod(s + '/shards', 0o772), NO_PERMISSION, 'to its shards; chmod'),
}
OWNED = {name: (lambda s, name=name: os.chown(os.path.join(s, name), NOBODY, -1), NO_PERMISSION,
                r"belongs to \w+ \(65534\), and this runs as root \(0\); run it as that user: sudo -u '\w+' \.\.\."
                if name == '.' else r'its \S+ belongs to \w+ \(65534\), and the store to root \(0\).*; chown it')
         for name in ('.', 'host.key', 'store.conf', 'shards')}


def expect_refusal(store, spoil, status, words):
    spoil(store)
    before = digest(store)
    done = plain(store, 'LOGIN alice pw')
    assert done.returncode == UNAVAILABLE and done.stdout.startswith('ERR internal')
    assert done.stderr.count('\n') == 1 and LOG_LINE.fullmatch(done.stderr.strip())
    assert re.search(words, done.stderr)
    for word in WORDS:
        done = run('secmsg-admin', store, *word)
        assert done.returncode == status, done.stderr
        assert done.stdout == '' and done.stderr.count('\n') == 1 and re.search(words, done.stderr)
    assert digest(store) == before


@pytest.mark.parametrize('case', WHOLE)
def test_a_store_that_cannot_be_opened(store, case):
    """The handler refuses the session, the operator's tool does nothing."""
    expect_refusal(store, *WHOLE[case])


@as_root
def test_a_directory_of_somebody_else(tmp_path):
    """Nobody is told to become its owner, where it is no store."""
    (tmp_path / 'etc' / 'network').mkdir(parents=True)
    os.chown(tmp_path / 'etc', NOBODY, -1)
    done = plain(tmp_path / 'etc', 'PING')
    assert done.returncode == UNAVAILABLE and "is somebody else's, and no store; name another place" in done.stderr
    assert os.listdir(tmp_path / 'etc') == ['network']


@as_root
@pytest.mark.parametrize('name', OWNED)
def test_a_store_of_somebody_else(store, name):
    """Root too uses it as its owner, so that no file in it becomes root's."""
    expect_refusal(store, *OWNED[name])


SHARDS = {
    'its directory missing': (lambda s: shutil.rmtree(home(s)), DAMAGED, 'shard_missing .*restore'),
    'its log missing': (lambda s: os.unlink(home(s) + '/log.1'), DAMAGED, 'log_missing .*restore'),
    'its log and index missing': (lambda s: [os.unlink(p) for p in files_of(home(s))], DAMAGED,
                                  'log_missing .*restore'),
    'its log empty': (lambda s: open(home(s) + '/log.1', 'w').close(), DAMAGED, 'log_header_bad .*restore'),
    'its log of a newer format': (lambda s: newer_log(home(s) + '/log.1'), UNAVAILABLE,
                                  'log_header_bad .*use the secmsg that made it'),
    'open to all': (lambda s: os.chmod(home(s), 0o777), IO_ERROR, 'shard_not_ours .*chmod'),
}


def files_of(shard):
    return [shard + '/log.1', shard + '/index.gdbm']


def newer_log(path):
    content = open(path, 'rb').read()
    open(path, 'wb').write(content[:8] + b'\x03' + content[9:])


def expect_bad_shard(store, spoil, status, words):
    spoil(store)
    before = digest(store)
    done = plain(store, 'LOGIN alice pw')
    assert done.returncode == 0 and done.stdout.startswith('ERR internal')
    assert re.search(words, done.stderr)
    assert all(LOG_LINE.fullmatch(line) for line in done.stderr.splitlines())
    done = plain(store, 'REGISTER alice other')
    assert done.stdout.startswith('ERR internal')
    assert plain(store, 'LOGIN bob pw').stdout.startswith('OK')
    for word in WORDS:
        done = run('secmsg-admin', store, *word)
        assert done.returncode == status, done.stderr
        assert re.search(words, done.stderr)
    assert digest(store) == before


@pytest.mark.parametrize('case', SHARDS)
def test_a_shard_that_cannot_be_used(store, case):
    """Its users are told that the server failed, nobody gets their names, and other shards don't notice."""
    expect_bad_shard(store, *SHARDS[case])


@as_root
def test_a_shard_of_somebody_else(store):
    """As one that is open to all."""
    expect_bad_shard(store, lambda s: os.chown(home(s), NOBODY, -1), IO_ERROR, 'shard_not_ours .*chown -R')


def test_a_lost_lock_file_is_made_again(store):
    """It holds nothing that the log doesn't tell."""
    os.unlink(home(store) + '/lock')
    assert 'hello' in plain(store, 'LOGIN alice pw', 'READ').stdout
    assert run('secmsg-admin', store, 'check').returncode == 0


MOUNT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


@as_root
def test_a_read_only_file_system(store):
    """Reading works, a change is refused with an error of its own, and nothing falls over."""
    def mounted(name, *words, text=''):
        return run(name, store, *words, text=text, before=['unshare', '-m', 'sh', '-c', MOUNT, store])

    if mounted('secmsg-admin', 'fingerprint').returncode != 0:
        pytest.skip('no mount can be made here')
    before = digest(store)
    done = mounted('secmsg-handler', text='LOGIN alice pw\nREAD\n')
    assert 'hello' in done.stdout and 'shard_read_only' in done.stderr
    done = mounted('secmsg-handler', text='LOGIN bob pw\nCOMPOSE alice\nagain\nEXIT\n')
    assert 'ERR storage-full' in done.stdout and done.returncode == 0
    for words, status in ((['stats'], 0), (['users', 'list'], 0), (['users', 'disable', 'bob'], READ_ONLY),
                          (['compact'], READ_ONLY), (['check'], 0)):
        done = mounted('secmsg-admin', *words)
        assert done.returncode == status and bool(status) == ('read-only' in done.stderr), done.stderr
    assert digest(store) == before


def expect_read_only(store, before):
    if run('secmsg-admin', store, 'fingerprint', before=before).returncode != 0:
        pytest.skip('neither a mount nor another user is possible here')
    was = digest(store)
    for words in (*WORDS, ['users', 'show', 'alice']):
        done = run('secmsg-admin', store, *words, before=before)
        if words == ['check']:
            assert done.returncode == 0 and done.stdout.startswith('clean: 2 shards'), done.stderr
        else:
            assert done.returncode == READ_ONLY and 'read-only' in done.stderr, done.stderr
    done = run('secmsg-handler', store, text='LOGIN alice pw\n', before=before)
    assert 'ERR storage-full' in done.stdout and 'shard_read_only' in done.stderr
    assert digest(store) == was


@as_root
def test_a_read_only_backup(store):
    """Without the lock files no index can be made: read-only, not empty; a check reads the logs."""
    for path in glob.glob(glob.escape(store) + '/shards/*/lock'):
        os.unlink(path)
    expect_read_only(store, ['unshare', '-m', 'sh', '-c', MOUNT, store])


@as_root
def test_a_store_without_leave_to_write(store):
    """Files that their own user may not write to are a read-only store; their index has another ctime."""
    with tempfile.TemporaryDirectory(prefix='secmsg-bad-') as path:
        shutil.copytree(store, path, dirs_exist_ok=True)
        for directory, _, names in os.walk(path, topdown=False):
            for name in (*names, '.'):
                os.chmod(os.path.join(directory, name), 0o500 if name == '.' else 0o400)
                os.chown(os.path.join(directory, name), NOBODY, NOBODY)
        expect_read_only(path, ['setpriv', '--reuid=%d' % NOBODY, '--clear-groups'])
