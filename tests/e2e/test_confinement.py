"""What the handler gives up before its first byte, and what it says where the kernel can't take it.

tests/unit/test_handler_confine.c tries all that is forbidden; here it is the running handler's own state, and kernels
that lack something, played by a filter in front of the handler that answers ENOSYS."""
import ctypes
import glob
import os
import platform
import re
import shutil
import struct
import subprocess

import pytest

from conftest import REPO, eventually
from test_accounts import change

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ENOSYS = 38
CALLS = {'landlock': 444, 'seccomp': {'x86_64': 317, 'aarch64': 277}[platform.machine()]}


confined = pytest.mark.skipif(bool(os.environ.get('SANITIZE')),
                              reason='a sanitizer forks and writes files of its own: confine.c')


def without(what):
    """What a child does before it becomes the handler: from then on that system call isn't there."""
    lines = [(0x20, 0, 0, 0),  # load the call's number
             (0x15, 0, 1, CALLS[what]), (0x06, 0, 0, 0x00050000 | ENOSYS), (0x06, 0, 0, 0x7fff0000)]
    code = b''.join(struct.pack('HBBI', *line) for line in lines)
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack('HxxxxxxP', len(lines), ctypes.addressof(buffer))

    def confine():
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program):
            os._exit(98)
    confine.keep = buffer
    return confine


def talk(house, text, *options, status=0, **popen):
    """What a plain handler answers, and logs."""
    process = house.start('--plain', *options, **popen)
    process.may_die = status != 0
    process.channel.write(text.encode())
    process.end_input()
    lines = process.channel.rest().decode().splitlines()
    assert process.wait() == status
    return lines, process.log


def status_of(process):
    with open('/proc/%d/status' % process.popen.pid) as file:
        return dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)


@confined
def test_a_waiting_handler_is_confined(house):
    """Before anything was read: no new privileges, a filter, no core file, no child, and not to be traced."""
    process = house.start()
    eventually('the filter', lambda: status_of(process)['Seccomp'].strip() == '2')
    assert status_of(process)['NoNewPrivs'].strip() == '1'
    with open('/proc/%d/limits' % process.popen.pid) as file:
        limits = {line[:25].strip(): line[25:].split()[:2] for line in file}
    assert limits['Max core file size'] == ['0', '0'] and limits['Max processes'] == ['0', '0']
    if os.getuid() != 0:
        with pytest.raises(PermissionError):
            os.listdir('/proc/%d/fd' % process.popen.pid)


@confined
@pytest.mark.parametrize('what', CALLS)
def test_a_kernel_that_lacks_something(house, what):
    """By default everything works, and the log says what is missing. Where it is required nobody is served, and the
    log says what to do."""
    house.keep_secret('geheim-a')
    lines, log = talk(house, 'REGISTER alice geheim-a\nEXIT\n', preexec_fn=without(what))
    assert lines == ['OK', 'BYE']
    assert 'event=confinement_lacks what=%s ' % what in log
    lines, log = talk(house, 'LOGIN alice geheim-a\nEXIT\n', '--confinement=required', status=71,
                      preexec_fn=without(what))
    assert len(lines) == 1 and lines[0].startswith('ERR internal ')
    assert 'what=%s do="use a kernel that has it, or set confinement = best-effort"' % what in log


@confined
def test_a_whole_life(house):
    """Each command once, waiting, an index that has to be built again, and a log that is compacted behind a session: no
    handler is ended for what it does, and debug lines pass too. (Every handler must have left with 0.)"""
    options = ('--confinement=required', '--log-level=debug')
    alice, bob = house.registered('alice', 'bob', options=options)
    with house.login(alice, *options) as sender, house.login(bob, *options) as peer:
        peer.send('WAIT 3600')
        sender.compose(alice, sender.who('bob'), b'hello')
        assert peer.receive().plain == b'OK 1'
        assert change(peer, bob).plain == b'OK'
        for path in glob.glob(os.path.join(glob.escape(house.store), 'shards', '*', 'index.gdbm')):
            os.unlink(path)
    with house.connect(*options) as peer:
        assert peer.prove(bob) == 1 and peer.salt('bob') == bob.salt and peer.info() and peer.ok('PING')
        rows = peer.list()[1]
        assert [m.id for m in peer.read_all()] == [rows[0][0]] and peer.ack(rows[0][0]) == 0
        with house.login(alice, *options) as sender:
            for _ in range(4):
                id = sender.compose(alice, bob.identity, os.urandom(200_000))
                assert peer.ok('WAIT 60').count == 1 and peer.read().id == id and peer.ack(id) == 0
    with house.login(bob, *options) as peer:
        assert peer.ask('DELETE ' + bob.secret(peer.host_key)).plain == b'OK'
    eventually('all have ended', lambda: all(p.popen.poll() is not None for p in house.processes))
    said = ''.join(process.log for process in house.processes)
    assert 'event=index_rebuilt ' in said and 'event=log_compacted ' in said and 'confinement_lacks' not in said


def test_required_where_all_is_there(house):
    """Then nothing is said, and everything works in plain mode too."""
    house.keep_secret('geheim-a')
    lines, log = talk(house, 'REGISTER alice geheim-a\nCOMPOSE alice\nhello\nREAD\nEXIT\n', '--confinement=required')
    assert [line.split()[0] for line in lines] == ['OK', 'OK', 'MESSAGE', 'hello', '.', 'BYE']
    assert 'confinement_lacks' not in log


def test_systemds_own_verdict(tmp_path):
    """What the example of all of systemd's confinement promises of the unit that it is added to."""
    unit = tmp_path / 'secmsg@.service'
    shutil.copy(os.path.join(REPO, 'systemd', unit.name), unit)
    shutil.copytree(os.path.join(REPO, 'systemd', unit.name + '.d'), str(unit) + '.d')
    verdict = subprocess.run(['systemd-analyze', 'security', '--offline=yes', '--no-pager', str(unit)], timeout=60,
                             capture_output=True, text=True, check=True,
                             env={**os.environ, 'SYSTEMD_UNIT_PATH': '%s:' % tmp_path}).stdout
    exposure = re.search(r'Overall exposure level for secmsg@\S*: ([0-9.]+)', verdict)
    assert float(exposure.group(1)) <= 1.0, verdict
