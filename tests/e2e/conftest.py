"""What the tests share: people with keys, a scratch store, handlers behind pipes and TCP, the client.

Every process that a test starts is ended and every directory removed, and each handler must have left
with status 0, with well-formed log lines, and without a secret in them."""
import contextlib
import glob
import itertools
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from peer.client import Peer
from peer.objects import Account, Keys
from peer.primitives import b64, rsa_private
from peer.server import FakeServer
from peer.wire import DEADLINE, Channel
from test_peer import V

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
BUILD = os.path.abspath(os.environ.get('SECMSG_BUILD') or os.path.join(REPO, 'build'))
ANY_LOAD = '--max-load=0'  # what else the machine has to do is no matter of a test's
BARE, QUOTED = r'(?:[!#-<>-\[\]-~]|\\x[0-9a-f]{2})*', r'"(?:[ !#-\[\]-~]|\\x[0-9a-f]{2})*"'
LOG_LINE = re.compile(r'(<[0-7]>)?[0-9a-z-]+ event=[a-z0-9_-]+( [a-z0-9_-]+=(%s|%s))*' % (BARE, QUOTED))


def program(name):
    path = os.path.join(BUILD, name)
    if not os.access(path, os.X_OK):
        pytest.fail('%s is not there: run make first' % path)
    return path


def eventually(what, condition):
    """Waits for a condition, generously."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, 'waited in vain: ' + what
        time.sleep(0.01)


def clean_environment(home, **more):
    """What a fresh login would have, so that nothing of the tests' own environment is taken for a setting."""
    kept = {k: os.environ[k] for k in ('PATH', 'ASAN_OPTIONS') if k in os.environ}
    return {**kept, 'HOME': home, 'LANG': 'C.UTF-8', 'TERM': 'dumb', **more}


# ---- people ----

PRIMES = [(V['keys'][u][k]['p'], V['keys'][u][k]['q']) for u in ('alice', 'bob') for k in ('sign', 'seal')]
PAIRS = {'alice': (0, 1), 'bob': (2, 3), 'carol': (1, 0), 'dave': (3, 2), 'mallory': (3, 1)}


@pytest.fixture(scope='session')
def rsa_keys():
    """The vectors' four RSA keys: making keys is slow, and any will do."""
    return [rsa_private(bytes.fromhex(p), bytes.fromhex(q)) for p, q in PRIMES]


@pytest.fixture(scope='session')
def keys_of(rsa_keys):
    return lambda user: Keys(*(rsa_keys[i] for i in PAIRS.get(user, (0, 2))))


# ---- handlers ----

class Process:
    """A handler behind two pipes."""

    def __init__(self, arguments, log, **popen):
        self.log_path, self.status, self.may_die = log, None, False
        with open(log, 'wb') as stderr:
            self.popen = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=stderr, bufsize=0, **popen)
        self.channel = Channel(self.popen.stdout.fileno(), self.popen.stdin.fileno(), self.hang_up)

    def hang_up(self, _=None):
        self.popen.stdin.close()
        self.popen.stdout.close()

    def end_input(self):
        """Ends the handler's input; what it says can still be read."""
        self.popen.stdin.close()

    def wait(self):
        return self.popen.wait(DEADLINE)

    def kill(self, number=signal.SIGKILL):
        self.may_die = self.may_die or number == signal.SIGKILL
        self.popen.send_signal(number)

    @property
    def log(self):
        with open(self.log_path, 'rb') as file:
            return file.read().decode()

    def finish(self):
        self.channel.close()
        try:
            self.status = self.wait()
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError('the handler does not end when its peer has hung up') from None


