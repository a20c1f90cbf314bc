"""The log of the service, as the operator finds it in the journal: its own reader reads what the handlers wrote."""
import json

import pytest

from conftest import Service

WARNING, NOTICE = '4', '5'


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
    """What passes the unit's LogLevelMax=notice, in its order, under the session's id."""
    _, _, found = session
    events = [e['SECMSG_EVENT'] for e in found if e['SECMSG_EVENT'] != 'store_created']
    assert events == ['account', 'tampered', 'close']
    assert len({e['SECMSG_SESSION'] for e in found}) == 1
    end = found[-1]
    assert end['MESSAGE'].startswith('%s event=close user=logged ' % end['SECMSG_SESSION'])
    assert (end['SECMSG_RESULT'], end['SECMSG_COMMANDS'], end['SECMSG_REFUSED']) == ('tampered', '2', '1')
    assert all(int(end['SECMSG_' + name]) > 100 for name in ('BYTES_IN', 'BYTES_OUT', 'USEC'))


def test_fields(session, machine):
    """What the journal can be asked for: the program, the unit, the user and the peer, the event, how urgent it is."""
    _, _, found = session
    user = machine.run('id', '-u', 'secmsg').out.strip()
    unit = found[0]['_SYSTEMD_UNIT']
    assert unit.startswith('secmsg@') and '127.6.0.1' in unit
    for e in found:
        assert (e['_TRANSPORT'], e['_SYSTEMD_UNIT'], e['_UID'], e['_COMM']) == ('journal', unit, user, 'secmsg-handler')
        assert e['PRIORITY'] == (WARNING if e['SECMSG_EVENT'] == 'tampered' else NOTICE)
        assert e['SECMSG_EVENT'] == 'store_created' or e['SECMSG_PEER'] == '127.6.0.1'
    assert len(entries(machine, '--priority=warning', '--unit=' + unit)) == 1
    assert entries(machine, 'SECMSG_USER=logged', 'SECMSG_EVENT=close')[-1]['MESSAGE_ID'] == found[-1]['MESSAGE_ID']


def test_the_catalog(session, machine):
    """It is installed where journalctl finds it, and explains an event with what is in its fields."""
    machine.run('journalctl', '--update-catalog')
    out = machine.run('journalctl', '--catalog', '--no-hostname', 'SECMSG_USER=logged', 'SECMSG_EVENT=close').out
    assert 'Subject: A session ended: tampered' in out and '127.6.0.1 was connected for ' in out


def test_systemd_says_nothing_of_connections(session, machine):
    """Two lines of its own for each would displace what it says of other units."""
    _, _, found = session
    assert entries_of(machine, 'UNIT=' + found[0]['_SYSTEMD_UNIT']) == []


def entries_of(machine, *words):
    machine.run('journalctl', '--sync')
    return machine.run('journalctl', '--output=json', *words, status=None).out.splitlines()


def test_nothing_secret(session, machine):
    """Neither a password nor what is made of it is in the journal, in any field."""
    account, peer, _ = session
    everything = machine.run('journalctl', '--output=export').out
    assert 'user=logged' in everything
    assert account.password not in everything and account.secret(peer.host_key) not in everything
