"""What handlers know of each other: connections, penalties and registrations of a source, and what a connection that
hasn't logged in can do. Loopback addresses are the sources; times are long where something must not be over, so that
a slow machine changes nothing."""
import contextlib
import ipaddress
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

import pytest

from conftest import clean_environment, eventually, program
from peer.primitives import b64
from peer.server import Vanish
from peer.wire import client_line
from test_admin import admin, lines
from test_watch import watch  # noqa: F401  the fixture

LONG = ('--penalty-exempt=none', '--penalty-min=1000', '--penalty-max=80000')
SOURCES = ['127.0.0.%d' % n for n in range(2, 9)]


def answer_to(listener, source, line=None):
    """What a hello, or another line, is answered with."""
    channel = listener.dial(source)
    channel.write(line or client_line(os.urandom(32)))
    try:
        return channel.line()
    finally:
        channel.close()


def is_let_in(listener, source):
    return answer_to(listener, source).startswith(b'SECMSG 1 ')


def refused_for(listener, source):
    """The seconds that a refused source is told."""
    match = re.fullmatch(rb'ERR busy retry-after=(\d+) [ -~]+', answer_to(listener, source))
    assert match
    return int(match.group(1))


def penalties(house, *words):
    return {p['source']: p for p in lines(admin(house.store, '--json', 'penalties', *words))}


def fail_to_login(listener, source, tries, user='alice'):
    for _ in range(tries):
        with listener.connect(source) as peer:
            peer.refused('auth-failed', 'LOGIN %s %s' % (user, b64(os.urandom(32))))


def test_failed_logins_add_up(house):
    """The third wrong password is one too many for that source: its new connections are refused, others' aren't,
    nor is a session that it has. The operator sees it, and can forget it."""
    house.registered('alice')
    listener = house.listen('--penalty-login=400', *LONG)
    bad, good = SOURCES[:2]
    with listener.connect(bad) as before:
        fail_to_login(listener, bad, 2)
        assert is_let_in(listener, bad)
        fail_to_login(listener, bad, 1, user='nobody')
        assert 0 < refused_for(listener, bad) <= 1200
        assert is_let_in(listener, good)
        before.ok('PING')
    shown = penalties(house)
    assert set(shown) == {bad} and shown[bad]['refused'] is True
    assert shown[bad]['login'] == 3 and shown[bad]['junk'] == 0 and 0 < shown[bad]['seconds'] <= 1200
    assert re.fullmatch(r'%s +\d+ s  refused   login 3\n' % re.escape(bad), admin(house.store, 'penalties').stdout)
    assert 'event=refuse peer=%s why=' % bad in listener.log
    assert admin(house.store, 'penalties', 'clear', bad).stdout == '1 cleared\n'
    assert is_let_in(listener, bad) and penalties(house) == {}
    admin(house.store, 'penalties', 'clear', bad, status=67)


def test_a_penalty_decays(house):
    """After as many seconds as it has, and by itself."""
    listener = house.listen('--penalty-exempt=none', '--penalty-login=2', '--penalty-min=2')
    fail_to_login(listener, SOURCES[0], 1)
    eventually('let in again', lambda: is_let_in(listener, SOURCES[0]))
    eventually('no penalty left', lambda: penalties(house) == {})


@pytest.mark.parametrize('junk', [b'GET / HTTP/1.1\r\n', b'\n', b'x' * 600])
def test_junk_is_penalised(house, junk):
    """What is no hello; a version that isn't spoken here isn't junk, nor is a connection without a word."""
    listener = house.listen('--penalty-junk=1000', *LONG)
    listener.dial(SOURCES[0]).close()
    assert answer_to(listener, SOURCES[0], b'SECMSG 2 x\n').startswith(b'ERR version')
    assert is_let_in(listener, SOURCES[0])
    assert answer_to(listener, SOURCES[0], junk).startswith(b'ERR bad-hello')
    assert refused_for(listener, SOURCES[0]) <= 1000
    assert penalties(house)[SOURCES[0]]['junk'] == 1


