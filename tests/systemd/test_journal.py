"""The log of the service, as the operator finds it in the journal."""
import json

import pytest

from conftest import Service

WARNING, INFO = '4', '6'


def entries(machine, *words):
    """What the handlers have logged so far, the oldest first."""
    machine.run('journalctl', '--sync')
    out = machine.run('journalctl', '--output=json', '--identifier=secmsg-handler', *words).out
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture(scope='module')
def session(machine):
    """The account, and the entries, of one session: somebody registers, and then a frame is spoilt."""
    service = Service(machine)
    with service.connect('127.6.0.1') as peer:
        account = service.account('logged')
        peer.register(account)
        peer.channel.write(b'junk\n')
        peer.ends('tampered')
    found = [e for e in entries(machine) if 'user=logged' in e['MESSAGE']]
    return account, peer, [e for e in entries(machine) if e['_SYSTEMD_INVOCATION_ID'] == found[-1]['_SYSTEMD_INVOCATION_ID']]


def test_events(session):
    """Each event of a session is an entry, under the session's id, from the connection to its end."""
    _, _, found = session
    words = [e['MESSAGE'].split(' ') for e in found]
    events = [w[1] for w in words if w[1] != 'event=store_created']
    assert events == ['event=' + name for name in ('connect', 'account', 'command', 'tampered', 'close')]
    assert len({w[0] for w in words}) == 1
    assert 'peer=::ffff:127.6.0.1' in found[-5]['MESSAGE']
    assert {'verb=REGISTER', 'user=logged', 'result=ok'} <= set(found[-3]['MESSAGE'].split(' '))


def test_fields(session, machine):
    """What the journal can be asked for: the program, the connection's unit, the user, how urgent it is."""
    _, _, found = session
    user = machine.run('id', '-u', 'secmsg').out.strip()
    unit = found[0]['_SYSTEMD_UNIT']
    assert unit.startswith('secmsg@') and '127.6.0.1' in unit
    for e in found:
        assert (e['_SYSTEMD_UNIT'], e['_UID'], e['_COMM']) == (unit, user, 'secmsg-handler')
        assert e['PRIORITY'] == (WARNING if 'event=tampered' in e['MESSAGE'] else INFO)
    assert len(entries(machine, '--priority=warning', '--unit=' + unit)) == 1


def test_nothing_secret(session, machine):
    """Neither a password nor what is made of it is in the journal, in any field."""
    account, peer, _ = session
    everything = machine.run('journalctl', '--output=export').out
    assert 'user=logged' in everything
    assert account.password not in everything and account.secret(peer.host_key) not in everything
