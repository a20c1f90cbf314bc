"""What the handler gives up before its first byte, and what it says where the kernel can't take it.

tests/unit/test_handler_confine.c tries all that is forbidden; here it is the running handler's own state, and kernels
that lack something, played by a filter in front of the handler that answers ENOSYS."""
import ctypes
import os
import platform
import struct

import pytest

from conftest import eventually

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


def test_required_where_all_is_there(house):
    """Then nothing is said, and everything works."""
    house.keep_secret('geheim-a')
    lines, log = talk(house, 'REGISTER alice geheim-a\nCOMPOSE alice\nhello\nREAD\nEXIT\n', '--confinement=required')
    assert [line.split()[0] for line in lines] == ['OK', 'OK', 'MESSAGE', 'hello', '.', 'BYE']
    assert 'confinement_lacks' not in log
