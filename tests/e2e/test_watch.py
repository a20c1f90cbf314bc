"""`watch`: messages as they come, to a terminal or to a program, over connections that break."""
import contextlib
import os
import re
import shlex
import signal
import subprocess
import time

import pytest

import manual
from conftest import CHANGED, UNAVAILABLE, WAITING, eventually, program
from peer.objects import envelope_make, new_id
from peer.server import FakeServer, Vanish
from peer.wire import DEADLINE


class Watch:
    """A `watch` that runs, with what it has said so far."""

    def __init__(self, client, *words, **environment):
        self.client = client
        self.out_path, self.err_path = (os.path.join(client.home, 'watch.' + x) for x in ('out', 'err'))
        password = os.path.join(client.home, 'password')
        with open(password, 'w', opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(client.account.password)
        with open(self.out_path, 'wb') as out, open(self.err_path, 'wb') as err:
            self.popen = subprocess.Popen(
                [program('secmsg'), *client.target, '--user', client.user, '--password-file', password, 'watch',
                 *words], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=client.environment(**environment),
                cwd=client.home)

    def read(self, path):
        with open(path, 'rb') as file:
            return file.read().decode()

    @property
    def out(self):
        return self.read(self.out_path)

    @property
    def err(self):
        return self.read(self.err_path)

    def shows(self, text, times=1):
        eventually('%r in:\n%s\n%s' % (text, self.out, self.err), lambda: self.out.count(text) >= times)

    def says(self, text, times=1):
        eventually('%r in:\n%s' % (text, self.err), lambda: self.err.count(text) >= times)

    def ends(self, status):
        assert self.popen.wait(DEADLINE) == status, self.err

    def end(self):
        self.popen.send_signal(signal.SIGTERM)
        self.popen.wait(DEADLINE)


@pytest.fixture
def watch():
    with contextlib.ExitStack() as stack:
        def make(*arguments, **more):
            watch = Watch(*arguments, **more)
            stack.callback(watch.end)
            return watch
        yield make


def put(server, client, data, sender='bob', type='text/plain', name=None, id=None):
    """A message from another account of the server in memory."""
    account = server.people[sender]
    id = id or new_id()
    server.put(client.user, id, sender, envelope_make(
        account, client.account.identity, data, id=id, type=type, name=name, time=int(time.time())))
    return id


@pytest.fixture
def alice(at_fake, fake, house):
    """A client at the server in memory; bob has an account there, and WAIT waits for a moment."""
    bob = house.person('bob')
    fake.add(bob)
    fake.people = {'bob': bob}

    def wait(session, words, body):
        end = time.monotonic() + min(int(words[1]), 0.5)
        while time.monotonic() < end and all(m[0] in session.given for m in session.mailbox.messages):
            time.sleep(0.02)

    fake.hooks['WAIT'] = wait
    client = at_fake('alice')
    client.messages = lambda: fake.accounts['alice'].messages
    return client


@pytest.mark.parametrize('number,shown', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_how_a_signal_ends_it(alice, fake, watch, number, shown):
    """It dies by the signal, which a shell shows as the manual says."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip('these tests were started with that signal ignored')
    w = watch(alice)
    put(fake, alice, b'it runs')
    w.shows('it runs')
    w.popen.send_signal(number)
    w.ends(-number)
    assert re.search(r'\*%d\*' % shown, manual.section('secmsg.1', 'EXIT STATUS'))


def gone(client):
    eventually('everything is acknowledged', lambda: not client.messages())


def test_messages_are_shown_as_they_come(house, at_house, watch):
    """What waits already and what comes later is shown once, with a real handler, and leaves the server."""
    client = at_house('alice')
    bob = house.registered('bob')
    with house.login(bob) as peer:
        peer.compose(bob, client.account.identity, b'one')
        w = watch(client)
        w.shows('one')
        for text in (b'two', b'three'):
            peer.compose(bob, client.account.identity, text)
            w.shows(text.decode())
    with house.login(client.account) as peer:
        eventually('acknowledged', lambda: peer.list()[0] == 0)
    w.end()
    assert [w.out.count(t) for t in ('one', 'two', 'three')] == [1, 1, 1]
    assert 'three' in client.run('show', client.run('history').out.split()[-1]).out


def test_a_lost_connection_is_mended(alice, fake, watch):
    """When the connection breaks, that is said once, and messages go on being shown; the outbox is sent then."""
    w = watch(alice)
    put(fake, alice, b'before')
    w.shows('before')
    fake.hooks['COMPOSE'] = lambda s, words, b: b'ERR storage-full no'
    alice.run('send', 'bob', '-m', 'late', status=75)
    del fake.hooks['COMPOSE']
    fake.drop_all()
    w.says('goes on trying')
    put(fake, alice, b'after')
    w.shows('after')
    w.says('connected again')
    eventually('the outbox is sent', lambda: fake.accounts['bob'].messages)
    gone(alice)
    assert w.err.count('goes on trying') == 1 and w.out.count('before') == 1


def test_a_server_that_is_away_is_said_once(alice, fake, watch, house):
    """While nobody answers it goes on trying with growing pauses, without a word each time; a server that comes back
    at the same port is found."""
    w = watch(alice)
    put(fake, alice, b'before')
    w.shows('before')
    gone(alice)
    fake.close()
    fake.drop_all()
    w.says("can't connect")
    time.sleep(3.5)
    assert w.err.count("can't connect") == 1 and w.err.count('goes on trying') == 1
    again = FakeServer(seed=fake.seed, port=fake.port)
    try:
        again.accounts, again.people = fake.accounts, fake.people
        put(again, alice, b'after')
        w.shows('after')
        assert w.err.count('connected again') == 1
        w.end()
    finally:
        again.close()
        fake.close = lambda: None


def test_a_changed_host_key_ends_it(alice, fake, watch):
    """Somebody else at the server's place isn't waited for: both fingerprints are shown, and the status says it."""
    w = watch(alice)
    put(fake, alice, b'before')
    w.shows('before')
    fake.close()
    fake.drop_all()
    other = FakeServer(port=fake.port)
    try:
        w.ends(CHANGED)
        assert 'HAS CHANGED' in w.err and 'now:' in w.err
    finally:
        other.close()
        fake.close = lambda: None


def test_a_program_gets_each_message(alice, fake, watch):
    """The content is on its stdin, who, what and when in its environment; its exit with 0 acknowledges."""
    script = 'printf "%s|%s|%s|%s|%s\\n" "$SECMSG_SENDER" "$SECMSG_ID" "$SECMSG_TYPE" "$SECMSG_TIME" "$SECMSG_NAME"; cat'
    ids = [put(fake, alice, b'a\x00b', type='application/octet-stream', name='x y.bin'), put(fake, alice, b'text')]
    w = watch(alice, '--exec', script)
    w.shows('text')
    gone(alice)
    first, rest = w.out.split('\n', 1)
    sender, id, type, when, name = first.split('|')
    assert (sender, id, type, name) == ('bob', ids[0], 'application/octet-stream', 'x y.bin')
    assert abs(int(when) - time.time()) < 3600
    assert rest.startswith('a\x00bbob|%s|text/plain|' % ids[1])


def test_a_program_has_nothing_of_ours(alice, fake, watch):
    """It inherits no descriptor beyond stderr, no blocked or ignored signal, and no secret in its environment."""
    put(fake, alice, b'x')
    w = watch(alice, '--exec', 'ls -l /proc/self/fd | wc -l; grep -E "Sig(Blk|Ign|Cgt)" /proc/self/status; env; '
                               'echo done')
    w.shows('done')
    lines = w.out.splitlines()
    assert int(lines[0]) == 5, 'total, 0, 1, 2 and the directory that ls itself reads'
    of_glibc = 3 << 31  # signals 32 and 33: its posix_spawn leaves them ignored, and its sigaction refuses them
    masks = {line.split()[0]: int(line.split()[1], 16) & ~of_glibc for line in lines if line.startswith('Sig')}
    assert masks['SigBlk:'] == masks['SigIgn:'] == 0
    assert alice.account.password not in w.out


def test_a_failing_program_leaves_the_message(alice, fake, watch):
    """A message that the program fails on stays, and those behind it are handed out; it comes again after a pause, and
    is acknowledged when the program exits 0. It is in the archive all the same, once."""
    bad = put(fake, alice, b'bad')
    w = watch(alice, '--exec', 'read -r x; echo "got $x"; [ "$x" != bad ] || [ -e %s ]'
              % shlex.quote(os.path.join(alice.home, 'ready')))
    w.shows('got bad', 2)
    put(fake, alice, b'good')
    w.shows('got good')
    eventually('only the bad one stays', lambda: [m[0] for m in alice.messages()] == [bad])
    w.says('stays on the server')
    with open(os.path.join(alice.home, 'ready'), 'w'):
        pass
    gone(alice)
    w.end()
    assert w.out.count('got good') == 1
    assert alice.run('history').out.count(bad) == 1


def test_a_program_that_does_not_read(alice, fake, watch):
    """A program that leaves its stdin alone, or is killed, holds nothing up."""
    put(fake, alice, b'x' * 500000)
    w = watch(alice, '--exec', 'echo ran')
    w.shows('ran')
    gone(alice)
    w.end()
    put(fake, alice, b'y')
    w = watch(alice, '--exec', 'kill -9 $$')
    w.says('ended by signal 9')
    assert len(alice.messages()) == 1


def test_a_parent_that_ignores_its_children(alice, fake, watch):
    """Whoever starts `watch` may have left it SIGCHLD ignored: the program's status is found out all the same."""
    put(fake, alice, b'x')
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        w = watch(alice, '--exec', 'echo ran')
    finally:
        signal.signal(signal.SIGCHLD, before)
    w.shows('ran')
    gone(alice)
    w.end()
    assert w.out.count('ran') == 1 and 'program' not in w.err


def test_a_lost_acknowledgement_runs_the_program_once(alice, fake, watch):
    """When the connection breaks at the ACK, the message isn't handed to the program a second time."""
    lost = []

    def vanish(session, words, body):
        if not lost:
            lost.append(body)
            raise Vanish

    fake.hooks['ACK'] = vanish
    put(fake, alice, b'x')
    w = watch(alice, '--exec', 'echo ran')
    gone(alice)
    assert lost and w.out == 'ran\n'


def test_an_unsigned_message_has_no_sender(alice, fake, house, watch):
    """A program that trusts $SECMSG_SENDER can't be deceived by whoever runs the server."""
    fake.add(house.person('paul', identity=False))
    fake.put('alice', new_id(), 'paul', b'trust me\n', signed=False)
    w = watch(alice, '--exec', 'echo "<$SECMSG_SENDER> <$SECMSG_UNSIGNED_SENDER>"')
    w.shows('<> <paul>')


def test_both_kinds_of_exec(house, at_house, watch):
    """--exec before the word is the server's, behind it the program's."""
    client = at_house('alice')
    bob = house.registered('bob')
    with house.login(bob) as peer:
        peer.compose(bob, client.account.identity, b'hello')
    assert client.target[0] == '--exec'
    w = watch(client, '--exec', 'tr a-z A-Z')
    w.shows('HELLO')


def test_watch_waits_for_a_server_that_is_not_there_yet(alice, fake, watch):
    """Started before its server, it waits for it; a wrong host name ends it."""
    fake.close()
    w = watch(alice)
    w.says("can't connect")
    again = FakeServer(seed=fake.seed, port=fake.port)
    try:
        again.accounts = fake.accounts
        w.says('connected.')
        w.end()
    finally:
        again.close()
        fake.close = lambda: None