def test_tampered_and_oversized_lines_are_penalised(house):
    """And more than there is before a login; but not a connection that breaks inside a line."""
    listener = house.listen('--penalty-junk=1000', *LONG)
    with listener.connect(SOURCES[0]) as peer:
        peer.channel.write(b'A' * 100)
    assert is_let_in(listener, SOURCES[0])
    for source, line, code in [(SOURCES[1], b'A' * 100 + b'\n', 'tampered'), (SOURCES[2], b'A' * 20000, 'too-large')]:
        with listener.connect(source) as peer:
            peer.channel.write(line)
            peer.ends(code)
        assert refused_for(listener, source) <= 1000
    with listener.connect(SOURCES[3]) as peer:
        for _ in range(65):
            peer.send('PING')
        for _ in range(64):
            peer.receive()
        peer.ends('rate-limited')
    assert refused_for(listener, SOURCES[3]) <= 1000


def test_grace_that_is_exceeded_is_penalised(house):
    """Neither hello nor login in time; an idle session isn't."""
    alice = house.registered('alice')
    options = ('--penalty-grace=1000', '--hello-timeout=1', '--login-timeout=1', '--idle-timeout=1', *LONG)
    listener = house.listen(*options)
    channel = listener.dial(SOURCES[0])
    assert channel.line().startswith(b'ERR timeout')
    channel.close()
    with listener.connect(SOURCES[1]) as peer:
        peer.ends('timeout')
    with listener.connect(SOURCES[2]) as peer:
        peer.login(alice)
        peer.ends('timeout')
    assert refused_for(listener, SOURCES[0]) <= 1000 and refused_for(listener, SOURCES[1]) <= 1000
    assert is_let_in(listener, SOURCES[2])


def test_the_exempt_are_not_penalised(house):
    """By a network; loopback by default; and pipes, which have no source."""
    junk = b'x\n'
    listener = house.listen('--penalty-exempt=127.0.0.2/31', '--penalty-junk=1000', '--penalty-min=1')
    for source in ('127.0.0.2', '127.0.0.3', '127.0.0.4'):
        answer_to(listener, source, junk)
    assert is_let_in(listener, '127.0.0.2') and is_let_in(listener, '127.0.0.3')
    assert refused_for(listener, '127.0.0.4') > 0
    usual = house.listen('--penalty-junk=1000', '--penalty-min=1')
    answer_to(usual, '127.0.0.5', junk)
    assert is_let_in(usual, '127.0.0.5')
    for _ in range(3):
        process = house.start('--penalty-junk=1000', '--penalty-min=1')
        process.channel.write(junk)
        assert process.channel.line().startswith(b'ERR bad-hello')
    assert list(penalties(house)) == ['127.0.0.4']


def test_connections_of_a_source_and_in_total(house):
    """One too many is told when to come again; a place is free as soon as its process is gone, however it ended."""
    listener = house.listen('--max-connections-per-source=2', '--max-connections=3')
    one, two = listener.connect(SOURCES[0]), listener.connect(SOURCES[0])
    assert refused_for(listener, SOURCES[0]) > 0
    with listener.connect(SOURCES[1]):
        assert refused_for(listener, SOURCES[2]) > 0
        process = house.start('--max-connections=3')
        assert process.channel.line().startswith(b'ERR busy retry-after=')
    two.close()
    eventually('a place', lambda: is_let_in(listener, SOURCES[0]))
    with listener.connect(SOURCES[0]):
        pids = listener.handlers()
        assert refused_for(listener, SOURCES[0]) > 0
        listener.may_die = True
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        eventually('all places', lambda: is_let_in(listener, SOURCES[0]))
    one.close()


def test_connections_of_a_source_that_has_not_logged_in(house):
    """Fewer of them; a login makes room, and others aren't held up."""
    listener = house.listen('--max-before-login-per-source=2', '--penalty-exempt=none')
    alice = house.registered('alice')
    with listener.connect(SOURCES[0]) as one, listener.connect(SOURCES[0]):
        assert refused_for(listener, SOURCES[0]) > 0
        assert is_let_in(listener, SOURCES[1])
        one.login(alice)
        assert is_let_in(listener, SOURCES[0])


