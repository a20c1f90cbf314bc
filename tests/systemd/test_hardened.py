"""The unit with all of systemd's own confinement on top, as docs/confinement.md says how."""
import re

EXAMPLE = '/usr/local/share/doc/secmsg/examples/hardened.conf'
TARGET = '/etc/systemd/system/secmsg@.service.d'


def test_the_hardened_unit_serves(service):
    """Installed as an example, it says what it is; copied to its place, systemd finds nothing much to complain of, a
    message goes through and is kept, and the handler still confines itself."""
    machine = service.machine
    machine.run('mkdir', '-p', TARGET)
    machine.run('cp', EXAMPLE, TARGET)
    machine.systemctl('daemon-reload')
    try:
        verdict = machine.run('systemd-analyze', 'security', '--no-pager', 'secmsg@1.service', status=None).out
        level = float(re.search(r'Overall exposure level for secmsg@1.service: ([0-9.]+)', verdict).group(1))
        assert level <= 1.0, verdict
        harry, sally = service.client('harry').register(), service.client('sally').register()
        harry.run('send', 'sally', '-m', 'hello sally')
        assert sally.read_all() == ['hello sally']
        log = machine.run('journalctl', '-t', 'secmsg-handler', '--no-pager', '-o', 'cat').out
        assert 'confinement_lacks' not in log and 'event=confine ' not in log
    finally:
        machine.run('rm', '-r', TARGET)
        machine.systemctl('daemon-reload')
    assert sally.read_all() == []
