"""How the operator's tool speaks: every status that its manual names, one line for each mistake, JSON by the line,
progress on terminals alone, and never a lock held while it prints."""
import contextlib
import fcntl
import glob
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from pexpect import fdpexpect

import manual
from conftest import clean_environment, eventually, limit, program
from test_admin import admin, lines, plain, store, template  # noqa: F401  the fixtures

STATUSES = {0, 1, 64, 65, 66, 67, 69, 71, 73, 74, 75, 77, 78}


def run(*words, **how):
    return subprocess.run([program('secmsg-admin'), *map(str, words)], timeout=60, check=False, text=True,
                          env=clean_environment('/nonexistent'),
                          **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **how})


def one_line(done, status, *texts):
    assert done.returncode == status, done.stderr
    assert done.stderr.count('\n') == 1 and done.stderr.startswith('secmsg-admin: '), done.stderr
    assert all(text in done.stderr for text in texts), done.stderr


@contextlib.contextmanager
def locked(path):
    """Every shard's lock, held by somebody who was stopped."""
    with contextlib.ExitStack() as stack:
        for name in glob.glob('%s/shards/*/lock' % path):
            file = stack.enter_context(open(name, 'rb'))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_the_manual_has_these_statuses():
    """The list of the manual page, number by number."""
    assert manual.statuses('secmsg-admin.8') == STATUSES


@pytest.mark.parametrize('words', [
    [], ['frobnicate'], ['--frobnicate', 'check'], ['--store'], ['--store', '', 'check'], ['check', 'all'],
    ['check', '--days=1'], ['stats', '--repair'], ['compact', 'x'], ['stats', 'x'], ['init', 'x'], ['fingerprint', 'x'],
    ['backup'], ['backup', ''], ['backup', 'a', 'b'], ['restore'], ['restore', 'a', 'b'], ['expire'],
    ['expire', '--days=0'], ['expire', '--days=-1'], ['expire', '--days=36501'], ['expire', '30'], ['users'],
    ['users', 'lost'], ['users', 'list', 'x'], ['users', 'show'], ['users', 'show', 'a', 'b'], ['users', 'show', 'A B'],
    ['users', 'show', 'a' * 33], ['users', 'delete', '../x'], ['users', 'delete', 'bob', '--days=3'],
    ['users', 'disable'], ['users', 'enable', ''], ['users', 'reset'], ['users', 'reset', 'bob', '--days=3'],
    ['users', 'reset', 'bob', '--uses=2'], ['users', 'list', '--expires=1d'], ['stats', '--note=x'], ['invite'],
    ['invite', 'newer'], ['invite', 'new', 'bob'], ['invite', 'revoke'], ['invite', 'list', 'x'],
    ['invite', 'new', '--uses=0'], ['invite', 'new', '--uses=1000001'], ['invite', 'new', '--expires=7'],
    ['invite', 'new', '--expires=d'], ['invite', 'new', '--expires=3651d'], ['invite', 'new', '--expires=1y'],
    ['invite', 'new', '--expires='], ['invite', 'new', '--note=' + 101 * 'x'], ['invite', 'new', '--note=a\nb'],
    ['invite', 'list', '--uses=2']])
def test_a_wrong_command_line(tmp_path, words):
    """64, one line that says what is wrong and where to look; nothing is made."""
    path = tmp_path / 'store'
    words = words if '--store' in words else ['--store', path, *words]
    one_line(run(*words), 64, 'see secmsg-admin --help')
    assert not path.exists()


@pytest.mark.parametrize('words, text', [
    ([], 'a word that says what is to be done is missing'), (['stat'], '"stat" is no word'), (['a\x1b'], r'"a\x1b" is no'),
    (['--stroe=S', 'stats'], 'there is no option --stroe;'), (['stats', '--stroe', 'S'], 'there is no option --stroe;'),
    (['-x', 'stats'], 'there is no option -x;'), (['stats', '--store'], '--store needs a value'),
    (['--json=1', 'stats'], '--json takes no value'), (['users', 'lost'], '"lost" is no word of users'),
    (['users', 'disable', 'bob', 'alice'], 'users disable takes one name'), (['users', 'show'], 'users show takes one name'),
    (['users', 'show', 'A B'], '"A B" is no user\'s name')])
