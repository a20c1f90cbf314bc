"""Plain mode: the same commands for pipes, scripts and people, without handshake and frames."""
import os
import re
import socket
import subprocess
import time

import pytest

from conftest import program
from peer.objects import new_id

LOGIN = 'LOGIN alice geheim-a\n'


def couple(house):
    """alice and paul, accounts of plain mode."""
    house.keep_secret('geheim-a', 'geheim-p')
    assert house.plain('REGISTER alice geheim-a\nEXIT\n') == ['OK', 'BYE']
    assert house.plain('REGISTER paul geheim-p\nEXIT\n') == ['OK', 'BYE']


def unread(house):
    """alice's unread messages, looked at without touching them."""
    return int(house.plain(LOGIN + 'EXIT\n')[0].split()[1])


def test_the_issues_own_line(house):
    """The line from the README, by a shell, with no set-up at all; then LOGIN, COMPOSE and READ alike."""
    def shell(text):
        line = "printf '%s' | \"$0\" --plain --store \"$1\"" % text
        return subprocess.run(['sh', '-c', line, program('secmsg-handler'), house.store], check=True,
                              capture_output=True, timeout=60).stdout.decode()

    assert shell(r'REGISTER alice pw\nEXIT\n') == 'OK\nBYE\n'
    assert shell(r'LOGIN alice pw\nEXIT\n') == 'OK 0\nBYE\n'
    sent = shell(r'LOGIN alice pw\nCOMPOSE alice\nhello, myself\nEXIT\n')
    assert re.fullmatch(r'OK 0\nOK ([0-9a-f]{32})\nBYE\n', sent)
    id = sent.split()[3]
    read = shell(r'LOGIN alice pw\nREAD\nREAD\nEXIT\n')
    assert re.fullmatch(r'OK 1\nMESSAGE %s alice [0-9]+ unsigned 0\nhello, myself\n\.\nEMPTY\nBYE\n' % id, read)
    assert shell(r'LOGIN alice pw\nEXIT\n') == 'OK 0\nBYE\n'


def test_compose_with_and_without_id(house):
    """With an id COMPOSE can be repeated and stores once; without, each is a message of its own."""
    couple(house)
    id = new_id()
    lines = house.plain('LOGIN paul geheim-p\nCOMPOSE alice %s\nhello\nCOMPOSE alice %s\nhello\n'
                        'COMPOSE alice %s\nother\nCOMPOSE alice\nhello\nCOMPOSE alice\nhello\nEXIT\n' % ((id,) * 3))
    assert lines[:3] == ['OK 0', 'OK ' + id, 'OK %s duplicate' % id]
    assert lines[3].startswith('ERR id-taken ')
    assert lines[4] != lines[5] and all(re.fullmatch('OK [0-9a-f]{32}', x) for x in lines[4:6])
    assert unread(house) == 3


def test_dots_and_odd_texts(house):
    """A text of dots comes out with another dot in front, an empty one is a message too, and bytes of other
    alphabets stay what they are."""
    couple(house)
    texts = ['.', '..', '.x', '', ' leading and trailing ', 'приве́т 你好', 'EXIT', 'READ']
    text = 'LOGIN paul geheim-p\n' + ''.join('COMPOSE alice\n%s\n' % t for t in texts) + 'EXIT\n'
    assert len([x for x in house.plain(text) if x.startswith('OK ')]) == 1 + len(texts)
    lines = house.plain(LOGIN + 'READ\n' * len(texts) + 'EXIT\n')
    at = 1
    for i, t in enumerate(texts):
        assert re.fullmatch(r'MESSAGE [0-9a-f]{32} paul [0-9]+ unsigned %d' % (len(texts) - 1 - i), lines[at])
        shown = [('.' if t.startswith('.') else '') + t]
        end = lines.index('.', at)
        assert lines[at + 1:end] == shown or (t == '' and end == at + 1)
        at = end + 1
    assert lines[at:] == ['BYE']


def test_what_was_delivered_is_acknowledged_by_the_next_read_or_exit(house):
    """READ then READ removes the first, READ then EXIT removes it; READ and a broken pipe or the end of input
    removes nothing."""
    couple(house)
    house.plain('LOGIN paul geheim-p\nCOMPOSE alice\none\nCOMPOSE alice\ntwo\nCOMPOSE alice\nthree\nEXIT\n')
    assert 'one' in house.plain(LOGIN + 'READ\n')
    assert unread(house) == 3
    lines = house.plain(LOGIN + 'READ\nREAD\n')
    assert 'one' in lines and 'two' in lines
    assert unread(house) == 2
    assert 'two' in house.plain(LOGIN + 'READ\nEXIT\n')
    assert unread(house) == 1
    process = house.start('--plain')
    process.channel.write((LOGIN + 'READ\n').encode())
    while process.channel.line() != b'.':
        pass
    process.channel.close()
    assert process.wait() == 0
    assert unread(house) == 1


