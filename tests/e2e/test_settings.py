"""Where the client's settings come from: the command line goes before the environment, and that before the file."""
import os
import re
import shlex
import subprocess

import pexpect
import pytest

import manual
from conftest import CONFIG, NO_PERMISSION, REPO, USAGE, program
from peer.wire import DEADLINE


def write(client, text, mode=0o600):
    directory = os.path.join(client.home, '.config', 'secmsg')
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, 'secmsg.conf')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def password_file(client, name='password'):
    path = os.path.join(client.home, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(client.account.password + '\n')
    os.chmod(path, 0o600)
    return path


def bare(client, *words, status=0, **variables):
    """Without any option but those in words."""
    done = subprocess.run([program('secmsg'), *words], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          timeout=DEADLINE, env={**client.environment(), **variables})
    assert done.returncode == status, done.stderr.decode()
    return done.stdout.decode() + done.stderr.decode()


def test_the_file_is_enough(at_house):
    """Server, user, password and form can all be in the file; XDG_CONFIG_HOME moves it."""
    alice = at_house('alice')
    write(alice, '# mine\nexec = %s\nuser = alice\npassword-file = %s\n\njson = yes\n' % (
        alice.target[1], password_file(alice)))
    assert bare(alice, 'send', 'alice', '-m', 'hi').startswith('{"to":"alice"')
    assert '"text":"hi"' in bare(alice, 'read')
    elsewhere = os.path.join(alice.home, 'elsewhere')
    os.rename(os.path.join(alice.home, '.config'), elsewhere)
    bare(alice, 'inbox', status=USAGE)
    bare(alice, 'inbox', XDG_CONFIG_HOME=elsewhere)


def test_precedence(at_house):
    """For each setting: the command line, then the variable, then the file."""
    alice = at_house('alice')
    write(alice, 'server = file.invalid\nuser = x-file\n')
    out = bare(alice, 'ping', SECMSG_EXEC=alice.target[1])
    assert 'answered' in out
    assert 'answered' in bare(alice, 'ping', '--exec', alice.target[1], SECMSG_SERVER='variable.invalid')
    assert 'x-file isn' in bare(alice, 'inbox', '--exec', alice.target[1], status=NO_PERMISSION)
    assert 'x-var isn' in bare(alice, 'inbox', '--exec', alice.target[1], status=NO_PERMISSION, SECMSG_USER='x-var')
    assert 'x-line isn' in bare(alice, 'inbox', '--exec', alice.target[1], '--user', 'x-line', status=NO_PERMISSION,
                                SECMSG_USER='x-var')
    password = password_file(alice)
    write(alice, 'password-file = /nonexistent\n')
    words = ('inbox', '--exec', alice.target[1], '--user', 'alice')
    bare(alice, *words, status=66)
    bare(alice, *words, SECMSG_PASSWORD_FILE=password)
    bare(alice, *words, '--password-file', password, SECMSG_PASSWORD_FILE='/nonexistent')
    assert '{' in bare(alice, 'ping', '--exec', alice.target[1], SECMSG_JSON='1')


@pytest.mark.parametrize('text,line', [
    ('sever = x\n', 1), ('# first\n\nuser alice\n', 3), ('timeout = 0\n', 1), ('timeout = 1K\n', 1), ('json = maybe\n', 1),
    ('user = a\nuser = b\n', 2), ('user =\n', 1), ('# x\nhome = ~/x\n', 2), ('home = ks\n', 1), ('server = a b\n', 1), ('user = B OB\n', 1),
    ('server = h:0\n', 1),
    ('password = secret\n', 1), ('server\n', 1)])
def test_wrong_files(at_house, text, line):
    """Whatever is wrong in the file is told with its line, and nothing is done; help is given all the same."""
    alice = at_house('alice', login=False)
    path = write(alice, text)
    assert '%s:%d: ' % (path, line) in bare(alice, 'ping', '--exec', alice.target[1], status=CONFIG)
    assert 'ping' in bare(alice, 'help') and 'secmsg' in bare(alice, '--version')


def test_unfit_files_and_variables(at_house):
    """A file that others can write, both kinds of server in one place, and variables without sense are refused."""
    alice = at_house('alice', login=False)
    write(alice, 'user = alice\n', 0o622)
    assert 'chmod 600' in bare(alice, 'ping', '--exec', 'false', status=CONFIG)
    write(alice, 'server = a\nexec = b\n')
    assert 'not both' in bare(alice, 'ping', status=CONFIG)
    write(alice, '')
    for variables in ({'SECMSG_SERVER': 'a b'}, {'SECMSG_USER': 'B OB'}, {'SECMSG_HOME': 'ks'}, {'SECMSG_HOME': '~/x'}, {'SECMSG_TIMEOUT': 'soon'}, {'SECMSG_JSON': 'x'}, {'SECMSG_SERVER': 'a', 'SECMSG_EXEC': 'b'}):
        assert next(iter(variables)) in bare(alice, 'ping', status=CONFIG, **variables)


def test_settings_are_in_the_manual():
    """Every setting and every variable of the program stands in the manual page, and no other."""
    with open(os.path.join(REPO, 'client', 'settings.c'), encoding='utf-8') as file:
        known = re.findall(r'^    \[SETTING_\w+\] = \{"(.+)", "(.+)"\},', file.read(), re.M)
    listed = manual.entries(manual.section('secmsg.conf.5', 'SETTINGS OF THE CLIENT'))
    assert [tuple(manual.bold(head)) for head, _ in listed] == known and len(known) >= 8


def test_two_passwords_on_one_line(at_house):
    """A descriptor and a file for the same password are refused together; a line's own goes before the settings'."""
    alice = at_house('alice')
    path = password_file(alice)
    done = alice.run('--password-file', path, 'inbox', status=USAGE)
    assert 'not both' in done.err
    write(alice, 'password-file = /nonexistent\n')
    alice.run('inbox')


@pytest.mark.parametrize('word', [
    'register', 'login', 'passwd', 'keys backup x', 'keys restore %s', 'delete-account', 'send alice -m x', 'reply 123456 -m x',
    'read', 'watch', 'inbox', 'history', 'show 123456', 'save 123456 .', 'outbox', 'flush', 'prove 123456', 'seal alice -m x',
    'open %s'])
def test_no_word_asks_when_stdin_is_no_terminal(at_house, word):
    """There is a terminal, but stdin isn't it: whatever a word wants to know, it says how to give it, and ends."""
    alice = at_house('alice')
    given = os.path.join(alice.home, 'given')
    if word == 'keys restore %s':
        alice.run('keys', 'backup', given)
        alice.run('logout')
    if word == 'open %s':
        with open(given, 'wb') as file:
            alice.run('seal', 'alice', '-m', 'x', stdout=file)
    words = [each.replace('%s', given) for each in word.split()]
    line = shlex.join([program('secmsg'), *alice.target, *([] if word == 'register' else ['--user', 'alice']), *words])
    spawn = pexpect.spawn('/bin/sh', ['-c', ': | ' + line], env=alice.environment(), encoding='utf-8', timeout=DEADLINE,
                          cwd=alice.home)
    spawn.expect(pexpect.EOF)
    spawn.close()
    assert spawn.exitstatus == USAGE and re.search('--(password-file|yes|user)', spawn.before), spawn.before


@pytest.mark.parametrize('text,wanted', [
    ('server = a b\n', 'HOST:PORT'), ('user = B OB\n', '1-32 of a-z'), ('home = ~/x\n', 'begins with /'), ('home = ks\n', 'begins with /'), ('timeout = soon\n', 'seconds, 1 to 86400'), ('json = maybe\n', 'yes or no'), ('trust = blind\n', 'first-use or strict'),
    ('user =\n', 'empty'), ('user = a\nuser = b\n', 'twice'), ('sever = x\n', 'secmsg.conf(5)')])
def test_what_a_wrong_line_wants(at_house, text, wanted):
    """A wrong line says what would be right, or where to read that, and no word of the server's."""
    alice = at_house('alice', login=False)
    write(alice, text)
    told = bare(alice, 'ping', '--exec', alice.target[1], status=CONFIG)
    assert wanted in told and 'handler --help' not in told


def test_a_home_on_the_command_line_may_be_relative(at_house):
    """It is said anew each time; what is written down once would mean another directory wherever secmsg starts."""
    alice = at_house('alice')
    done = subprocess.run([program('secmsg'), *alice.target, '--home', 'state', 'whoami'], capture_output=True,
                          check=False, timeout=DEADLINE, env=alice.environment(), cwd=alice.home)
    assert done.returncode == 0 and b'alice' in done.stdout


def test_a_host_that_is_not_found_is_said_by_secmsg(at_house):
    """Without a word, and with a stdin that isn't a terminal, what fails before the prompt is said as everywhere."""
    alice = at_house('alice', login=False)
    for words in ((), ('ping',)):
        assert bare(alice, '--server', 'nowhere.invalid', *words, status=68).startswith('secmsg: ')
