"""The operator's tool, on a store that is in use."""
import glob
import json
import os
import shutil
import subprocess

import pytest

from conftest import clean_environment, program


def admin(store, *words, status=0):
    done = subprocess.run([program('secmsg-admin'), '--store', str(store), *words], capture_output=True,
                          text=True, timeout=60, check=False, env=clean_environment('/nonexistent'))
    assert status in (None, done.returncode), done.stderr
    if status not in (None, 0, 1):
        assert done.stderr.startswith('secmsg-admin: ') or status == 65
    return done


def lines(done):
    """What --json printed: one object a line."""
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(isinstance(o, dict) for o in objects)
    return objects


def plain(store, *lines, options=()):
    done = subprocess.run([program('secmsg-handler'), '--plain', '--store', str(store), *options],
                          input='\n'.join(lines) + '\nEXIT\n', capture_output=True, text=True, timeout=60,
                          check=True, env=clean_environment('/nonexistent'))
    return done.stdout.splitlines()


@pytest.fixture(scope='session')
def template(tmp_path_factory):
    """Made once: stretching passwords takes time."""
    path = tmp_path_factory.mktemp('admin') / 'store'
    for name in ('alice', 'bob', 'carol'):
        plain(path, 'REGISTER %s pw' % name)
    plain(path, 'LOGIN bob pw', 'COMPOSE alice', 'one', 'COMPOSE alice', 'two')
    return path


@pytest.fixture
def store(template, tmp_path):
    """A store with three accounts, and two messages for alice."""
    path = tmp_path / 'store'
    shutil.copytree(template, path, ignore=shutil.ignore_patterns('lock', 'index.gdbm'))
    admin(path, 'users', 'list')
    return path


def test_init_founds_and_the_others_do_not(tmp_path):
    """A mistyped path is one line and no store; init makes one, and says twice the same of it."""
    path = tmp_path / 'new'
    for words in (['stats'], ['check'], ['compact'], ['users', 'list'], ['fingerprint']):
        done = admin(path, *words, status=66)
        assert done.stderr.count('\n') == 1 and not path.exists()
    first = admin(path, 'init').stdout
    assert first.startswith('SHA256:') and admin(path, 'init').stdout == first
    assert json.loads(admin(path, '--json', 'fingerprint').stdout) == {'fingerprint': first.strip()}


def test_stats_and_users(store):
    """The books balance, before and after a compaction."""
    for _ in range(2):
        stats = json.loads(admin(store, '--json', 'stats').stdout)
        assert (stats['accounts'], stats['messages'], stats['ids']) == (3, 2, 2)
        users = {u['name']: u for u in lines(admin(store, '--json', 'users', 'list'))}
        assert sorted(users) == ['alice', 'bob', 'carol'] and users['alice']['messages'] == 2
        assert json.loads(admin(store, '--json', 'check').stdout)['verdict'] == 'clean'
        assert json.loads(admin(store, '--json', 'compact').stdout)['shards'] == stats['shards']
    assert 'two' in '\n'.join(plain(store, 'LOGIN alice pw', 'READ', 'READ'))


def test_a_user_is_disabled_enabled_and_deleted(store):
    """A disabled one can't log in, an enabled one can, a deleted one's name stays reserved."""
    admin(store, 'users', 'disable', 'alice')
    assert plain(store, 'LOGIN alice pw')[0].startswith('ERR ')
    admin(store, 'users', 'enable', 'alice')
    assert plain(store, 'LOGIN alice pw')[0].startswith('OK')
    admin(store, 'users', 'delete', 'alice')
    assert plain(store, 'REGISTER alice pw')[0].startswith('ERR ')
    assert json.loads(admin(store, '--json', 'users', 'show', 'alice').stdout)['state'] == 'reserved'
    admin(store, 'users', 'show', 'dave', status=67)


def test_check_finds_and_repairs(store):
    """A flipped bit in a message is found, named, and left out by a repair that keeps the old file."""
    paths = [p for p in glob.glob('%s/shards/*/log.1' % store) if b'two' in open(p, 'rb').read()]
    with open(paths[0], 'r+b') as log:
        log.seek(log.read().index(b'two'))
        log.write(b'twO')
    assert 'log_damaged' in admin(store, 'check', status=65).stderr
    admin(store, 'check', '--repair', status=1)
    assert json.loads(admin(store, '--json', 'check').stdout)['verdict'] == 'clean'
    assert os.path.exists(os.path.join(os.path.dirname(paths[0]), 'kept.1.log.1'))
    assert 'one' in plain(store, 'LOGIN alice pw', 'READ')


def test_what_is_not_to_be_touched_is_not(store, tmp_path):
    """A newer format, others' right to write, a file, a wrong word: each has its status, and one line."""
    def state():
        return {p: os.stat(p).st_mtime_ns for p in glob.glob('%s/**' % store, recursive=True)}
    before = state()
    conf = store / 'store.conf'
    text = conf.read_text()
    conf.write_text(text.replace('format = 1', 'format = 2'))
    assert admin(store, 'check', '--repair', status=69).stderr.count('\n') == 1
    conf.write_text(text)
    os.chmod(store, 0o777)
    assert admin(store, 'compact', status=77).stderr.count('\n') == 1
    os.chmod(store, 0o700)
    os.utime(conf, ns=(before[str(conf)], before[str(conf)]))
    assert state() == before
    (tmp_path / 'file').write_text('x')
    admin(tmp_path / 'file', 'stats', status=66)
    admin(store, 'repair', status=64)
    admin(store, 'users', 'delete', status=64)
    admin(store, 'expire', status=64)
    admin('postgresql://host/db', 'stats', status=69)


def test_backup_and_restore(store, tmp_path):
    """A backup of a store in use, added to, and put in place of a lost store: all is there."""
    copy = tmp_path / 'backup'
    first = json.loads(admin(store, '--json', 'backup', str(copy)).stdout)['bytes']
    plain(store, 'LOGIN bob pw', 'COMPOSE alice', 'three')
    assert 0 < json.loads(admin(store, '--json', 'backup', str(copy)).stdout)['bytes'] < first
    admin(store, 'compact')
    admin(store, 'backup', str(copy))
    admin(store, 'restore', str(copy), status=73)
    admin(store, 'backup', str(store), status=73)
    admin(store, 'backup', str(tmp_path), status=73)
    key = admin(store, 'fingerprint').stdout
    os.rename(store, tmp_path / 'lost')
    admin(store, 'restore', str(tmp_path / 'nowhere'), status=66)
    admin(store, 'restore', str(copy))
    assert json.loads(admin(store, '--json', 'check').stdout)['verdict'] == 'clean'
    assert admin(store, 'fingerprint').stdout == key
    text = '\n'.join(plain(store, 'LOGIN alice pw', 'READ', 'READ', 'READ'))
    assert text.index('one') < text.index('two') < text.index('three')
    plain(store, 'LOGIN bob pw', 'COMPOSE alice', 'four')
    admin(store, 'backup', str(copy))
    books = [json.loads(admin(path, '--json', 'stats').stdout) for path in (store, copy)]
    for name in ('accounts', 'messages', 'mailbox_bytes', 'ids', 'log_live_bytes'):
        assert books[0][name] == books[1][name] > 0
