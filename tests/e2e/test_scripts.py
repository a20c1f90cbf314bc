"""startServer.sh and startClient.sh: two commands that a newcomer types."""
import fcntl
import os
import re
import signal
import socket
import subprocess

import pexpect
import pytest

from conftest import BUILD, REPO, Client, clean_environment, eventually, program
from peer.client import Ended, Peer
from peer.primitives import fingerprint
from peer.wire import DEADLINE, Channel

SERVER, CLIENT = (os.path.join(REPO, name) for name in ('startServer.sh', 'startClient.sh'))


@pytest.fixture(scope='module', autouse=True)
def built():
    """What the scripts would build, built once and not by two test workers at the same time."""
    with open(os.path.join(BUILD, 'e2e.lock'), 'w', encoding='ascii') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        subprocess.run(['make', '-s', '-C', REPO, 'build/secmsg-handler', 'build/secmsg', 'build/secmsg-admin'],
                       check=True, capture_output=True, timeout=600, env=clean_environment('/nonexistent'))


def environment(house):
    return clean_environment(house.directory, SECMSG_STORE=house.store)


def run(house, script, *words):
    return subprocess.run([script, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE,
                          check=False, env=environment(house), cwd=house.directory)


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as probe:
        return probe.getsockname()[1]


def processes(house):
    """The processes whose command line names this test's store."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/cmdline' % pid, 'rb') as file:
                if house.store.encode() in file.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def as_from_a_shell():
    """What a terminal's shell starts heeds these signals, also where this test was started without (nohup, &)."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


class Started:
    """startServer.sh in a terminal of its own."""

    def __init__(self, house, *options, **variables):
        for _ in range(5):
            self.port = free_port()
            self.spawn = pexpect.spawn(SERVER, [str(self.port), *options],
                                       env={**environment(house), **variables}, timeout=DEADLINE,
                                       encoding='utf-8', cwd=house.directory, dimensions=(50, 200),
                                       preexec_fn=as_from_a_shell)
            if self.spawn.expect(['Ctrl-C stops the server', 'taken', pexpect.EOF]) == 0:
                self.said = self.spawn.before
                return
        raise AssertionError(self.spawn.before)

    def connect(self, address='127.0.0.1'):
        connection = socket.create_connection((address, self.port), DEADLINE)
        fd = connection.fileno()
        return Peer(Channel(fd, fd, lambda _: connection.close()))


@pytest.fixture
def started(house):
    server = Started(house)
    try:
        yield server
    finally:
        if server.spawn.isalive():
            server.spawn.sendintr()
            server.spawn.expect(pexpect.EOF)
        server.spawn.close(force=True)
        eventually('an end of all processes', lambda: not processes(house))


def test_a_server_with_one_command(house, started):
    """One command starts a server: it prints the address, the host key's fingerprint as clients see it, and the
    line that starts a client; two people exchange a message through it, over TCP."""
    assert './startClient.sh localhost %d' % started.port in started.said
    alice, bob = house.person('alice'), house.person('bob')
    with started.connect() as a, started.connect() as b:
        assert fingerprint(a.host_key) in started.said
        a.register(alice)
        b.register(bob)
        id = a.compose(alice, bob.identity, b'hello')
        message = b.read()
        assert message.id == id and b.open(message, bob, alice.identity) == b'hello'


def test_what_readme_uses_is_built():
    """Who has only run startServer.sh has every program that README goes on with."""
    with open(os.path.join(REPO, 'README.md'), encoding='utf-8') as file:
        used = set(re.findall(r'\bbuild/secmsg[a-z-]*(?=[ `])', file.read()))
    with open(SERVER, encoding='utf-8') as file:
        (built_here,) = re.findall(r'^make .*? (build/.*) >&2$', file.read(), re.M)
    assert used == {'build/secmsg', 'build/secmsg-handler', 'build/secmsg-admin'} == set(built_here.split())


def test_readme_s_line_for_scripts(house):
    """It works where there is no terminal, with nothing but the file that it names."""
    alice, bob = house.person('alice', quick=False), house.registered('bob')
    with house.connect() as peer:
        peer.register(alice)
    client = Client(house, alice, '--server', 'localhost:%d' % house.listen().port)
    client.run('login')
    with open(os.path.join(client.home, '.secmsg-password'), 'w', opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(alice.password + '\n')
    with open(os.path.join(REPO, 'README.md'), encoding='utf-8') as file:
        (line,) = re.findall(r'`(build/secmsg [^`]* send [^`]*)`', ' '.join(file.read().split()))
    line = line.replace('build/secmsg', program('secmsg')).replace('localhost:7325', client.target[1])
    done = subprocess.run(['setsid', 'sh', '-c', line], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          timeout=DEADLINE, env=client.environment())
    assert done.returncode == 0, done.stderr
    with house.login(bob) as peer:
        assert peer.unread == 1


def test_without_systemd(house):
    """Where there is no systemd-socket-activate, tcpserver serves: over IPv4 and IPv6, and Ctrl-C stops it."""
    programs = os.path.join(house.directory, 'bin')
    os.mkdir(programs)
    for directory in ('/usr/bin', '/usr/sbin', '/bin', '/sbin'):
        for name in os.listdir(directory):
            if name != 'systemd-socket-activate' and not os.path.lexists(os.path.join(programs, name)):
                os.symlink(os.path.join(directory, name), os.path.join(programs, name))
    server = Started(house, PATH=programs)
    alice = house.person('alice')
    with server.connect() as peer:
        peer.register(alice)
        commands = [open('/proc/%d/cmdline' % pid, 'rb').read() for pid in processes(house)]
        assert any(command.startswith(b'tcpserver\0') for command in commands), commands
    with server.connect('::1') as peer:
        assert peer.login(alice) == 0
    server.spawn.sendintr()
    server.spawn.expect(pexpect.EOF)
    server.spawn.wait()
    assert server.spawn.exitstatus == 0 and not processes(house)


def test_ctrl_c_stops_the_server_and_its_handlers(house, started):
    """Ctrl-C ends the script with status 0, the listener, and the handlers of open sessions, before a hello, at
    work, and waiting; nothing is left behind."""
    alice = house.person('alice')
    silent = socket.create_connection(('127.0.0.1', started.port), DEADLINE)
    peer, waiting = started.connect(), started.connect()
    peer.register(alice)
    waiting.login(alice)
    waiting.send('WAIT 3600')
    assert peer.ask('PING').kind == 'OK'
    started.spawn.sendintr()
    started.spawn.expect(pexpect.EOF)
    started.spawn.wait()
    assert started.spawn.exitstatus == 0 and started.spawn.signalstatus is None
    assert not processes(house)
    for p in (peer, waiting):
        try:
            while p.receive():
                pass
        except Ended:
            pass
        p.close()
    silent.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(('127.0.0.1', started.port), DEADLINE)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_other_ends_of_the_server(house, started, number):
    """However the script ends, its listener ends too, and the port is free again."""
    with started.connect() as peer:
        assert peer.ask('PING').kind == 'OK'
        os.kill(started.spawn.pid, number)
        started.spawn.expect(pexpect.EOF)

    def refused():
        try:
            socket.create_connection(('127.0.0.1', started.port), DEADLINE).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # it came in while the listener was ending
            pass
        return False

    eventually('a free port', refused)


@pytest.mark.parametrize('words', [[], ['port'], ['0'], ['65536'], ['-1'], ['7325', '7326'], [''], ['07325'],
                                   ['73 25'], ['7325;id'], ['7325', '--plain'], ['7325', '--fingerprint'],
                                   ['7325', '--store'], ['7325', '--registration'], ['7325', '--'], ['7325', '-x']])
def test_wrong_arguments_of_the_server(house, words):
    """Without exactly one port from 1 to 65535, or with what isn't a setting, it says what it wants, with status 64,
    and makes nothing."""
    done = run(house, SERVER, *words)
    assert done.returncode == 64 and done.stderr and not done.stdout
    assert not os.path.exists(house.store)


def test_wrong_options_of_the_server(house):
    """An option that the handler doesn't know ends the script with a message, and nothing listens."""
    port = free_port()
    done = run(house, SERVER, str(port), '--no-such-option')
    assert done.returncode != 0 and b'no-such-option' in done.stderr
    assert not processes(house) and not os.path.exists(house.store)


def test_the_store_may_be_named(house):
    """--store=DIR is the store that is served, and the one that is printed."""
    other = os.path.join(house.directory, 'another store')
    server = Started(house, '--store=' + other)
    assert other in server.said and os.path.exists(os.path.join(other, 'host.key'))
    assert not os.path.exists(house.store)
    server.spawn.sendintr()
    server.spawn.expect(pexpect.EOF)
    server.spawn.wait()
    assert server.spawn.exitstatus == 0


def test_a_taken_port(house):
    """A port that is taken is told with its number, with a status that isn't 0, and whoever has it isn't
    disturbed."""
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
        done = run(house, SERVER, str(port))
        assert done.returncode not in (0, 64) and str(port).encode() in done.stderr
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()
    assert not processes(house)


@pytest.mark.parametrize('words', [[], ['localhost'], ['localhost', 'port'], ['localhost', '0'],
                                   ['localhost', '65536'], ['', '7325'], ['localhost', '7325', 'x'],
                                   ['-x', '7325'], ['host;id', '7325'], ['local host', '7325']])
def test_wrong_arguments_of_the_client(house, words):
    """Without exactly a host and a port it says what it wants, with status 64."""
    done = run(house, CLIENT, *words)
    assert done.returncode == 64 and done.stderr and not done.stdout


@pytest.mark.parametrize('host', ['127.0.0.1', 'localhost', 'no-such-host.invalid'])
def test_a_host_that_does_not_answer(house, host):
    """A host that isn't there or doesn't answer on that port is told by name, with a status that isn't 0."""
    done = run(house, CLIENT, host, str(free_port()))
    assert done.returncode not in (0, 64) and host.encode() in done.stderr
    assert done.returncode > 0


def test_the_client_against_the_server(house, started):
    """startClient.sh gives a prompt on that server, and Ctrl-D leaves it with status 0."""
    client = pexpect.spawn(CLIENT, ['localhost', str(started.port)], env=environment(house), timeout=DEADLINE,
                           encoding='utf-8', cwd=house.directory, dimensions=(50, 200))
    with started.connect() as peer:
        print_of_host = fingerprint(peer.host_key)
    client.expect_exact(print_of_host)
    client.expect('> ')
    client.sendeof()
    client.expect(pexpect.EOF)
    client.close()
    assert client.exitstatus == 0


def test_scripts_are_plain_sh():
    """Both scripts are well-formed for a plain POSIX shell, and executable."""
    for script in (SERVER, CLIENT):
        assert os.access(script, os.X_OK)
        subprocess.run(['dash', '-n', script], check=True, timeout=DEADLINE)
