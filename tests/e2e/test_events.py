"""The log as the journal gets it: entries of the native protocol from a real handler, read by a socket in the journal's
place; and that code, manual and catalog know the same events."""
import glob
import os
import re
import shutil
import socket
import struct
import subprocess

import pytest

import manual
from conftest import REPO

# A file system of its own, in which /run is ours.
APART = ['unshare', '--map-root-user', '--mount', 'sh', '-c',
         'mount -t tmpfs none /run && mkdir /run/systemd && mkdir /run/systemd/journal && '
         'mount --bind "$0" /run/systemd/journal && exec "$@"']
CAN_PART = subprocess.run([*APART[:-1], 'mount -t tmpfs none /run'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0
apart = pytest.mark.skipif(not CAN_PART, reason='no name space of mounts can be made here')
# Runs the handler with stderr as what $JOURNAL_STREAM names, as systemd does.
AS_SYSTEMD = ['sh', '-c', 'JOURNAL_STREAM=$(stat -L -c %d:%i /dev/fd/2) && export JOURNAL_STREAM && exec "$@"', 'sh']


def fields(datagram):
    """An entry, by the protocol's page alone: a name's values are a list."""
    entry = {}
    while datagram:
        line, datagram = datagram.split(b'\n', 1)
        name, equals, value = line.partition(b'=')
        if not equals:
            size, = struct.unpack('<Q', datagram[:8])
            value, datagram = datagram[8:8 + size], datagram[9 + size:]
        entry.setdefault(name.decode(), []).append(value.decode())
    return entry


class Journal:
    def __init__(self, directory):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(os.path.join(directory, 'socket'))
        self.socket.setblocking(False)
        self.wrapper = [*APART, str(directory), *AS_SYSTEMD]

    def entries(self):
        found = []
        while True:
            try:
                found.append(fields(self.socket.recv(65536)))
            except BlockingIOError:
                return found


@pytest.fixture
def journal(tmp_path):
    journal = Journal(str(tmp_path))
    yield journal
    journal.socket.close()


def only(entry, name):
    value, = entry[name]
    return value


@apart
def test_a_session_is_entries_with_fields(house, journal):
    """Who, from where, what, with which result, how much and how long; and the last has the sum. stderr has nothing."""
    alice = house.registered('alice')
    with house.connect('--log-level=debug', wrapper=journal.wrapper) as peer:
        peer.login(alice)
        peer.refused('no-user', 'WHO nobody')
        peer.refused('bad-command', 'NONSENSE')
        process = peer.process
    process.finish()
    found = journal.entries()
    assert process.log == ''
    events = [only(e, 'SECMSG_EVENT') for e in found]
    assert events[0] == 'connect' and events[-1] == 'close' and set(events[1:-1]) == {'command'}
    for e in found:
        assert only(e, 'SYSLOG_IDENTIFIER') == 'secmsg-handler' and re.fullmatch('[0-9a-f]{32}', only(e, 'MESSAGE_ID'))
        assert only(e, 'SECMSG_SESSION') == only(found[0], 'SECMSG_SESSION') and only(e, 'SECMSG_PEER') == 'local'
        assert only(e, 'MESSAGE').startswith('%s event=%s' % (only(e, 'SECMSG_SESSION'), only(e, 'SECMSG_EVENT')))
        assert all(len(values) == 1 for values in e.values())
    who = next(e for e in found if e.get('SECMSG_COMMAND') == ['WHO'])
    assert (only(who, 'SECMSG_RESULT'), only(who, 'PRIORITY'), only(who, 'SECMSG_USER')) == ('no-user', '6', 'alice')
    login = next(e for e in found if e.get('SECMSG_COMMAND') == ['LOGIN'])
    assert (only(login, 'SECMSG_RESULT'), only(login, 'PRIORITY')) == ('ok', '7') and int(only(login, 'SECMSG_USEC')) > 0
    end = found[-1]
    assert (only(end, 'PRIORITY'), only(end, 'SECMSG_USER')) == ('5', 'alice')
    assert int(only(end, 'SECMSG_REFUSED')) == 2 and int(only(end, 'SECMSG_COMMANDS')) >= 3
    assert all(int(only(end, 'SECMSG_' + n)) > 100 for n in ('BYTES_IN', 'BYTES_OUT', 'USEC'))


@apart
def test_what_comes_from_outside_makes_no_field(house, journal):
    """Neither a name nor junk adds a field, or a line; and no secret is in any."""
    with house.connect('--log-level=debug', wrapper=journal.wrapper) as peer:
        peer.refused('auth-failed', 'LOGIN a=b"SECMSG_USER=root ' + 'x' * 44)
        peer.channel.write(b'PRIORITY=0\nMESSAGE=forged\n')
        peer.ends('tampered')
        process = peer.process
    process.finish()
    found = journal.entries()
    assert not any('SECMSG_USER' in e or e['PRIORITY'] == ['0'] or 'forged' in e['MESSAGE'][0] for e in found)
    assert house.leaks(repr(found)) == []
    end, = [e for e in found if e['SECMSG_EVENT'] == ['close']]
    assert only(end, 'PRIORITY') == '6', 'who only knocks is no notice'
    assert [only(e, 'PRIORITY') for e in found if e['SECMSG_EVENT'] == ['tampered']] == ['6']


@apart
def test_a_flood_is_cut(house, journal):
    """One session's refusals fill no journal: it says how many there were more, and still how it ended."""
    alice = house.registered('alice')
    with house.connect(wrapper=journal.wrapper) as peer:
        peer.login(alice)
        for _ in range(600):
            peer.refused('no-user', 'WHO nobody')
        process = peer.process
    process.finish()
    events = [only(e, 'SECMSG_EVENT') for e in journal.entries()] + re.findall(' event=([a-z_]+)', process.log)
    assert 190 < events.count('command') < 600 and 'suppressed' in events and 'close' in events


@apart
def test_a_journal_that_goes(house, journal):
    """Its end ends no session: what follows is on stderr, with the priority in front."""
    alice = house.registered('alice')
    with house.connect(wrapper=journal.wrapper) as peer:
        peer.login(alice)
        journal.socket.close()
        peer.refused('no-user', 'WHO nobody')
        process = peer.process
    process.finish()
    assert re.search(r'^<6>[0-9a-f]{8} event=command command=WHO .*result=no-user', process.log, re.M)
    assert re.search(r'^<5>[0-9a-f]{8} event=close user=alice', process.log, re.M)


# ---- the same events everywhere ----

def source(*path):
    with open(os.path.join(REPO, *path), encoding='utf-8') as file:
        return file.read()


def table():
    """Of src/base/event.c: {event: id}."""
    return dict(re.findall(r'\{"([a-z_]+)", "([0-9a-f]{32})"\}', source('src', 'base', 'event.c')))


CALL = re.compile(r'\b(?:log_event|say)\((LOG_LEVEL(?:[^;"]|"(?:[^"\\]|\\.)*")*|[a-z](?:[^;"]|"(?:[^"\\]|\\.)*")*);')


def logged():
    """Of all C files: {event: [the text of each call that logs it]}."""
    found = {}
    for path in glob.glob(os.path.join(REPO, 'src', '**', '*.c'), recursive=True):
        with open(path, encoding='utf-8') as file:
            for call in CALL.findall(file.read()):
                name = re.search(r'"([a-z_]+)"', call)
                if name:
                    found.setdefault(name.group(1), []).append(call)
    return found


def catalog():
    """{id: (headers, text)}."""
    found = {}
    for part in source('systemd', 'secmsg.catalog').split('\n-- ')[1:]:
        head, text = part.split('\n\n', 1)
        identifier, *headers = head.split('\n')
        found[identifier] = (dict(h.split(': ', 1) for h in headers), text)
    return found


def test_every_event_has_an_id():
    """What the code logs is in the table, nothing else is, each once, and in the order that is searched."""
    known = table()
    assert set(logged()) == set(known) and len(set(known.values())) == len(known)
    rows = re.findall(r'\{"([a-z_]+)",', source('src', 'base', 'event.c'))
    assert rows == sorted(known)


def test_the_catalog_has_every_event():
    """A subject and what to do, for each id; the fields that a text names are those that the event has."""
    known, explained = table(), catalog()
    assert set(explained) == set(known.values())
    calls = logged()
    for event, identifier in known.items():
        headers, text = explained[identifier]
        assert set(headers) == {'Subject', 'Defined-By', 'Documentation'} and text.strip()
        used = {f.lower() for f in re.findall('@SECMSG_([A-Z_]+)@', headers['Subject'] + text)} - {'peer', 'user'}
        assert all(used <= {k.replace('-', '_') for k in re.findall(r'[ "]([a-z_-]+)=', call)} for call in calls[event]), (event, used)


@pytest.mark.skipif(shutil.which('journalctl') is None, reason='there is no journalctl')
def test_journalctl_takes_the_catalog(tmp_path):
    """Compiled and listed by systemd's own program."""
    directory = tmp_path / 'usr' / 'lib' / 'systemd' / 'catalog'
    os.makedirs(directory)
    shutil.copy(os.path.join(REPO, 'systemd', 'secmsg.catalog'), directory)
    run = ['journalctl', '--root', str(tmp_path)]
    subprocess.run([*run, '--update-catalog'], check=True, capture_output=True, timeout=60)
    listed = subprocess.run([*run, '--list-catalog'], check=True, capture_output=True, text=True, timeout=60)
    assert listed.stderr == '' and set(re.findall('^([0-9a-f]{32}) secmsg: ', listed.stdout, re.M)) == set(table().values())


def test_the_manual_has_every_event():
    """By its name, or among those of the store, which it sums up; and the fields of those that it names."""
    text = manual.section('secmsg-handler.8', 'LOG')
    named = set(re.findall(r'\*([a-z_]+)\*', ' '.join(h.split(' (')[0] for h, _ in manual.entries(text))))
    families = tuple(re.findall(r'\*([a-z]+_)…\*', text))
    calls = logged()
    assert named <= set(calls), named - set(calls)
    assert {'connect', 'command', 'close', 'suppressed', 'account', 'settle'} <= named
    assert all(e in named or e.startswith(families) for e in calls), [e for e in calls if e not in named]
    for head, body in manual.entries(text):
        event = head.split('*')[1]
        if ' (' in head and event in calls and ', *' not in head.split(' (')[0]:
            keys = set.intersection(*(set(re.findall(r'[ "]([a-z_-]+)=', call)) for call in calls[event]))
            assert all('*%s*' % k in body or '*%s=' % k in body for k in keys), (event, keys)