def test_a_reader_that_closes_its_end_loses_nothing(house):
    """If nobody reads the handler's output, what it was writing isn't acknowledged by the EXIT behind it."""
    couple(house)
    house.plain('LOGIN paul geheim-p\nCOMPOSE alice\none\nEXIT\n')
    process = house.start('--plain')
    process.popen.stdout.close()
    process.channel.ended = True
    process.channel.write((LOGIN + 'READ\nEXIT\n').encode())
    assert process.wait() == 0
    assert unread(house) == 1


@pytest.mark.parametrize('line', [
    'PING\r', 'PI\tNG', 'PING\x00', 'PING\x7f', 'PING\x1b[A', '', ' ', 'PING ', ' PING', 'ping', 'PING x', 'NOSUCH',
    'ACK', 'PROVE alice', 'LOGIN alice', 'LOGIN alice two words', 'REGISTER', 'SALT', 'SECMSG 1 x',
])
def test_malformed_lines(house, line):
    """A line with a CR or another control byte, or that isn't a command, is bad-command, and the next one is
    served."""
    lines = house.plain(line + '\nPING\nEXIT\n')
    assert lines[0].startswith('ERR bad-command ') and lines[1:] == ['OK', 'BYE']


def test_control_bytes_in_a_text(house):
    """A text with a CR or another control byte is bad-command and isn't stored."""
    couple(house)
    for byte in ('\r', '\x1b[2J', '\x00', '\x07'):
        lines = house.plain('LOGIN paul geheim-p\nCOMPOSE alice\nx%sy\nPING\nEXIT\n' % byte)
        assert lines[0] == 'OK 0' and lines[1].startswith('ERR bad-command ') and lines[2:] == ['OK', 'BYE']
    assert unread(house) == 0


def test_a_refused_compose_takes_its_text_along(house):
    """The line behind a refused COMPOSE is its text, and is never taken for a command."""
    couple(house)
    lines = house.plain('LOGIN paul geheim-p\nCOMPOSE nobody\nEXIT\nCOMPOSE alice\nREAD\nPING\nEXIT\n')
    assert lines[1].startswith('ERR no-user ')
    assert re.fullmatch('OK [0-9a-f]{32}', lines[2]) and lines[3:] == ['OK', 'BYE']
    lines = house.plain('COMPOSE alice\nEXIT\nPING\nEXIT\n')
    assert lines[0].startswith('ERR bad-state ') and lines[1:] == ['OK', 'BYE']


@pytest.mark.parametrize('head', ['COMPOSE alice bad-id', 'COMPOSE BOB', 'COMPOSE nobody ' + '0' * 32,
                                  'COMPOSE ', 'COMPOSE alice %s more' % ('0' * 32), 'COMPOSE  alice', 'COMPOSE a\tb'])
def test_every_compose_takes_its_text_along(house, head):
    """Behind a COMPOSE of whatever form the next line is text, and is never run as a command."""
    couple(house)
    lines = house.plain('LOGIN paul geheim-p\n%s\nDELETE geheim-p\nPING\nEXIT\n' % head)
    assert lines[1].startswith('ERR ') and lines[2:] == ['OK', 'BYE']


def test_the_bare_word_compose_is_answered_at_once(house):
    """A person who types COMPOSE alone is told what is missing, and the next line is a command again."""
    lines = house.plain('COMPOSE\nPING\nEXIT\n')
    assert lines[0].startswith('ERR bad-command ') and '<recipient>' in lines[0] and lines[1:] == ['OK', 'BYE']


def test_commands_behind_a_wait_are_served_at_the_end_of_input(house):
    """A pipe that has said all it has to say is still served: WAIT waits, and what comes behind it is done."""
    couple(house)
    start = time.monotonic()
    assert house.plain(LOGIN + 'WAIT 1\nREAD\nEXIT\n') == ['OK 0', 'OK 0', 'EMPTY', 'BYE']
    assert time.monotonic() - start >= 0.9


def test_errors_are_the_protocols(house):
    """The same codes as in frames: names, states, passwords, the third refusal."""
    couple(house)
    house.keep_secret('wrong-password')
    assert [x.split()[1] for x in house.plain('REGISTER ALICE x\nREGISTER alice x\nREAD\nLIST\nWHO alice\n')] == [
        'bad-name', 'name-taken', 'bad-state', 'bad-state', 'bad-state']
    lines = house.plain('LOGIN alice wrong-password\nLOGIN nobody wrong-password\nLOGIN alice wrong-password\nPING\n')
    assert lines[0] == lines[1] and lines[0].startswith('ERR auth-failed ')
    assert lines[2].startswith('ERR rate-limited ') and len(lines) == 3
    lines = house.plain(LOGIN + LOGIN + 'WHO alice\nWHO nobody\nCOMPOSE nobody\nx\nEXIT\n')
    assert [x.split()[1] for x in lines[1:5]] == ['bad-state', 'no-identity', 'no-user', 'no-user']