def test_a_mistake_is_repeated(words, text):
    """What was mistyped is in the line that refuses it, and no terminal's escape is."""
    done = run(*words)
    one_line(done, 64, text)
    assert '\x1b' not in done.stderr


def test_mistakes_in_the_settings(store, tmp_path):  # noqa: F811
    """A mistyped name isn't passed over: it could be the store's. A value is refused with what is allowed."""
    config = tmp_path / 'conf'
    for text, said in [('stroe = /srv/x', 'unknown name "stroe"'), ('retention-days = x', 'takes a number from 0 to 36500'),
                       ('idle-timeout = 0', 'idle-timeout takes a number from 1 to 86400'),
                       ('registration = maybe', 'registration takes open, invite or closed'),
                       ('log-level = loud', 'error, warning, notice, info or debug'), ('store =', 'store takes a path'), ('store = ~/x', 'store takes a path that begins with /')]:
        config.write_text(text + '\n')
        one_line(run('--store', store, '--config', config, 'stats'), 78, '%s:1: ' % config, said)
    config.write_text('store = %s\nregistration = invite\nlog-level = debug\nmax-message = 1M\n' % store)
    assert run('--config', config, 'stats').returncode == 0


def test_output_that_cannot_be_written(store):  # noqa: F811
    """The reason is the write's own, and an invitation that nobody got isn't promised."""
    with open('/dev/full', 'wb') as full:
        for words in (['stats'], ['--json', 'stats'], ['users', 'list'], ['check']):
            one_line(run('--store', store, *words, stdout=full), 74, 'No space left on device')
        for words in (['users', 'reset', 'carol'], ['--json', 'users', 'reset', 'carol']):
            one_line(run('--store', store, *words, stdout=full), 74,
                     'No space left on device; the invitation is lost: give the same command again')
    assert 'can be registered' in run('--store', store, 'users', 'reset', 'carol').stderr


def test_changes_of_a_deleted_name(store):  # noqa: F811
    """It isn't said that there never was one, and what helps is said."""
    admin(store, 'users', 'delete', 'bob')
    admin(store, 'users', 'reset', 'carol')
    for word in ('disable', 'enable', 'delete'):
        one_line(run('--store', store, 'users', word, 'bob'), 67, 'bob was deleted; `users reset bob` invites')
    for word in ('disable', 'enable'):
        one_line(run('--store', store, 'users', word, 'carol'), 67, '`users delete carol` withdraws')
    one_line(run('--store', store, 'users', 'disable', 'nobody'), 67, 'there is no such account')


def test_one_is_not_many(tmp_path):
    """1 shard, 1 record."""
    path = tmp_path / 'store'
    plain(path, 'REGISTER alice pw')
    assert run('--store', path, 'check').stdout == 'clean: 1 shard in use, 1 record\n'
    assert run('--store', path, 'compact').stdout.startswith('1 shard: ')


def test_statuses_of_files(store, tmp_path):  # noqa: F811
    """65 to 78, but for those that have tests of their own."""
    at = ['--store', store]
    one_line(run('--store', tmp_path / 'none', 'check'), 66, 'secmsg-admin init')
    one_line(run(*at, '--config', tmp_path / 'none', 'check'), 66)
    one_line(run(*at, 'users', 'show', 'nobody'), 67, 'no such account')
    one_line(run('--store', 'postgresql://host/db', 'check'), 69)
    one_line(run(*at, 'restore', store), 73, 'move it away')
    with open('/dev/full', 'wb') as full:
        for words in (['stats'], ['users', 'list'], ['--help']):
            one_line(run(*at, *words, stdout=full), 74, 'standard output')
    config = tmp_path / 'conf'
    config.write_text('# mine\nretention-days = soon\n')
    one_line(run(*at, '--config', config, 'stats'), 78, str(config), '2')
    os.chmod(store, 0o720)
    one_line(run(*at, 'stats'), 77, 'chmod')


