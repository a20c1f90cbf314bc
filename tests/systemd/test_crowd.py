"""The crowd itself: a server may be slow, but not forget anybody. It needs no machine."""
import contextlib
import socket
import threading
import time

import pytest

from crowd import crowd

GUESTS = 20
PATIENCE = 4


@contextlib.contextmanager
def server(serve):
    """Takes one connection after another, and calls serve(connection, number) for each."""
    left = []

    def run():
        with contextlib.suppress(OSError):
            for number in range(GUESTS):
                left.append(listener.accept()[0])
                serve(left[-1], number)

    with socket.create_server(('127.0.0.1', 0), backlog=GUESTS) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for connection in left:
                connection.close()
            thread.join()


def through(port):
    return crowd(port, ['127.0.0.1'], [b'hello'] * GUESTS, at_once=GUESTS, patience=PATIENCE)


def answer(connection, _):
    time.sleep(2 * PATIENCE / GUESTS)
    connection.recv(100)
    connection.sendall(b'busy')
    connection.close()


def test_a_slow_server():
    """What takes twice as long as the patience in all is no failure: each guest comes in its turn."""
    with server(answer) as port:
        start = time.monotonic()
        assert through(port) == [b'busy'] * GUESTS
        assert time.monotonic() - start > 1.5 * PATIENCE


def forget(connection, number):
    if number != 3:
        answer(connection, number)


def chatter(connection, number):
    """Says on and on, and ends nobody."""
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b'busy')
            time.sleep(0.1)


@pytest.mark.parametrize('serve', [forget, chatter])
def test_a_guest_who_is_forgotten(serve):
    """One of many is enough, and words without an end are no end."""
    with server(serve) as port, pytest.raises(AssertionError, match='neither answered nor hung up on'):
        through(port)
