"""What the tests of the service share: a machine on which secmsg was installed as the operator's
page says, connections to it, and the real client."""
import json
import os
import resource
import socket
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.abspath(os.path.join(HERE, '..', '..'))
BUILD = os.path.abspath(os.environ.get('SECMSG_BUILD') or os.path.join(REPO, 'build'))
sys.path.insert(0, os.path.join(REPO, 'tests', 'e2e'))

from machine import DEADLINE, Machine  # noqa: E402
from peer.client import Peer  # noqa: E402
from peer.objects import Account  # noqa: E402
from peer.wire import Channel, client_line  # noqa: E402
from test_peer import keys_of  # noqa: E402

PORT = 7325
INSTANCES = 'secmsg@*.service'
WAITING = 84  # the client's status for a message that it keeps until the server is there again


def eventually(what, condition, seconds=DEADLINE):
    """Waits for a condition, generously, and returns what it gave."""
    end = time.monotonic() + seconds
    while not (held := condition()):
        assert time.monotonic() < end, 'waited in vain: ' + what
        time.sleep(0.02)
    return held


def install(machine, *variables):
    subprocess.run(['make', '-s', '-C', REPO, 'install', 'DESTDIR=' + machine.root, 'BUILD=' + BUILD, *variables],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=10 * DEADLINE,
                   env={k: v for k, v in os.environ.items() if k not in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL')})


# ---- the machine ----

# One at a time, since they share a network: a machine for each file of tests.
@pytest.fixture(scope='module')
def bare_machine():
    """A machine that isn't booted yet."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    directory = os.path.join(BUILD, 'tests', 'machine')
    os.makedirs(directory, exist_ok=True)
    with Machine(directory) as machine:
        yield machine


@pytest.fixture(scope='module')
def machine(bare_machine):
    """The machine with the service, as docs/operating.md has it."""
    machine = bare_machine
    machine.boot()
    install(machine)
    machine.run('systemd-sysusers', '/usr/local/lib/sysusers.d/secmsg.conf')
    machine.systemctl('daemon-reload')
    machine.systemctl('enable', '--now', 'secmsg.socket')
    yield machine
    assert failed_units(machine) == []


@pytest.fixture
def service(machine):
    """The service: active, and with no connection of an earlier test; it must be so after the test too."""
    settle(machine)
    yield Service(machine)
    settle(machine)


def settle(machine):
    assert machine.property('secmsg.socket', 'ActiveState') == 'active'
    eventually('no connection is left', lambda: instances(machine) == [])
    assert failed_units(machine) == []


def instances(machine):
    """The connections' units, of whatever state, as systemd still has them."""
    return units(machine, '--all', INSTANCES)


def failed_units(machine):
    return units(machine, '--failed')


def units(machine, *words):
    out = machine.systemctl('list-units', '--plain', '--no-legend', *words)
    return [line.split()[0] for line in out.splitlines()]


# ---- connections ----

class Service:
    """Port 7325 of a machine. Each test says from which loopback address it comes, since the service counts by
    address."""

    def __init__(self, machine):
        self.machine = machine

    def dial(self, source='127.0.0.1'):
        connection = socket.create_connection(('127.0.0.1', PORT), DEADLINE, (source, 0))
        fd = connection.fileno()
        channel = Channel(fd, fd, lambda _: connection.close())
        channel.socket = connection
        return channel

    def connect(self, source='127.0.0.1'):
        return Peer(self.dial(source))

    def account(self, user):
        """Somebody who isn't registered yet. Making keys is slow, and any will do."""
        return Account(user, 'Geheim-' + os.urandom(6).hex(), keys_of('alice'))

    def registered(self, user, source='127.0.0.1'):
        """A new account, made by the peer."""
        account = self.account(user)
        with self.connect(source) as peer:
            peer.register(account)
        return account

    def client(self, user):
        return Client(self.machine, user)


def greeting():
    """A client's first line, which a server answers with its own."""
    return client_line(os.urandom(32))


class Client:
    """The real client, as installed, in a home of its own on the machine."""

    def __init__(self, machine, user, *target):
        self.machine, self.user = machine, user
        self.home = '/root/' + user
        self.target = target or ('--server', '127.0.0.1')
        self.machine.write(self.home + '/password', 'geheim-%s\n' % os.urandom(6).hex(), 0o600)

    def words(self, *words):
        return ('secmsg', *self.target, '--home', self.home + '/state', '--user', self.user, '--password-file',
                self.home + '/password', *words)

    def run(self, *words, status=0, **more):
        return self.machine.run(*self.words(*words), status=status, **more)

    def register(self):
        self.run('register')
        return self

    def read_all(self):
        """The texts of all messages that wait, in their order."""
        return [json.loads(line)['text'] for line in self.run('--json', 'read', '--all').out.splitlines()]
