"""The service under systemd: messages get through, many connections don't bring it down, stopping and upgrading lose
nothing."""
import contextlib
import os
import random
import threading
import time

from conftest import INSTANCES, PORT, WAITING, eventually, greeting, install, instances
from crowd import crowd
from peer.objects import envelope_make, new_id
from peer.wire import Ended


def addresses(network, count):
    """Sources of a loopback network of the test's own."""
    return ['127.%d.%d.%d' % (network, n // 250, n % 250 + 1) for n in range(count)]


# ---- messages ----

def test_a_message_goes_through(service):
    """Two people with the real client, over TCP: what one sends the other reads, once."""
    alice, bob = service.client('alice').register(), service.client('bob').register()
    alice.run('send', 'bob', '-m', 'hello bob')
    assert bob.read_all() == ['hello bob']
    assert bob.read_all() == []


def test_both_families(service):
    """One socket listens for IPv4 and IPv6."""
    for address in ('127.0.0.1', '::1'):
        assert 'SHA256:' in service.machine.run('secmsg', '--home', '/root/ping', '--server',
                                                '[%s]' % address if ':' in address else address, 'ping').out


def test_the_stores_directory(service):
    """It is there, and the service user's alone, as soon as the socket listens; without it the first connection
    could not make the store."""
    machine = service.machine
    machine.systemctl('stop', 'secmsg.socket')
    machine.run('rm', '-r', '/var/lib/secmsg')
    machine.systemctl('start', 'secmsg.socket')
    assert machine.run('stat', '-c', '%U %G %a', '/var/lib/secmsg').out.strip() == 'secmsg secmsg 700'
    assert machine.run('ls', '-A', '/var/lib/secmsg').out == ''
    with service.connect() as peer:
        assert peer.ask('PING').kind == 'OK'


# ---- many ----

def test_a_burst(service):
    """2,000 connections as fast as they can be made: all that are let in are greeted, none hangs, and the service
    goes on."""
    answers = crowd(PORT, addresses(1, 40), (greeting() for _ in range(2000)), at_once=2000)
    assert len(answers) == 2000
    greeted = [a for a in answers if a.startswith(b'SECMSG 1 ')]
    assert len(greeted) >= 1000
    assert all(a.startswith(b'ERR busy ') for a in answers if a and a not in set(greeted))
    still_serves(service)


def junk(count):
    """What strangers on the internet send: other protocols, noise, too much, half of a greeting, nothing."""
    noise = random.Random(1)
    kinds = [b'GET / HTTP/1.1\r\nHost: example\r\n\r\n', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(508),
             b'SSH-2.0-OpenSSH_9.2\r\n', b'\n', b'', b'\0' * 100, b'A' * 65536, b'SECMSG 1 ', b'SECMSG 99 x\n',
             b'SECMSG 1 ' + b'A' * 43 + b'=\n', greeting() + b'gAAA junk\n', greeting()[:-1]]
    for n in range(count):
        yield noise.randbytes(noise.randrange(1, 600)) if n % 3 == 0 else noise.choice(kinds)


def test_junk(service):
    """10,000 connections that aren't secmsg's: each is refused or hung up on, and the service goes on."""
    answers = crowd(PORT, addresses(2, 200), junk(10000), at_once=64)
    assert len(answers) == 10000
    heads = {a.split(b' ')[0] for a in answers}
    assert heads <= {b'', b'ERR', b'SECMSG'} and b'ERR' in heads
    still_serves(service)


def still_serves(service):
    eventually('all connections are gone', lambda: instances(service.machine) == [])
    assert service.machine.property('secmsg.socket', 'ActiveState') == 'active'
    with service.connect() as peer:
        assert peer.ask('PING').kind == 'OK'


def test_connections_of_one_source(service):
    """MaxConnectionsPerSource holds: so many from one address, no more; other addresses don't suffer, and there is
    room again when one leaves."""
    most = int(service.machine.property('secmsg.socket', 'MaxConnectionsPerSource'))
    source, other = addresses(3, 2)
    with contextlib.ExitStack() as stack:
        # However long it takes to make so many, the first is to be there still.
        service.machine.write('/etc/secmsg/secmsg.conf', 'login-timeout = 3600\n')
        stack.callback(service.machine.run, 'rm', '/etc/secmsg/secmsg.conf')
        inside = [stack.enter_context(service.connect(source)) for _ in range(most)]
        for _ in range(3):
            assert is_turned_away(service, source)
        service.machine.run('journalctl', '--sync')
        said = service.machine.run('journalctl', '--output=cat', 'UNIT=secmsg.socket', status=None).out
        assert 'Too many incoming connections' not in said
        with service.connect(other) as peer:
            assert peer.ask('PING').kind == 'OK'
        inside[0].exit()
        inside[0].close()
        eventually('there is room again', lambda: not is_turned_away(service, source))
        assert inside[-1].ask('PING').kind == 'OK'


def is_turned_away(service, source):
    channel = service.dial(source)
    try:
        channel.write(greeting())
        return not channel.line().startswith(b'SECMSG')
    except Ended:
        return True
    finally:
        channel.close()


# ---- stopping ----

def stop(machine):
    """As docs/operating.md says."""
    machine.systemctl('stop', 'secmsg.socket', INSTANCES)


def test_stop_during_pipelined_sends(service):
    """What was answered OK when the service was stopped is there afterwards, and what is repeated is there once."""
    sender, recipient = service.registered('stop-sender'), service.registered('stop-recipient')
    letters = {}
    for n in range(300):
        id = new_id()
        letters[id] = envelope_make(sender, recipient.identity, b'%d' % n, id=id)
    accepted = []
    with service.connect() as peer:
        peer.login(sender)
        stopper = threading.Thread(target=stop, args=(service.machine,))
        for id, letter in letters.items():
            peer.send('COMPOSE %s %s' % (recipient.user, id), letter)
            if id == list(letters)[20]:
                stopper.start()
        with contextlib.suppress(Ended):
            while (answer := peer.receive()).kind == 'OK':
                accepted.append(answer.words[1])
        stopper.join()
    service.machine.systemctl('start', 'secmsg.socket')
    assert 0 < len(accepted) < 300
    with service.connect() as peer:
        peer.login(recipient)
        arrived = [row[0] for row in peer.list()[1]]
        assert set(accepted) <= set(arrived)
    with service.connect() as peer:
        peer.login(sender)
        for id, letter in letters.items():
            peer.ok('COMPOSE %s %s' % (recipient.user, id), letter)
    with service.connect() as peer:
        peer.login(recipient)
        assert sorted(m.id for m in peer.read_all()) == sorted(letters)


def test_stop_while_the_client_sends(service):
    """A script that sends goes on while the service is stopped and started: everything arrives, once, in order."""
    carol = service.client('carol').register()
    texts = ['number %d' % n for n in range(30)]
    statuses = []

    def send():
        for text in texts:
            statuses.append(carol.run('send', 'carol', '-m', text, status=(0, WAITING)).returncode)

    sender = threading.Thread(target=send)
    sender.start()
    eventually('some are sent', lambda: len(statuses) > 5)
    stop(service.machine)
    eventually('some wait', lambda: WAITING in statuses)
    service.machine.systemctl('start', 'secmsg.socket')
    sender.join()
    assert len(statuses) == 30
    carol.run('flush')
    assert carol.read_all() == texts


# ---- upgrading ----

def test_an_upgrade(service):
    """`make install` over a running service: a session that is open goes on with the program that it has, a new one
    has the new program, and at no moment is anybody turned away."""
    account = service.registered('upgrade')
    source = addresses(4, 1)[0]
    problems, greeted, is_over = [], [], threading.Event()

    def knock():
        while not is_over.is_set():
            try:
                service.connect(source).close()
                greeted.append(time.monotonic())
            except (Ended, OSError) as error:
                problems.append(repr(error))

    knocking = [threading.Thread(target=knock) for _ in range(4)]
    with service.connect() as peer:
        peer.login(account)
        old = programs(service.machine)
        assert len(old) == 1 and 'deleted' not in old[0]
        for thread in knocking:
            thread.start()
        for _ in range(20):
            install(service.machine)
            service.machine.systemctl('daemon-reload')
        is_over.set()
        for thread in knocking:
            thread.join()
        assert programs(service.machine)[0].endswith('(deleted)')
        peer.compose(account, account.identity, b'by the old program')
        with service.connect() as second:
            second.login(account)
            assert 'deleted' not in programs(service.machine)[-1]
            message = second.read()
            assert second.open(message, account, account.identity) == b'by the old program'
    assert len(greeted) > 5 and problems == []


def programs(machine):
    """What the connections run, the oldest first."""
    pids = sorted(int(machine.property(unit, 'MainPID')) for unit in instances(machine))
    return [machine.run('readlink', '/proc/%d/exe' % pid).out.strip() for pid in pids if pid]