def test_a_busy_session_stays_counted(house):
    """Also one that is never silent long enough to be looked after: its lease is renewed by each command."""
    listener = house.listen('--max-connections-per-source=1')
    place = os.path.join(house.store, 'guard')
    with listener.connect(SOURCES[0]) as peer:
        peer.ok('PING')
        with open(place, 'r+b') as file:
            at = file.read().index(struct.pack('=Q', int(ipaddress.ip_address(SOURCES[0]))))
            file.seek(at + 8)
            file.write(struct.pack('=Q', 1 << 60))  # a time that can't be
        for _ in range(2):  # the lease is renewed behind an answer
            peer.ok('PING')
        assert refused_for(listener, SOURCES[0]) > 0


def test_a_penalty_holds_for_those_who_came_before_it(house):
    """Connections that were opened first are no more tries; one that has logged in goes on."""
    alice = house.registered('alice')
    listener = house.listen('--penalty-login=400', *LONG)
    with contextlib.ExitStack() as stack:
        inside, *waiting = [stack.enter_context(listener.connect(SOURCES[0])) for _ in range(4)]
        inside.login(alice)
        fail_to_login(listener, SOURCES[0], 3)
        for peer, verb in zip(waiting, ('LOGIN', 'REGISTER', 'PROVE')):
            body = {'LOGIN': None, 'REGISTER': alice.body(), 'PROVE': b'x' * 256}[verb]
            answer = peer.ask('PROVE alice' if verb == 'PROVE' else '%s alice %s' % (verb, b64(os.urandom(32))), body)
            assert answer.code == 'busy' and answer.field('retry-after') > 0
            peer.ends()
        inside.ok('PING')
    assert penalties(house)[SOURCES[0]]['login'] == 3


def register(peer, account):
    return peer.ask(peer.register_head(account), account.body())


def test_registrations_are_braked(house):
    """By source, and told when there is another; names that are taken count too. Others, and pipes, aren't held up."""
    listener = house.listen('--registration-rate-per-source=2', '--penalty-exempt=none')
    people = [house.person(name) for name in ('alice', 'bob', 'carol', 'dave')]
    with listener.connect(SOURCES[0]) as peer:
        peer.register(people[0])
    with listener.connect(SOURCES[0]) as peer:
        assert register(peer, people[0]).code == 'name-taken'
        answer = register(peer, people[1])
        assert answer.code == 'rate-limited' and 0 < answer.field('retry-after') <= 1800
        peer.ends()
    with listener.connect(SOURCES[1]) as peer:
        peer.register(people[1])
    with house.connect('--registration-rate=1', '--registration-rate-per-source=1') as peer:
        peer.register(people[2])
    for limited in (house.listen('--registration-rate=1'), house.listen('--registration=closed')):
        with limited.connect() as peer:
            assert register(peer, people[3]).code in ('rate-limited', 'registration-closed')


def test_registrations_that_lead_to_nothing(house):
    """They cost the source that tried, and don't take the hour's accounts from all others."""
    listener = house.listen('--registration-rate=2', '--registration-rate-per-source=1', '--penalty-exempt=none')
    for source in SOURCES[:5]:
        with listener.connect(source) as peer:
            peer.refused('bad-account', 'REGISTER alice %s' % b64(os.urandom(32)), b'x')
            peer.refused('rate-limited', 'REGISTER alice %s' % b64(os.urandom(32)), b'x')
    with listener.connect(SOURCES[6]) as peer:
        peer.register(house.person('alice'))


def test_what_strangers_break_is_no_warning(house):
    """Whoever only knocks doesn't fill the journal, which the unit keeps from `notice` on."""
    listener = house.listen('--log-level=notice')
    for end in (b'x', b'x\n'):
        channel = listener.dial(SOURCES[0])
        channel.write(client_line(os.urandom(32)))
        assert channel.line().startswith(b'SECMSG 1 ')
        channel.write(end)
        channel.close()
    eventually('their ends', lambda: not listener.handlers())
    assert 'tampered' not in listener.log
    with listener.connect(SOURCES[0]) as peer:
        peer.login(house.registered('alice'))
        peer.channel.write(b'x')
    eventually('an entry', lambda: 'event=tampered user=alice' in listener.log)


# ---- before login ----

def files_of(store):
    """Names, times and contents of all but what handlers know of each other."""
    found = {}
    for directory, _, names in os.walk(store):
        for name in names:
            path = os.path.join(directory, name)
            if name != 'guard':
                with open(path, 'rb') as file:
                    found[path] = (os.stat(path).st_mtime_ns, file.read())
        found[directory] = os.stat(directory).st_mtime_ns
    return found


