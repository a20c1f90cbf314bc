"""The Debian packages, on a machine of their own: installed, upgraded, removed and purged by dpkg."""
import fcntl
import glob
import os
import pty
import re
import subprocess
import termios
import threading
import time

import pytest

from conftest import BUILD, REPO, Client, Service, eventually, failed_units, instances
from peer.wire import DEADLINE, Ended

STORE = '/var/lib/secmsg'
WANTED = '/etc/systemd/system/sockets.target.wants/secmsg.socket'
# What any package leaves: dpkg's own books, caches, logs, and the previous passwd.
NOT_OURS = ('var/lib/dpkg', 'var/cache', 'var/log', 'var/lib/systemd', 'etc/passwd', 'etc/group', 'etc/shadow',
            'etc/gshadow', 'etc/.pwd.lock', 'etc/subuid', 'etc/subgid', 'run', 'tmp', 'root', 'etc/ld.so.cache')


def package(name):
    path, = glob.glob(os.path.join(glob.escape(BUILD), name + '_[0-9]*.deb'))
    return path


@pytest.fixture(scope='module')
def packaged(bare_machine):
    """A machine that has the packages in /root/packages, and with a higher version in /root/newer."""
    machine = bare_machine
    for name in ('secmsg-server', 'secmsg'):
        with open(package(name), 'rb') as file:
            machine.write('/root/packages/%s.deb' % name, file.read())
    machine.boot()
    machine.run('rm', '-f', '/var/lib/man-db/auto-update')  # a cache that takes seconds each time
    machine.run('mkdir', '/root/newer')
    for name in ('secmsg-server', 'secmsg'):
        machine.run('sh', '-ec', 'dpkg-deb -R /root/packages/{0}.deb /root/{0}; '
                    'sed -i "s/^Version: .*/&+newer/" /root/{0}/DEBIAN/control; '
                    'dpkg-deb --root-owner-group -b /root/{0} /root/newer/{0}.deb'.format(name))
    return machine


@pytest.fixture
def installed(packaged):
    """The service on it, installed; afterwards everything is purged, with the store."""
    install(packaged, 'packages')
    yield Service(packaged)
    purge(packaged, 'true')
    assert failed_units(packaged) == []


def install(machine, directory):
    machine.run('sh', '-c', 'dpkg -i /root/%s/*.deb' % directory)


def purge(machine, answer=None):
    """Without anybody to ask; an answer may have been left before."""
    if answer:
        machine.run('debconf-set-selections', status=None,
                    input=b'secmsg-server secmsg-server/purge-store boolean %s\n' % answer.encode())
    machine.run('dpkg', '--purge', 'secmsg-server', 'secmsg')


def exists(machine, path):
    return os.path.lexists(machine.path(path))


def has_user(machine):
    return machine.run('getent', 'passwd', 'secmsg', status=(0, 2)).returncode == 0


def test_installing(installed):
    """After dpkg the service is there: enabled and listening, with its user and directory, and a message goes
    through with the packaged client."""
    machine = installed.machine
    assert machine.property('secmsg.socket', 'ActiveState') == 'active'
    assert machine.systemctl('is-enabled', 'secmsg.socket').strip() == 'enabled'
    assert exists(machine, WANTED)
    assert machine.run('stat', '-c', '%U:%G %a', STORE).out == 'secmsg:secmsg 700\n'
    fingerprint = machine.run('secmsg-handler', '--store', STORE, '--fingerprint', user='secmsg').out.strip()
    ping = machine.run('secmsg', '--home', '/root/ping', '--server', '127.0.0.1', 'ping').out
    assert fingerprint.startswith('SHA256:') and fingerprint in ping
    alice = installed.client('alice').register()
    alice.run('send', 'alice', '-m', 'from a package')
    assert alice.read_all() == ['from a package']