class House:
    """A store and all that runs on it."""

    def __init__(self, keys_of):
        self.directory = tempfile.mkdtemp(prefix='secmsg-e2e-')
        self.store = os.path.join(self.directory, 'store')
        self.keys_of, self.processes, self.listeners, self.secrets = keys_of, [], [], set()
        self.people, self.numbers, self.check_logs = [], itertools.count(), True

    def person(self, user, quick=True, password=None, identity=True):
        """An account that isn't registered yet."""
        password = password or 'Geheim-' + os.urandom(6).hex()
        account = Account(user, password, self.keys_of(user) if identity else None, quick)
        self.people.append(account)
        self.secrets.add(password)
        return account

    def keep_secret(self, *secrets):
        self.secrets.update(secrets)

    def start(self, *options, wrapper=(), store=None, **popen):
        """Starts a handler behind pipes."""
        arguments = [*wrapper, program('secmsg-handler'), ANY_LOAD, '--store', store or self.store, *options]
        process = Process(arguments, os.path.join(self.directory, 'log.%d' % next(self.numbers)), **popen)
        self.processes.append(process)
        return process

    def connect(self, *options, **popen):
        """A Peer, past its handshake, on a handler of its own."""
        process = self.start(*options, **popen)
        peer = Peer(process.channel)
        peer.process = process
        return peer

    def registered(self, *users, options=()):
        """Registers people on one connection each, hangs up, and returns their accounts."""
        accounts = [self.person(u) for u in users]
        for account in accounts:
            with self.connect(*options) as peer:
                peer.register(account)
                self.keep_secret(account.secret(peer.host_key))
        return accounts if len(accounts) > 1 else accounts[0]

    def login(self, account, *options):
        peer = self.connect(*options)
        peer.unread = peer.login(account)
        return peer

    def plain(self, text, *options):
        """What a plain-mode handler answers to a whole input, as lines."""
        process = self.start('--plain', *options)
        process.channel.write(text if isinstance(text, bytes) else text.encode())
        process.end_input()
        out = process.channel.rest()
        process.channel.close()
        return out.decode().splitlines()

    def listen(self, *options):
        listener = Listener(self, options)
        self.listeners.append(listener)
        return listener

    def command(self, *options):
        """A shell command that runs a handler: what --exec takes."""
        words = [program('secmsg-handler'), ANY_LOAD, '--store', self.store, *options]
        log = os.path.join(self.directory, 'exec.log')
        return '%s 2>>%s' % (shlex.join(words), shlex.quote(log))

    def shard_locks(self):
        return sorted(glob.glob(os.path.join(glob.escape(self.store), 'shards', '*', 'lock')))

    def close(self):
        problems = []
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.directory, True)
            for listener in self.listeners:
                problems += listener.close()
            for process in self.processes:
                problems += self.settle(process)
            problems += self.settle_exec()
        assert not problems, '\n'.join(problems)

    def settle(self, process):
        try:
            process.finish()
        except AssertionError as error:
            return [str(error)]
        log = process.log
        problems = self.leaks(log)
        if process.status and not process.may_die:
            problems.append('a handler ended with status %d; its log:\n%s' % (process.status, log))
        if self.check_logs:
            problems += ['not a log line: ' + line for line in log.splitlines() if not LOG_LINE.fullmatch(line)]
        return problems

    def settle_exec(self):
        path = os.path.join(self.directory, 'exec.log')
        if not os.path.exists(path):
            return []
        with open(path, 'rb') as file:
            log = file.read().decode()
        return self.leaks(log) + ['not a log line: ' + x for x in log.splitlines() if not LOG_LINE.fullmatch(x)]

    def leaks(self, log):
        secrets = set(self.secrets)
        for account in self.people:
            secrets.add(b64(account.root))
            if account.keys:
                secrets.add(b64(account.keys.archive))
        return ['a secret in the log: ' + s for s in secrets if s in log]


class Listener:
    """Handlers over TCP, one for each connection, as a super-server starts them."""

    def __init__(self, house, options):
        self.house, self.log_path = house, os.path.join(house.directory, 'log.%d' % next(house.numbers))
        self.may_die = False  # its handlers, by a test's own signal
        for _ in range(5):
            with socket.create_server(('127.0.0.1', 0)) as probe:
                self.port = probe.getsockname()[1]
            with open(self.log_path, 'wb') as stderr:
                self.popen = subprocess.Popen(
                    ['systemd-socket-activate', '--listen=127.0.0.1:%d' % self.port, '--accept', '--inetd',
                     program('secmsg-handler'), ANY_LOAD, '--store', house.store, *options],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True)
            eventually('listening', lambda: self.popen.poll() is not None or 'Listening on' in self.log)
            if self.popen.poll() is None:
                return
        raise AssertionError('no free port: ' + self.log)

    @property
    def log(self):
        with open(self.log_path, 'rb') as file:
            return file.read().decode()

    def dial(self, source='127.0.0.1'):
        connection = socket.create_connection(('127.0.0.1', self.port), DEADLINE, source_address=(source, 0))
        fd = connection.fileno()
        channel = Channel(fd, fd, lambda _: connection.close())
        channel.socket = connection
        return channel

    def connect(self, source='127.0.0.1'):
        return Peer(self.dial(source))

    def handlers(self):
        with open('/proc/%d/task/%d/children' % (self.popen.pid, self.popen.pid), encoding='ascii') as file:
            return [int(pid) for pid in file.read().split()]

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGTERM)
        self.popen.wait(DEADLINE)
        bad = [] if self.may_die else re.findall(r'died with code (?!0\b)[^\n]*', self.log)
        return ['a handler over TCP: ' + line for line in bad] + self.house.leaks(self.log)


