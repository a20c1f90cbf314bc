"""Somebody in the middle, between the real client and the real handler, who changes what passes by."""
import contextlib
import socket
import subprocess
import threading

import pytest

from conftest import Client, program

# What passes in each direction when a message is sent: the hello, then PROVE, INFO, WHO, COMPOSE and their answers.
LINES, COMPOSE = range(5), 4
UP, DOWN = 'to the server', 'to the client'


def flip(line, position):
    """Another character of the same alphabet, so that only the cryptography can tell."""
    old = line[position]
    new = ord('A') if old != ord('A') else ord('B')
    return line[:position] + bytes([new]) + line[position + 1:]


MEDDLE = {
    'first byte': lambda line, before: flip(line, 0),
    'a byte in the middle': lambda line, before: flip(line, len(line) // 2),
    'last byte': lambda line, before: flip(line, len(line) - 2 if line.endswith(b'=') else len(line) - 1),
    'cut': lambda line, before: line[:-8],
    'dropped': lambda line, before: None,
    'the line before again': lambda line, before: before or b'junk',
}


class Middle:
    """A proxy on a port of its own, with a handler behind it for each connection; it meddles with the n-th line of
    one direction of every connection."""

    def __init__(self, house):
        self.house, self.meddle, self.way, self.index = house, None, None, None
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [self.start(self.accept)]

    def start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        thread.start()
        return thread

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.serve(connection)

    def serve(self, connection):
        handler = subprocess.Popen([program('secmsg-handler'), '--store', self.house.store], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        up = self.start(self.relay, UP, connection.makefile('rb'), handler.stdin)
        self.relay(DOWN, handler.stdout, connection.makefile('wb'))
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        up.join()
        connection.close()
        handler.stdout.close()
        handler.wait()

    def relay(self, way, source, target):
        before = None
        with contextlib.suppress(OSError):
            for index, line in enumerate(source):
                line = line.rstrip(b'\n')
                sent = self.meddle(line, before) if (way, index) == (self.way, self.index) else line
                before = line
                if sent is not None:
                    target.write(sent + b'\n')
                    target.flush()
        with contextlib.suppress(OSError):
            target.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.threads[0].join(60)


@pytest.fixture
def middle(house):
    middle = Middle(house)
    yield middle
    middle.close()


@pytest.mark.parametrize('way', [UP, DOWN])
@pytest.mark.parametrize('how', MEDDLE)
def test_meddling_is_noticed(house, middle, how, way):
    """Whatever is changed, cut, dropped or repeated, in any line of either direction: `send` says so, and fails, and
    the message waits in the outbox; or, where the message itself or its answer was hit, repeats it over a new
    connection (where it isn't the same line any more). Without the meddler what waits is sent; each message is
    there once and unchanged, in order, and nothing else is."""
    alice, bob = house.person('alice', quick=False), house.registered('bob')
    with house.connect() as peer:
        peer.register(alice)
    client = Client(house, alice, '--server', '127.0.0.1:%d' % middle.port)
    client.run('login')
    client.run('send', 'bob', '-m', 'hello')
    middle.meddle = MEDDLE[how]
    # Nobody notices a dropped line before the time for an answer is up: fewer lines, and less time.
    lines, timeout = (LINES[::2], '3') if how == 'dropped' else (LINES, '30')
    for index in lines:
        middle.way, middle.index = way, index
        done = client.run('--timeout', timeout, 'send', 'bob', '-m', 'line %d' % index, status=None)
        assert (done.returncode == 0) == (index == COMPOSE) and 'secmsg: ' in done.err, (index, done.err)
        middle.way = None
        waiting = client.run('flush').err
        assert ('sent to bob' in waiting) == (index != COMPOSE) and waiting.count('sent to') <= 1, (index, waiting)
    client.run('send', 'bob', '-m', 'goodbye')
    with house.login(bob) as peer:
        sender = peer.who('alice')
        texts = [peer.open(m, bob, sender).decode() for m in peer.read_all()]
    assert [t.strip() for t in texts] == ['hello', *('line %d' % index for index in lines), 'goodbye']