# There is no sudo on the machine; the package is built already.
OPERATOR = r'''
set -eu
cd /root
sudo() {
    case $1 in
    -u) user=$2; shift 2; setpriv --reuid="$user" --regid="$user" --init-groups -- "$@" ;;
    *) "$@" ;;
    esac
}
'''


def test_a_server_that_stays(packaged):
    """README's section of that name, typed line by line: afterwards who is invited can register, once, and nobody
    else; what an operator looks at is there."""
    with open(os.path.join(REPO, 'README.md'), encoding='utf-8') as file:
        text = file.read().split('## A server that stays\n')[1].split('\n## ')[0]
    typed = '\n'.join(re.findall(r'^    (.+)$', text, re.M))
    assert typed.count('\n') >= 8
    typed = re.sub(r'^make deb && .*$', 'dpkg -i packages/*.deb', typed, flags=re.M)
    try:
        said = packaged.run('bash', '-c', OPERATOR + typed, timeout=5 * DEADLINE).out
        fingerprint, = re.findall(r'^SHA256:\S{43}$', said, re.M)
        assert re.search(r'^connections +', said, re.M), said
        target = '--server', 'secmsg://127.0.0.1:7325#' + fingerprint
        mallory, dave = Client(packaged, 'mallory', *target), Client(packaged, 'dave', *target)
        assert 'invit' in mallory.run('register', status=None).err
        dave.run('register', '--invite-file', '/root/invitation')
        assert mallory.run('register', '--invite-file', '/root/invitation', status=None).returncode != 0
        dave.run('send', 'dave', '-m', 'as README has it')
        assert dave.read_all() == ['as README has it']
        assert packaged.run('secmsg-admin', '--store', '/var/backups/secmsg', 'check', user='secmsg').out
    finally:
        packaged.run('rm', '-rf', '/var/backups/secmsg', '/etc/cron.d/secmsg', '/root/invitation')
        purge(packaged, 'true')


def test_upgrading(installed):
    """A session that is open goes on, a connection is never refused, and the new program serves the next one."""
    machine = installed.machine
    account = installed.registered('upgrade')
    problems, greeted, is_over = [], [], threading.Event()

    def knock():
        while not is_over.is_set():
            try:
                installed.connect('127.7.0.1').close()
                greeted.append(time.monotonic())
            except (Ended, OSError) as error:
                problems.append(repr(error))

    with installed.connect() as peer:
        peer.login(account)
        handler, = instances(machine)
        pid = machine.property(handler, 'MainPID')
        knocking = threading.Thread(target=knock)
        knocking.start()
        install(machine, 'newer')
        is_over.set()
        knocking.join()
        assert machine.run('dpkg-query', '-W', '-f', '${Version}', 'secmsg-server').out.endswith('+newer')
        assert machine.run('readlink', '/proc/%s/exe' % pid).out.strip().endswith('(deleted)')
        peer.compose(account, account.identity, b'by the old program')
    with installed.connect() as peer:
        peer.login(account)
        assert peer.open(peer.read(), account, account.identity) == b'by the old program'
    assert greeted and problems == []


def test_what_was_disabled_stays_so(installed):
    """An upgrade doesn't enable what the operator has disabled."""
    installed.machine.systemctl('disable', '--now', 'secmsg.socket')
    install(installed.machine, 'newer')
    assert installed.machine.systemctl('is-enabled', 'secmsg.socket', status=1).strip() == 'disabled'
    assert installed.machine.property('secmsg.socket', 'ActiveState') == 'inactive'


def test_removing(installed):
    """Removal ends listening and open connections, and keeps the store: installed again, everybody is there."""
    machine = installed.machine
    account = installed.registered('stays')
    with installed.connect() as peer:
        peer.login(account)
        peer.compose(account, account.identity, b'still here')
        machine.run('dpkg', '--remove', 'secmsg-server')
        peer.ends('busy')
    eventually('no connection is left', lambda: instances(machine) == [])
    assert machine.property('secmsg.socket', 'ActiveState') == 'inactive'
    with pytest.raises(ConnectionRefusedError):
        installed.dial()
    assert exists(machine, STORE) and has_user(machine)
    install(machine, 'packages')
    with installed.connect() as peer:
        peer.login(account)
        assert peer.open(peer.read(), account, account.identity) == b'still here'