@pytest.fixture
def house(keys_of):
    house = House(keys_of)
    try:
        yield house
    finally:
        house.close()


@pytest.fixture
def fake():
    """A server in memory that a test can turn against its client."""
    server = FakeServer()
    yield server
    server.close()


def limit(kind, value):
    """A preexec_fn that lowers a resource limit."""
    return lambda: resource.setrlimit(kind, (value, value))


# ---- the client ----

# Its exit statuses: sysexits.h, and five of its own.
USAGE, NO_USER, NO_HOST, UNAVAILABLE, PROTOCOL, NO_PERMISSION = 64, 67, 68, 69, 76, 77
CONFIG, CHANGED, FAILED_CHECK, UNKNOWN, PARTIAL, WAITING = 78, 80, 81, 82, 83, 84

class Client:
    """One person's secmsg, with a directory of its own; --exec or --server is chosen at the start."""

    def __init__(self, house, account, *target):
        self.house, self.account, self.target = house, account, target
        self.user = account.user
        self.home = tempfile.mkdtemp(prefix='home-', dir=house.directory)

    def environment(self, **more):
        return clean_environment(self.home, SECMSG_HOME=os.path.join(self.home, 'state'), **more)

    def run(self, *words, status=0, password=True, input=b'', stdout=subprocess.PIPE):
        """Runs a subcommand with the account's password on a descriptor; insists on the exit status."""
        read_end, write_end = os.pipe()
        given = self.account.password if password is True else password or ''
        os.write(write_end, given.encode() + b'\n')
        os.close(write_end)
        options = ['--user', self.user] + (['--password-fd', str(read_end)] if given else [])
        try:
            done = subprocess.run([program('secmsg'), *self.target, *options, *words], input=input,
                                  stdout=stdout, stderr=subprocess.PIPE, timeout=DEADLINE, check=False,
                                  pass_fds=[read_end], env=self.environment())
        finally:
            os.close(read_end)
        done.out, done.err = (done.stdout or b'').decode(), done.stderr.decode()
        done.all = done.out + done.err
        if status is not None:
            assert done.returncode in (status if isinstance(status, tuple) else (status,)), (
                'status %d\n%s%s' % (done.returncode, done.out, done.err))
        assert done.returncode >= 0 and not re.search('[\x00-\x08\x0b-\x1f\x7f-\x9f]', done.all)
        return done

    def files(self):
        """Everything in the client's directory: {path: bytes}."""
        found = {}
        for directory, _, names in os.walk(self.home):
            for name in names:
                with open(os.path.join(directory, name), 'rb') as file:
                    found[os.path.relpath(os.path.join(directory, name), self.home)] = file.read()
        return found


@pytest.fixture
def at_house(house):
    """Clients of the real handler through --exec: at_house('alice') registers her by the peer, and her client
    logs in."""
    def make(user, login=True):
        account = house.person(user, quick=False)
        with house.connect() as peer:
            peer.register(account)
        client = Client(house, account, '--exec', house.command())
        if login:
            client.run('login')
        return client

    return make


@pytest.fixture
def at_fake(house, fake):
    """The same for the server in memory."""
    def make(user, login=True):
        account = house.person(user, quick=False)
        fake.add(account)
        client = Client(house, account, '--server', '127.0.0.1:%d' % fake.port)
        if login:
            client.run('login')
        return client

    return make


@pytest.fixture(scope='session')
def shim(tmp_path_factory):
    """LD_PRELOAD for the library that kills the client, turns its clock, makes its resolver slow, the handler's disk
    full, or its work long."""
    path = str(tmp_path_factory.mktemp('shim') / 'shim.so')
    compiler = shutil.which('cc') or shutil.which('gcc') or shutil.which('clang')
    subprocess.run([compiler, '-shared', '-fPIC', '-D_GNU_SOURCE', '-O1', '-o', path,
                    os.path.join(REPO, 'tests', 'e2e', 'shim.c'), '-ldl'], check=True, timeout=DEADLINE)
    if not os.environ.get('SANITIZE'):
        return path
    libasan = subprocess.run([compiler, '-print-file-name=libasan.so'], check=True, capture_output=True, text=True)
    return f'{libasan.stdout.strip()} {path}'  # which insists on being the first