def test_nothing_is_written_before_a_login(house):
    """Whatever a connection says that doesn't log in, no file of the store is changed, made or touched."""
    alice = house.registered('alice')
    with house.login(alice):
        pass
    listener = house.listen()
    answer_to(listener, '127.0.0.1')
    before = files_of(house.store)
    answer_to(listener, '127.0.0.1', b'junk\n')
    with listener.connect() as peer:
        peer.info()
        for name in ('alice', 'nobody'):
            peer.salt(name)
            peer.refused('auth-failed', 'LOGIN %s %s' % (name, b64(os.urandom(32))))
        peer.refused('bad-state', 'READ')
        peer.send('PROVE alice', os.urandom(384))
        peer.ends('rate-limited')
    with listener.connect() as peer:
        peer.refused('bad-name', 'REGISTER ! x', b'x')
        peer.refused('bad-account', 'REGISTER carol ' + b64(os.urandom(32)), b'x')
        peer.channel.write(b'x\n')
        peer.ends('tampered')
    assert files_of(house.store) == before


def test_bytes_before_a_login(house):
    """More than a quarter of a megabyte of valid frames is too much, though there are fewer than 64; after a login it isn't."""
    alice = house.registered('alice')
    with house.connect() as peer:
        code = None
        for _ in range(40):
            peer.send('REGISTER x y', b'z' * 9000)
            answer = peer.receive()
            code = answer.code
            if code == 'rate-limited':
                break
            assert code == 'weak-secret'
        assert code == 'rate-limited'
    with house.connect() as peer:
        for _ in range(60):
            answer = peer.ask('PING', b'z' * 9000)
            if answer.code != 'bad-command':
                break
        assert answer.code == 'rate-limited'
        peer.ends()
    with house.login(alice) as peer:
        for _ in range(60):
            peer.refused('bad-command', 'PING', b'z' * 9000)


def test_work_before_a_login(house, shim):
    """More than two seconds of the processor are too much, whatever for; a login lifts that, and plain mode isn't held
    to it. Here each command seems to take 0.7 s."""
    alice = house.registered('alice')
    environment = clean_environment(house.directory, LD_PRELOAD=shim, SHIM_WORK='700')
    with house.connect(env=environment) as peer:
        peer.ok('PING')
        peer.refused('bad-command', 'PING', b'')
        assert peer.ask('PING').code == 'rate-limited'
        peer.ends()
    with house.connect(env=environment) as peer:
        peer.ok('PING')
        peer.login(alice)
        for _ in range(5):
            peer.ok('PING')
    process = house.start('--plain', env=environment)
    process.channel.write(b'PING\n' * 5 + b'EXIT\n')
    assert process.channel.rest() == b'OK\n' * 5 + b'BYE\n'


@pytest.mark.skipif(os.geteuid() != 0 or bool(os.environ.get('SANITIZE')), reason='what others may not look at')
def test_memory_before_a_login(house):
    """Less than 3 MB are a waiting handler's own."""
    with house.connect() as peer:
        peer.ok('INFO')
        with open('/proc/%d/smaps_rollup' % peer.process.popen.pid, encoding='ascii') as file:
            own = sum(int(kb) for kb in re.findall(r'^Private_(?:Clean|Dirty): +(\d+) kB', file.read(), re.M))
    assert 0 < own < 3 * 1024


# ---- the file ----

def spoil(how, path):
    if how == 'removed':
        os.unlink(path)
    elif how == 'cut':
        os.truncate(path, 100)
    elif how == 'garbage':
        with open(path, 'r+b') as file:
            file.write(os.urandom(os.path.getsize(path)))
    else:
        with open(path, 'r+b') as file:
            file.seek(4096)
            file.write(b'\xff' * (os.path.getsize(path) - 4096))