def test_purging_without_an_answer(installed):
    """Where nobody can be asked the store stays, with its user, and is told of; but nothing else."""
    installed.registered('stays')
    done = installed.machine.run('dpkg', '--purge', 'secmsg-server')
    assert STORE in done.err
    assert exists(installed.machine, STORE + '/host.key') and has_user(installed.machine)
    assert not exists(installed.machine, WANTED) and not exists(installed.machine, '/etc/secmsg')
    install(installed.machine, 'packages')  # so that there is something to purge at the end


@pytest.mark.parametrize('answer', ['yes', 'no'])
def test_purging_asks(installed, answer):
    """At a terminal somebody is asked, and what they say is done."""
    installed.registered('asked')
    machine = installed.machine
    said = at_a_terminal(machine, answer, 'dpkg', '--purge', 'secmsg-server')
    assert 'Delete all accounts and messages' in said
    assert exists(machine, STORE) == has_user(machine) == (answer == 'no')
    install(machine, 'packages')


@pytest.mark.parametrize('what', ['a backup', 'another store'])
def test_purging_keeps_the_owner_of_what_stays(installed, what):
    """Its number would be the next user's, and with it host key and messages."""
    machine = installed.machine
    place = '/var/backups/secmsg' if what == 'a backup' else '/srv/store'
    machine.run('install', '-d', '-o', 'secmsg', '-m', '700', place)
    if what == 'another store':
        machine.run('sh', '-c', 'mkdir -p /etc/secmsg && echo "store = %s " >/etc/secmsg/secmsg.conf' % place)
    machine.run('sh', '-c', 'echo secmsg-server secmsg-server/purge-store boolean true | debconf-set-selections')
    said = machine.run('dpkg', '--purge', 'secmsg-server')
    assert place in said.err and exists(machine, place) and has_user(machine)
    assert not exists(machine, STORE) and not exists(machine, '/etc/secmsg')
    machine.run('rmdir', place)
    install(machine, 'packages')  # so that there is something to purge at the end


def at_a_terminal(machine, answer, *words):
    """Runs a command at a terminal where each question gets the same answer; returns what stood there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(machine.inside('env', 'DEBIAN_FRONTEND=readline', 'TERM=dumb', *words), stdin=theirs,
                               stdout=theirs, stderr=theirs, start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(theirs)
    said, is_answered, end = b'', False, time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            said += os.read(ours, 4096)
        except OSError:  # nobody has the other end any more
            break
        if b'[yes/no]' in said and not is_answered:
            os.write(ours, answer.encode() + b'\n')
            is_answered = True
    os.close(ours)
    assert process.wait(DEADLINE) == 0, said.decode()
    return said.decode()


def test_purging_leaves_nothing(packaged):
    """After a purge with the store the machine's files are those from before the installation."""
    before = files(packaged)
    install(packaged, 'packages')
    service = Service(packaged)
    service.registered('goes')
    packaged.run('install', '-D', '-m', '644', '/dev/null', '/etc/secmsg/secmsg.conf')
    purge(packaged, 'true')
    assert files(packaged) - before == set()
    assert not has_user(packaged)
    assert packaged.run('dpkg-query', '-W', 'secmsg-server', 'secmsg', status=1).out == ''


def files(machine):
    """What was ever written on the machine and is still there, but for what every package changes."""
    upper = os.path.join(machine.directory, 'upper')
    found = set()
    for directory, _, names in os.walk(upper):
        for name in names:
            path = os.path.relpath(os.path.join(directory, name), upper)
            if not path.startswith(NOT_OURS) and exists(machine, path):
                found.add(path)
    return found
