"""What a handler may not do, it can't: tried from inside the very process that a peer's first byte has reached, under
the installed unit. A library that is preloaded into it (probe.c) does what the peer's line says, as code would that
somebody smuggled in."""
import errno
import os
import shutil

import pytest

from conftest import BUILD, PORT, eventually, greeting, instances
from peer.wire import Ended

PROBE = '/usr/local/lib/secmsg-probe.so'
DROP_IN = '/run/systemd/system/secmsg@.service.d/probe.conf'
LETTER = '/home/somebody/letter'
WRITTEN = '/var/tmp/secmsg-probe'
# What is tried: everything of it works for a process that isn't confined, as the test of that shows.
FORBIDDEN = {
    'write elsewhere': 'write ' + WRITTEN,
    'read /home': 'read ' + LETTER,
    'connect by TCP': 'tcp %d' % PORT,
    'send by UDP': 'udp 53',
    'listen': 'listen 7326',
    'execute a program': 'execute /usr/bin/echo',
    'make a name space': 'new-user-space',
}


@pytest.fixture(scope='module')
def probed(machine):
    """The machine, its handlers with the probe in them."""
    shutil.copy(os.path.join(BUILD, 'tests', 'systemd', 'probe.so'), machine.path(PROBE))
    machine.write(LETTER, 'dear diary\n')
    os.chmod(machine.path(os.path.dirname(LETTER)), 0o755)
    machine.run('install', '-d', os.path.dirname(DROP_IN))
    machine.run('tee', DROP_IN, input=b'[Service]\nEnvironment=LD_PRELOAD=%s\n' % PROBE.encode())
    machine.systemctl('daemon-reload')
    yield machine
    machine.run('rm', '-r', os.path.dirname(DROP_IN))
    machine.systemctl('daemon-reload')


def attempt(service, what):
    """The errno that the handler got for it; None if it was killed for it."""
    channel = service.dial('127.5.0.1')
    try:
        channel.write(b'TRY %s\n' % what.encode())
        return answered(channel.line(), what)
    except Ended:
        return None
    finally:
        channel.close()


def answered(line, what):
    word, number = line.split(b' ')
    assert word == what.split(' ')[0].encode()
    return int(number)


def test_the_probe_tells_what_it_did(probed, service):
    """The handler with the probe still is a handler, and what it needs works: its store."""
    with service.connect('127.5.0.1') as peer:
        assert peer.ask('PING').kind == 'OK'
    assert attempt(service, 'nothing') == 0
    assert attempt(service, 'write-store probe') == 0


@pytest.mark.parametrize('what', FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_probe_can_do_it_elsewhere(probed, service, what):
    """Outside the unit, as the same user, the same attempt works: so it is the confinement that refuses it."""
    done = probed.run('systemd-run', '--quiet', '--pipe', '--wait', '--uid=secmsg', '--setenv=LD_PRELOAD=' + PROBE,
                      'cat', input=b'TRY %s\n' % what.encode())
    assert answered(done.stdout.strip(), what) == 0
    probed.run('rm', '-f', WRITTEN)


@pytest.mark.parametrize('what', FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_handler_cannot(probed, service, what):
    """It is refused, or the process ends."""
    assert attempt(service, what) in (None, errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ETIMEDOUT, errno.EROFS)
    assert not os.path.exists(probed.path(WRITTEN))


def handler_status(machine):
    """The one handler that runs: its id and its /proc/PID/status, as {name: value}."""
    unit, = instances(machine)
    pid = machine.property(unit, 'MainPID')
    lines = machine.run('cat', '/proc/%s/status' % pid).out.splitlines()
    return pid, {name: value.strip() for name, value in (line.split(':', 1) for line in lines)}


def test_what_a_handler_has_given_up(service):
    """The process runs as its own user, without capabilities, can't get more, passes a system call filter, is nobody's
    to trace, and leaves no core."""
    with service.connect('127.5.0.1') as peer:
        assert peer.ask('PING').kind == 'OK'
        pid, status = handler_status(service.machine)
        user = service.machine.run('id', '-u', 'secmsg').out.strip()
        assert set(status['Uid'].split()) == {user} != {'0'}
        assert {status[name] for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')} == {'0' * 16}
        assert status['NoNewPrivs'] == '1' and status['Seccomp'] == '2'
        # What nobody may trace belongs to root in /proc.
        assert service.machine.run('stat', '-c', '%u', '/proc/%s/environ' % pid).out.strip() == '0'
        limits = service.machine.run('cat', '/proc/%s/limits' % pid).out
        assert 'Max core file size        0                    0 ' in limits


def test_before_the_first_byte(service):
    """Whoever connects and says half a line is already faced by a confined process."""
    channel = service.dial('127.5.0.1')
    channel.write(greeting()[:4])
    eventually('a handler', lambda: len(instances(service.machine)) == 1)
    eventually('confined', lambda: handler_status(service.machine)[1]['Seccomp'] == '2')
    channel.close()