@pytest.mark.skipif(bool(os.environ.get('SANITIZE')), reason='a sanitizer needs memory itself')
def test_no_memory(store):  # noqa: F811
    """71, and the shard where it happened."""
    done = run('--store', store, 'check', preexec_fn=limit(resource.RLIMIT_DATA, 1000 * 1024))
    assert done.returncode == 71 and 'out of memory' in done.stderr


def test_a_lock_that_is_not_given_back(store):  # noqa: F811
    """75 after five seconds, and it says which shard."""
    with locked(store):
        done = run('--store', store, 'users', 'disable', 'alice')
    assert done.returncode == 75 and 'busy' in done.stderr
    assert plain(store, 'LOGIN alice pw')[0].startswith('OK')


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can give files away')
def test_as_somebody_else(store):  # noqa: F811
    """77: a line that names both users, whoever of them is root; nothing is made or changed."""
    def everything():
        return sorted((p, os.lstat(p).st_mtime_ns) for p in glob.glob('%s/**' % store, recursive=True))

    subprocess.run(['chown', '-R', '65534', store], check=True)
    before = everything()
    for words in (['check', '--repair'], ['stats'], ['users', 'list'], ['compact'], ['backup', '/tmp/none'], ['init']):
        done = run('--store', store, *words)
        one_line(done, 77, '(65534), and this runs as root (0); run it as that user: sudo -u')
        assert 'chown' not in done.stderr
    assert everything() == before
    subprocess.run(['chown', '-R', '0', store], check=True)
    with tempfile.TemporaryDirectory() as place:  # which nobody can reach, as the tests' own may not be
        os.chmod(place, 0o711)
        os.rename(store, place + '/store')
        shutil.copy(program('secmsg-admin'), place)
        done = subprocess.run([place + '/secmsg-admin', '--store', place + '/store', 'check'], capture_output=True,
                              text=True, user=65534, group=65534, extra_groups=[], cwd='/', check=False)
        subprocess.run(['chown', '-R', '65534', place + '/store'], check=True)
        os.mkdir(place + '/closed', 0o700)
        for parent in (place, place + '/closed'):
            refused = subprocess.run([place + '/secmsg-admin', '--store', place + '/store', 'backup', parent + '/copy'],
                                     capture_output=True, text=True, user=65534, group=65534, extra_groups=[], cwd='/',
                                     check=False)
            one_line(refused, 77, parent + "/copy: can't be reached or made: permission denied")
    one_line(done, 77, 'belongs to root (0)', '(65534)', "sudo -u 'root'")


def test_options_may_stand_anywhere(store):  # noqa: F811
    """Before the word, behind it, and between."""
    expected = run('--store', store, '--json', 'users', 'show', 'bob').stdout
    assert run('users', '--json', 'show', '--store', store, 'bob').stdout == expected != ''
    assert run('users', 'show', 'bob', '--json', '--store=%s' % store).stdout == expected


def test_json_is_one_object_a_line(store, tmp_path):  # noqa: F811
    """For every word, with the members that the manual names."""
    account = {'name', 'state', 'messages', 'bytes', 'ids'}
    expected = {
        'check': {'verdict', 'shards', 'records'}, 'stats': None, 'users list': account, 'users show bob': account,
        'users disable bob': account, 'users enable bob': account, 'users delete carol': account,
        'users reset bob': {'name', 'state', 'invitation', 'until'},
        'invite new': {'id', 'invitation', 'state', 'uses', 'used', 'issued', 'until', 'note'},
        'invite list': {'id', 'state', 'uses', 'used', 'issued', 'until', 'note'}, 'backup %s' % (tmp_path / 'copy'):
        {'shards', 'bytes'}, 'compact': {'shards', 'bytes_before', 'bytes_after', 'expired'},
        'expire --days=3': {'shards', 'bytes_before', 'bytes_after', 'expired'}, 'fingerprint': {'fingerprint'},
        'init': {'fingerprint'}}
    listed = manual.section('secmsg-admin.8', 'OUTPUT FOR SCRIPTS')
    for words, members in expected.items():
        for found in lines(admin(store, '--json', *words.split())):
            assert members is None or set(found) - {'until'} == members - {'until'}
            assert all('*%s*' % name in listed or '"%s"' % name in listed for name in found)