def test_info_list_salt_wait(house):
    """INFO and LIST are followed by their lines and a dot; SALT, WAIT and PING are one line."""
    couple(house)
    house.plain('LOGIN paul geheim-p\nCOMPOSE alice\none\nEXIT\n')
    lines = house.plain(LOGIN + 'INFO\nLIST\nWAIT 0\nSALT alice\nPING\nEXIT\n')
    dot = lines.index('.')
    assert lines[1] == 'OK' and all(': ' in x for x in lines[2:dot])
    assert lines[dot + 1] == 'OK 1' and re.fullmatch('[0-9a-f]{32} paul [0-9]+ 3', lines[dot + 2])
    assert lines[dot + 3] == '.' and lines[dot + 4] == 'OK 1'
    assert re.fullmatch('OK [A-Za-z0-9_-]{22}==', lines[dot + 5]) and lines[dot + 6:] == ['OK', 'BYE']


def test_accounts_with_identity_stay_out(house):
    """LOGIN to an account that has an identity is bad-state: its password never comes near the server. The
    account isn't touched by it."""
    alice = house.registered('alice')
    house.keep_secret('whatever-password')
    lines = house.plain('LOGIN alice whatever-password\nLOGIN alice %s\nPING\nEXIT\n' % alice.password)
    assert [x.split()[:2] for x in lines[:2]] == [['ERR', 'bad-state']] * 2 and lines[2:] == ['OK', 'BYE']
    with house.login(alice) as peer:
        assert peer.unread == 0


def test_unsigned_for_ever(house):
    """What plain mode composes reaches a framed reader marked `unsigned`, as the text itself; a sealed message
    read in plain mode is marked `signed`, and its envelope ends with a dot."""
    couple(house)
    bob = house.registered('bob')
    house.plain('LOGIN paul geheim-p\nCOMPOSE bob\njust text\nEXIT\n')
    with house.login(bob) as peer:
        message = peer.read()
        assert (message.sender, message.signed, message.body) == ('paul', False, b'just text')
        peer.refused('no-identity', 'WHO paul')
        assert peer.list()[1][0][3] == len(b'just text')


def test_passwd_and_delete(house):
    """PASSWD and DELETE work with the passwords themselves."""
    couple(house)
    house.keep_secret('geheim-neu')
    lines = house.plain(LOGIN + 'PASSWD geheim-falsch geheim-neu\nPASSWD geheim-a geheim-neu\nEXIT\n')
    assert lines[1].startswith('ERR auth-failed ') and lines[2:] == ['OK', 'BYE']
    assert house.plain(LOGIN)[0].startswith('ERR auth-failed ')
    lines = house.plain('LOGIN alice geheim-neu\nDELETE geheim-neu\n')
    assert lines[:2] == ['OK 0', 'OK']
    assert house.plain('REGISTER alice geheim-a\n')[0].startswith('ERR name-taken ')


def test_an_internet_socket_is_refused(house):
    """--plain refuses to run when its stdin is an internet socket, TCP or UDP, IPv4 or IPv6, and a Unix socket
    is a pipe like any other."""
    def run(end):
        return subprocess.run([program('secmsg-handler'), '--plain', '--store', house.store], stdin=end,
                              capture_output=True, timeout=60, check=False)

    with socket.create_server(('127.0.0.1', 0)) as listener:
        with socket.create_connection(listener.getsockname()) as client, listener.accept()[0] as server:
            client.sendall(b'PING\nEXIT\n')
            result = run(server)
            assert result.returncode > 0 and b'OK' not in result.stdout and result.stderr
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(('127.0.0.1', 0))
        assert run(datagrams).returncode > 0
    if socket.has_ipv6:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as stream:
            assert run(stream).returncode > 0
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b'PING\nEXIT\n')
        result = run(theirs)
        assert result.returncode == 0 and result.stdout == b'OK\nBYE\n'


def test_too_long_lines(house):
    """A line before login beyond the limit is too-large and ends the connection."""
    lines = house.plain('PING\nLOGIN alice %s\nPING\n' % ('x' * 20000))
    assert lines[0] == 'OK' and lines[1].startswith('ERR too-large ') and len(lines) == 2


def test_a_text_beyond_max_message(house):
    """A text above max-message is too-large with its limit, and the connection stays open."""
    couple(house)
    lines = house.plain('LOGIN paul geheim-p\nCOMPOSE alice\n%s\nPING\nEXIT\n' % ('x' * 4097), '--max-message=4K')
    assert lines[1].startswith('ERR too-large limit=4096 ') and lines[2:] == ['OK', 'BYE']
    lines = house.plain('LOGIN paul geheim-p\nCOMPOSE alice\n%s\nEXIT\n' % ('x' * 4096), '--max-message=4K')
    assert lines[1].startswith('OK ')


def test_empty_input(house):
    """No input at all is no error."""
    assert house.plain('') == []
    assert not os.path.exists(house.store) or os.path.isdir(house.store)