@pytest.mark.parametrize('how', ['removed', 'cut', 'garbage', 'ones'])
def test_the_file_is_a_cache(house, how):
    """Spoilt while it is in use, it ends no session and refuses nobody."""
    alice = house.registered('alice')
    listener = house.listen('--penalty-exempt=none')
    path = os.path.join(house.store, 'guard')
    with listener.connect() as peer:
        peer.login(alice)
        spoil(how, path)
        peer.ok('PING')
        assert peer.ask('READ').kind == 'EMPTY'
        for source in SOURCES:
            assert is_let_in(listener, source)
        peer.ok('PING')
    assert penalties(house) == {}
    with listener.connect() as peer:
        peer.login(alice)


def test_a_backup_has_none(house, tmp_path):
    """It is about this machine, now."""
    house.registered('alice')
    assert os.path.exists(os.path.join(house.store, 'guard'))
    admin(house.store, 'backup', str(tmp_path / 'backup'))
    assert not os.path.exists(tmp_path / 'backup' / 'guard')


def test_a_store_without_one(house, tmp_path):
    """Where no handler ever ran nobody has a penalty; looking makes no file."""
    store = tmp_path / 'new'
    admin(store, 'init')
    assert admin(store, 'penalties').stdout == '' and admin(store, 'penalties', 'clear', 'all').stdout == '0 cleared\n'
    assert not (store / 'guard').exists()


@pytest.mark.parametrize('words', [
    ['penalties', 'list'], ['penalties', 'clear'], ['penalties', 'clear', 'a', 'b'], ['penalties', 'clear', 'local'],
    ['penalties', 'clear', '192.0.2.0/24'], ['penalties', 'clear', '']])
def test_wrong_words_of_penalties(tmp_path, words):
    assert admin(tmp_path / 'none', *words, status=64).stderr.count('\n') == 1


# ---- the client ----

def test_a_client_shows_when_to_come_again(at_fake, fake):
    """In the clear, and in a frame; the status is the one of what passes."""
    alice = at_fake('alice')
    fake.greeting = b'ERR busy retry-after=37 too many connections here\n'
    assert '37 seconds' in alice.run('inbox', status=75).err
    fake.greeting = None
    fake.hooks['LIST'] = lambda session, words, body: b'ERR rate-limited retry-after=41 later'
    assert '41 seconds' in alice.run('inbox', status=75).err


def test_a_send_that_would_have_to_wait_too_long_gives_up(at_fake, fake):
    """At once, though it would repeat for a minute otherwise; the message waits."""
    alice = at_fake('alice')
    asked = []

    def busy(session, words, body):
        asked.append(words)
        return b'ERR busy retry-after=5000 later'

    fake.hooks['COMPOSE'] = busy
    assert '5000 seconds' in alice.run('send', 'alice', '-m', 'x', status=None).err
    assert len(asked) == 1
    del fake.hooks['COMPOSE']
    alice.run('flush')
    assert 'x' in alice.run('read').out


def test_what_is_asked_for_in_the_clear_is_believed_for_a_minute(at_fake, fake, tmp_path):
    """Nobody vouches for it, so it holds no send back for longer: there is time for another try, and one is made."""
    alice = at_fake('alice')

    def vanish(session, words, body):
        fake.greeting = lambda _, line: b'ERR busy retry-after=5000 later\n'
        raise Vanish

    fake.hooks['COMPOSE'] = vanish
    (tmp_path / 'password').write_text(alice.account.password)
    os.chmod(tmp_path / 'password', 0o600)
    words = ['--user', 'alice', '--password-file', str(tmp_path / 'password'), '--timeout', '300', 'send', 'alice', '-m', 'x']
    with subprocess.Popen([program('secmsg'), *alice.target, *words], env=alice.environment(), stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as client:
        said = ''
        while said.count('Trying again') < 2:
            line = client.stderr.readline()
            assert line, said
            said += line
        client.kill()
    assert 'asks to be left alone for 5000 seconds' in said


def test_a_client_that_watches_waits_as_long(at_fake, fake, watch):  # noqa: F811
    """It doesn't come again before the time that it was told."""
    alice = at_fake('alice')
    times = []

    def greeting(session, line):
        times.append(time.monotonic())
        return b'ERR busy retry-after=4 too many connections here\n'

    watching = watch(alice)
    eventually('a first WAIT', lambda: 'WAIT' in fake.verbs())
    fake.greeting = greeting
    for connection in fake.connections:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    eventually('a second try', lambda: len(times) >= 2)
    watching.end()
    assert times[1] - times[0] >= 4
