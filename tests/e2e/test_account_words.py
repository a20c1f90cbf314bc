"""The client's words about an account: passwd, keys, delete-account, login --remember, forget, logout."""
import os
import shutil
import subprocess

import pexpect
import pytest

from conftest import CHANGED, NO_PERMISSION, UNKNOWN, USAGE, Client, program
from peer.primitives import fingerprint
from peer.server import Vanish
from peer.wire import DEADLINE


def file_with(client, name, text, mode=0o600):
    path = os.path.join(client.home, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def at_terminal(client, *words):
    return pexpect.spawn(program('secmsg'), [*client.target, '--user', client.user, *words], encoding='utf-8',
                         env=client.environment(), timeout=DEADLINE)


def keys_file(client):
    return next(text for path, text in client.files().items() if path.endswith('/keys'))


# ---- passwd ----

def test_passwd(house, at_house):
    """After passwd the new password opens everything and the old one nothing; the identity is the same; an older
    copy of the keys is refused, and its owner told."""
    alice = at_house('alice')
    other = shutil.copytree(alice.home, alice.home + '.other')
    before, old = alice.run('whoami').out, alice.account.password
    said = alice.run('passwd', '--new-password-file', file_with(alice, 'new', 'Neues-Wort-1\n'))
    assert 'was changed' in said.err and not said.out
    house.keep_secret('Neues-Wort-1')
    alice.run('inbox', status=NO_PERMISSION)
    alice.account.password = 'Neues-Wort-1'
    alice.run('send', 'alice', '-m', 'with the new one')
    assert 'with the new one' in alice.run('read').out
    assert alice.run('whoami').out == before
    alice.home, alice.account.password = other, old
    assert 'changed on another' in alice.run('inbox', status=NO_PERMISSION).err


def test_passwd_wants_the_old_one(at_house):
    """A wrong old password changes nothing; a new one that is empty or readable by others is refused."""
    alice = at_house('alice')
    before, good = keys_file(alice), alice.account.password
    new = file_with(alice, 'new', 'Neues-Wort-2')
    alice.account.password = 'wrong'
    alice.run('passwd', '--new-password-file', new, status=NO_PERMISSION)
    alice.account.password = good
    alice.run('passwd', '--new-password-file', file_with(alice, 'none', ''), status=65)
    assert 'others can read' in alice.run('passwd', '--new-password-file', file_with(alice, 'o', 'x', 0o644),
                                          status=NO_PERMISSION).err
    assert '--new-password-file' in alice.run('passwd', status=USAGE).err
    assert keys_file(alice) == before
    alice.run('inbox')


def test_passwd_at_a_terminal(house, at_house):
    """A person is asked for the old password and twice for the new one, and sees none of them."""
    alice = at_house('alice')
    spawn = at_terminal(alice, 'passwd')
    house.keep_secret('Getippt-7')
    for question, answer in (('Password: ', alice.account.password), ('New password: ', 'Getippt-7'),
                             ('The same again: ', 'Getippt-7')):
        spawn.expect_exact(question)
        spawn.sendline(answer)
    spawn.expect(pexpect.EOF)
    assert 'was changed' in spawn.before and 'Getippt' not in spawn.before
    spawn.close()
    assert spawn.exitstatus == 0
    alice.account.password = 'Getippt-7'
    alice.run('inbox')


def test_passwd_without_an_answer(at_fake, fake):
    """When the answer to PASSWD is lost, that is said, and status 82 tells scripts; the old keys stay here."""
    alice = at_fake('alice')
    before = keys_file(alice)

    def vanish(session, words, body):
        raise Vanish

    fake.hooks['PASSWD'] = vanish
    done = alice.run('passwd', '--new-password-file', file_with(alice, 'new', 'x-1'), status=UNKNOWN)
    assert "isn't known" in done.err and keys_file(alice) == before


def test_passwords_in_a_pipe(house, at_house):
    """At a prompt that reads a pipe the passwords are the next lines, and none is run as a word, whatever fails."""
    alice = at_house('alice')
    house.keep_secret('Neu-9')
    lines = ['passwd', 'wrong', 'Neu-9', 'passwd', alice.account.password, 'Neu-9',
             'delete-account', 'bob', 'Neu-9', 'delete-account', 'alice', 'wrong', 'delete-account', 'alice', 'Neu-9', '']
    done = alice.run(input='\n'.join(lines).encode(), password=False, status=None)
    assert 'was changed' in done.err and 'is deleted' in done.err
    assert 'Neu-9' not in done.all and 'no word' not in done.all, done.all


# ---- keys ----

def test_backup_and_restore(house, at_house):
    """A backup holds nothing secret in the clear, overwrites nothing, and brings the keys back on a machine that has
    none: the archive opens again, also without the server."""
    alice = at_house('alice')
    alice.run('send', 'alice', '-m', 'to keep')
    alice.run('read')
    path = os.path.join(alice.home, 'backup')
    alice.run('keys', 'backup', path)
    with open(path, 'rb') as file:
        text = file.read()
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert text.startswith(b'secmsg-keys-1\n') and alice.account.password.encode() not in text
    assert not house.leaks(text.decode())
    alice.run('keys', 'backup', path, status=73)
    assert 'already' in alice.run('keys', 'restore', path, status=73).err
    alice.run('logout')
    alice.run('history', status=NO_PERMISSION)
    good, alice.account.password = alice.account.password, 'wrong'
    alice.run('keys', 'restore', path, status=NO_PERMISSION)
    alice.account.password = good
    alice.run('keys', 'restore', path)
    assert 'alice' in alice.run('history').out
    alice.run('send', 'alice', '-m', 'again')
    shutil.rmtree(os.path.join(alice.home, 'state'))
    target, alice.target = alice.target, ('--exec', 'false')
    assert 'is pinned' in alice.run('keys', 'restore', path).err
    alice.run('history')
    alice.target = target


def test_bad_backups(at_house):
    """What isn't a backup, or was changed, or is of another server, restores nothing."""
    alice = at_house('alice')
    path = os.path.join(alice.home, 'backup')
    alice.run('keys', 'backup', path)
    with open(path, encoding='utf-8') as file:
        good = file.read()
    alice.run('logout')
    lines = good.splitlines(True)
    for bad in ('', 'hello\n', good[:-1], good + 'x\n', ''.join(lines[1:]), lines[0] + ''.join(lines[2:]),
                good.replace('salt: ', 'salt:  '), good + lines[-1]):
        alice.run('keys', 'restore', file_with(alice, 'bad', bad), status=65)
    key = lines[2]
    other = good.replace(key, 'host-key: ' + 'A' * 43 + '=\n')
    assert 'host key' in alice.run('keys', 'restore', file_with(alice, 'other', other), status=CHANGED).err
    alice.run('keys', 'restore', os.path.join(alice.home, 'missing'), status=66)
    alice.run('keys', 'backup', status=USAGE)
    alice.run('keys', 'burn', path, status=USAGE)
    alice.run('inbox', status=NO_PERMISSION)


def test_a_backup_pins_no_host_key_against_the_user(house, at_fake, fake):
    """Nothing protects the host key in a backup: with --trust=strict it isn't pinned from there, and never against the
    pin of the address."""
    alice = at_fake('alice')
    path = os.path.join(alice.home, 'backup')
    alice.run('keys', 'backup', path)
    new = Client(house, alice.account, *alice.target)
    done = new.run('--trust', 'strict', 'keys', 'restore', path, status=CHANGED)
    assert fingerprint(fake.host_key) in done.err and new.files() == {}
    address = 'secmsg://127.0.0.1:%d#' % fake.port
    new.target = ('--server', address + fingerprint(bytes(32)))
    done = new.run('keys', 'restore', path, status=CHANGED)
    assert fingerprint(fake.host_key) in done.err and fingerprint(bytes(32)) in done.err and new.files() == {}
    new.target = ('--server', address + fingerprint(fake.host_key))
    new.run('--trust', 'strict', 'keys', 'restore', path)


# ---- delete-account ----

def test_delete_account(house, at_house):
    """The account goes only when its name and its password are given; then nobody can log in or write to it, and its
    keys are gone from here."""
    alice, bob = at_house('alice'), at_house('bob')
    assert '--yes' in alice.run('delete-account', status=USAGE).err
    assert 'nothing was deleted' in alice.run('delete-account', '--yes', 'bob', status=USAGE).err
    good, alice.account.password = alice.account.password, 'wrong'
    alice.run('delete-account', '--yes', 'alice', status=NO_PERMISSION)
    alice.account.password = good
    alice.run('inbox')
    assert 'is deleted' in alice.run('delete-account', '--yes', 'ALICE').err
    assert not [path for path in alice.files() if path.endswith('/keys')]
    bob.run('send', 'alice', '-m', 'hello?', status=67)
    with house.connect() as peer:
        peer.refused('auth-failed', peer.login_head(alice.account))
    said = alice.run('register', 'alice', status=73).err
    assert 'was deleted from this machine' in said and 'stays reserved' in said and 'Log in instead' not in said
    alice.run('register', 'alice2')
    said = alice.run('register', 'alice2', status=73).err
    assert 'Log in instead' in said and 'was deleted from' not in said


def test_delete_account_at_a_terminal(at_house):
    """A person types the name; anything else deletes nothing."""
    alice = at_house('alice')
    for typed, status in (('bob', USAGE), ('alice', 0)):
        spawn = at_terminal(alice, 'delete-account')
        spawn.expect_exact('Type its name to delete it: ')
        spawn.sendline(typed)
        if status == 0:
            spawn.expect_exact('Password: ')
            spawn.sendline(alice.account.password)
        spawn.expect(pexpect.EOF)
        spawn.close()
        assert spawn.exitstatus == status, spawn.before


# ---- login --remember ----

def has_keyring():
    """Containers often have none."""
    added = subprocess.run(['/usr/bin/python3', '-c', (
        'import ctypes, sys; k = ctypes.CDLL("libkeyutils.so.1", use_errno=True)\n'
        'sys.exit(k.add_key(b"user", b"secmsg-test", b"x", 1, -2) < 0 or k.keyctl(0, -4, 1) < 0)')], check=False)
    return added.returncode == 0


@pytest.fixture
def keyring():
    if not has_keyring():
        pytest.skip('the kernel keeps no keys here: add_key(2) refuses')


@pytest.mark.usefixtures('keyring')
@pytest.mark.parametrize('end', ['forget', 'logout'])
def test_remember(at_house, end):
    """After login --remember no word needs the password, nothing more is on the disk, and `forget` or `logout` ends
    it."""
    alice = at_house('alice')
    before = keys_file(alice)
    alice.run('inbox', password=False, status=USAGE)
    alice.run('login', '--remember', '5m')
    alice.run('send', 'alice', '-m', 'unasked', password=False)
    assert 'unasked' in alice.run('read', password=False).out
    assert keys_file(alice) == before
    alice.run(end, password=False)
    alice.run('inbox', password=False, status=USAGE if end == 'forget' else NO_PERMISSION)
    if end == 'logout':
        alice.run('login')
        alice.run('inbox', password=False, status=USAGE)


@pytest.mark.usefixtures('keyring')
def test_remembered_time_ends(at_house):
    """What is remembered for a second is forgotten after it."""
    alice = at_house('alice')
    alice.run('login', '--remember', '1s')
    subprocess.run(['sleep', '1.5'], check=True)
    alice.run('inbox', password=False, status=USAGE)


@pytest.mark.usefixtures('keyring')
def test_remembered_keys_change_nothing_for_good(at_house):
    """passwd and delete-account want the password all the same, and after passwd nothing is remembered."""
    alice = at_house('alice')
    alice.run('login', '--remember', '5m')
    new = file_with(alice, 'new', 'Neues-3')
    alice.run('passwd', '--new-password-file', new, password=False, status=USAGE)
    alice.run('delete-account', '--yes', 'alice', password=False, status=USAGE)
    alice.run('passwd', '--new-password-file', new)
    alice.run('inbox', password=False, status=USAGE)


@pytest.mark.parametrize('time', ['', '5', '0s', 'm', '1x', '31d', '-1h', '99999999999999999999d'])
def test_bad_times(at_house, time):
    """A time is a number and a unit, 30 days at most."""
    assert '--remember' in at_house('alice', login=False).run('login', '--remember', time, status=USAGE).err
