"""The timer that writes metrics for a collector, fired on the machine."""
import re

from conftest import eventually

DIRECTORY = '/var/lib/prometheus/node-exporter'


def test_the_timer(service):
    """Enabled as the operator's page says, it has the file written whole, by the store's user, and again."""
    machine = service.machine
    service.registered('counted', '127.7.0.1')
    machine.run('install', '-d', '-o', 'secmsg', DIRECTORY)
    machine.write('/etc/systemd/system/secmsg-metrics.timer.d/often.conf', '[Timer]\nOnCalendar=\nOnCalendar=*:*:*\nAccuracySec=1ms\n')
    machine.systemctl('daemon-reload')
    machine.systemctl('enable', '--now', 'secmsg-metrics.timer')
    try:
        def inode():
            return machine.run('stat', '-c', '%i %U %a', DIRECTORY + '/secmsg.prom', status=None).out.split()
        first = eventually('the file', inode)
        assert first[1:] == ['secmsg', '644']
        eventually('the next one', lambda: inode()[0] != first[0])
        text = machine.run('cat', DIRECTORY + '/secmsg.prom').out
        assert re.search(r'^secmsg_shards_untold 0$', text, re.M)
        assert int(re.search(r'^secmsg_registrations_total ([0-9]+)$', text, re.M).group(1)) >= 1
        assert re.search(r'^secmsg_shared_up 1$', text, re.M) and text.endswith('\n')
        assert machine.run('ls', DIRECTORY).out.split() == ['secmsg.prom']
    finally:
        machine.systemctl('disable', '--now', 'secmsg-metrics.timer')
    eventually('it is done', lambda: machine.property('secmsg-metrics.service', 'ActiveState') == 'inactive')
    assert machine.property('secmsg-metrics.service', 'Result') == 'success'


def test_as_often_as_one_likes(service):
    """Beside the timer it may be started by hand oftener than systemd lets a unit be by default, five times in ten
    seconds, and runs each time. (A unit that nothing refers to is forgotten when it ends, and with it how often it was
    started.)"""
    machine = service.machine
    service.registered('counted-again', '127.7.0.2')
    machine.run('install', '-d', '-o', 'secmsg', DIRECTORY)
    machine.systemctl('start', 'secmsg-metrics.timer')
    try:
        for _ in range(8):
            machine.run('rm', '-f', DIRECTORY + '/secmsg.prom')
            machine.systemctl('start', 'secmsg-metrics.service')
            machine.run('test', '-s', DIRECTORY + '/secmsg.prom')
    finally:
        machine.systemctl('stop', 'secmsg-metrics.timer')


def test_not_enabled_by_installing(service):
    """Who doesn't want it has nothing of it."""
    assert service.machine.run('systemctl', 'is-enabled', 'secmsg-metrics.timer', status=None).out.strip() == 'disabled'