def on_terminal(path, *words):
    """Runs it with a terminal as standard error: what that got, and what standard output did. Ctrl-C ends it, also
    where the tests run in the background of a shell, which ignores it."""
    master, slave = os.openpty()
    popen = subprocess.Popen([program('secmsg-admin'), '--store', str(path), *words], stdout=subprocess.PIPE,
                             stderr=slave, text=True, env=clean_environment('/nonexistent'),
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    os.close(slave)
    return fdpexpect.fdspawn(master, timeout=20, encoding='utf-8'), popen


@pytest.mark.parametrize('words', [['check'], ['compact'], ['users', 'list'], ['backup', 'copy']])
def test_progress(store, tmp_path, words):  # noqa: F811
    """What takes more than a second says how far it is, on standard error, and takes that back; what doesn't, or
    has no terminal, says nothing."""
    words = [str(tmp_path / w) if w == 'copy' else w for w in words]
    with locked(store):
        terminal, popen = on_terminal(store, *words)
        terminal.expect(r'\x1b\[K%s: shard \d+ of 256, 1 s\r' % words[0])
        terminal.expect(r'\x1b\[K%s: shard \d+ of 256, 2 s\r' % words[0])
    out, _ = popen.communicate(timeout=30)
    terminal.expect(r'((\x1b\[K[^\x1b]*\r)*)\x1b\[K$')
    assert popen.returncode == 0 and out and '\x1b' not in out and ' of 256' not in out
    terminal.close()
    terminal, popen = on_terminal(store, *words)
    popen.communicate(timeout=30)
    assert popen.returncode == 0
    with contextlib.suppress(OSError):  # a pty whose other end is closed
        assert os.read(terminal.fileno(), 1000) == b''
    terminal.close()
    with locked(store):
        popen = subprocess.Popen([program('secmsg-admin'), '--store', str(store), *words], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=clean_environment('/nonexistent'))
        time.sleep(1.8)
    assert popen.communicate(timeout=30)[1] == b''


def test_progress_that_is_interrupted(store):  # noqa: F811
    """Ctrl-C takes the line off the terminal, and ends it as a signal does."""
    with locked(store):
        terminal, popen = on_terminal(store, 'check')
        terminal.expect(r'check: shard \d+ of 256, 1 s\r')
        popen.send_signal(signal.SIGINT)
        assert popen.wait(20) == -signal.SIGINT
    terminal.expect(r'\x1b\[K$')
    terminal.close()


def full_pipe():
    """A pipe that has no room for a single byte."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, bytes(4096))
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, b'\0')
    os.set_blocking(write_end, True)
    return read_end, write_end


def waits_to_print(popen):
    """Whether it hangs in a write to standard output."""
    with open('/proc/%d/syscall' % popen.pid, encoding='ascii') as file:
        call = file.read().split()
    return call[0] in ('1', '64') and call[1] == '0x1'


@pytest.mark.parametrize('words', [['users', 'list'], ['users', 'show', 'alice'], ['stats'], ['check'], ['compact'],
                                   ['users', 'reset', 'carol'], ['backup', 'copy']])
def test_no_lock_is_held_while_it_prints(store, tmp_path, words):  # noqa: F811
    """Nobody reads what it prints: it waits for that as long as it may be, and no one else for it."""
    words = [str(tmp_path / w) if w == 'copy' else w for w in words]
    read_end, write_end = full_pipe()
    popen = subprocess.Popen([program('secmsg-admin'), '--store', str(store), *words], stdout=write_end,
                             stderr=subprocess.DEVNULL, env=clean_environment('/nonexistent'))
    os.close(write_end)
    try:
        eventually('printing', lambda: waits_to_print(popen))
        for name in glob.glob('%s/shards/*/lock' % store):
            with open(name, 'rb') as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for user in ('alice', 'bob'):
            assert plain(store, 'LOGIN bob pw', 'COMPOSE ' + user, 'meanwhile')[1].startswith('OK')
        assert popen.poll() is None
    finally:
        with open(read_end, 'rb') as pipe:
            while pipe.read(65536):
                pass
    assert popen.wait(20) == 0
