"""Every error code of the protocol page, and the log's form."""
import os
import re
import resource
import signal

import pytest

from conftest import LOG_LINE, REPO, eventually, limit
from peer.objects import envelope_make, new_id
from peer.primitives import b64

SECRET = b64(bytes(32))


def clear(line, *options):
    """What the handler says in the clear to a first line."""
    def provoke(house):
        process = house.start(*options)
        process.channel.write(line)
        return process.channel.rest().decode()
    return provoke


def first(head, body=None, *options):
    """The answer to a first command."""
    def provoke(house):
        with house.connect(*options) as peer:
            return peer.ask(head, body)
    return provoke


def inside(head, body=None, *options):
    """The answer to a command of alice's; %(id)s is a fresh id."""
    def provoke(house):
        house.registered('bob')
        with house.login(house.registered('alice'), *options) as peer:
            return peer.ask(head % {'id': new_id()}, body)
    return provoke


def compose(times=1, data=b'x', id=None, signed_by='alice', options=()):
    """The last answer to a message of alice's for bob, sent so many times."""
    def provoke(house):
        alice, bob = house.registered('alice', 'bob')
        signer = (alice if signed_by == 'alice' else bob).keys.sign
        with house.login(alice, *options) as peer:
            for i in range(times):
                one = id or new_id()
                answer = peer.ask('COMPOSE bob ' + one,
                                  envelope_make(alice, bob.identity, data + b'%d' % i, id=one, signer=signer))
            return answer
    return provoke


def account(name, identity=None, body=None, *options):
    """The answer to a registration."""
    def provoke(house):
        person = house.person('alice')
        with house.connect(*options) as peer:
            text = person.body(identity=b64(identity).encode()) if identity else person.body()
            return peer.ask('REGISTER %s %s' % (name, SECRET), text if body is None else body)
    return provoke


def taken(house):
    house.registered('alice')
    return account('alice')(house)


def without_identity(house):
    alice = house.registered('alice')
    house.keep_secret('geheim-paul')
    house.plain('REGISTER paul geheim-paul\nEXIT\n')
    with house.login(alice) as peer:
        return peer.ask('WHO paul')


def tampered(house):
    with house.connect() as peer:
        peer.channel.write(b'junk\n')
        return peer.receive()


def three_times_refused(house):
    with house.connect() as peer:
        return [peer.ask('LOGIN nobody ' + SECRET) for _ in range(3)][-1]


def damaged(house):
    house.registered('alice')
    with open(os.path.join(house.store, 'store.conf'), 'r+b') as file:
        file.write(b'junk')
    process = house.start()
    answer = process.channel.rest().decode()
    assert process.wait() > 0
    process.may_die = True
    return answer


def stopped(house):
    process = house.start()
    eventually('a connection', lambda: 'event=connect' in process.log)
    process.kill(signal.SIGTERM)
    return process.channel.rest().decode()


def no_room(house):
    alice = house.registered('alice')
    largest = max(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(house.store) for f in files)
    with house.connect('--mailbox-per-sender=100', preexec_fn=limit(resource.RLIMIT_FSIZE, largest + 300000)) as peer:
        peer.login(alice)
        for _ in range(50):
            id = new_id()
            answer = peer.ask('COMPOSE alice ' + id, envelope_make(alice, alice.identity, os.urandom(50000), id=id))
            if answer.kind == 'ERR':
                break
        return answer


PROVOKED = {
    'version': clear(b'SECMSG 2 x\n'),
    'bad-hello': clear(b'HELO\n'),
    'busy': stopped,
    'timeout': clear(b'', '--hello-timeout=1'),
    'tampered': tampered,
    'rate-limited': three_times_refused,
    'internal': damaged,
    'too-large': compose(data=bytes(5000), options=('--max-message=4K',)),
    'bad-command': first('NOSUCH'),
    'bad-state': first('READ'),
    'bad-name': account('Alice'),
    'weak-secret': first('REGISTER alice short', b'x'),
    'bad-account': account('alice', None, b'x'),
    'bad-identity': account('alice', b'secmsg-identity-1\n'),
    'name-taken': taken,
    'registration-closed': account('alice', None, None, '--registration=closed'),
    'bad-invite': account('alice', None, None, '--registration=invite'),
    'auth-failed': first('LOGIN nobody ' + SECRET),
    'no-user': inside('WHO nobody'),
    'no-identity': without_identity,
    'bad-envelope': inside('COMPOSE bob %(id)s', b'x'),
    'bad-signature': compose(signed_by='bob'),
    'id-taken': compose(times=2, id='0' * 32),
    'mailbox-full': compose(times=2, options=('--mailbox-messages=1',)),
    'storage-full': no_room,
}


def codes_of_the_page():
    """The codes as docs/protocol.md lists them."""
    path = os.path.join(REPO, 'docs', 'protocol.md')
    with open(path, encoding='utf-8') as file:
        text = file.read()
    section = text[text.index('\n### Error codes\n'):]
    return sorted(set(re.findall(r'^\| `([a-z-]+)` \|', section[:section.index('\n## ')], re.M)))


def test_the_list_of_codes_is_the_pages():
    """Every code of the page is provoked below, and no other."""
    assert codes_of_the_page() == sorted(PROVOKED)


@pytest.mark.parametrize('code', PROVOKED)
def test_every_code_is_provoked(house, code):
    """The real handler gives each code, with a text for a person behind it."""
    house.check_logs = code != 'internal'
    answer = PROVOKED[code](house)
    head = answer if isinstance(answer, str) else answer.head
    assert re.fullmatch(r'ERR %s \S.*\n?' % code, head), head


def test_log_lines(house):
    """The log tells a session's story, one event a line, `<session> event=... key=value`; what came from outside
    is escaped, two sessions have two ids, and refusals are there with their codes."""
    house.registered('alice')
    with house.connect() as peer:
        peer.refused('auth-failed', 'LOGIN al"ice=event=forged ' + 'x' * 44)
        peer.channel.write(b'\x1b[2Jjunk event=forged\n')
        peer.ends('tampered')
    logs = []
    for process in house.processes:
        process.finish()
        logs.append(process.log)
        assert process.log and all(LOG_LINE.fullmatch(line) for line in process.log.splitlines())
        assert '\x1b' not in process.log and ' event=forged' not in process.log
    first, second = ({line.split(' ')[0] for line in log.splitlines()} - {'-'} for log in logs)
    assert len(first) == len(second) == 1 and first != second
    assert 'tampered' in logs[1]


def test_log_has_the_journals_prefixes_only_for_the_journal(house):
    """On a pipe or a file the lines have no priority prefix."""
    with house.connect() as peer:
        peer.channel.write(b'junk\n')
        peer.ends('tampered')
        peer.close()
        peer.process.wait()
        assert not re.search(r'^<[0-7]>', peer.process.log, re.M)
