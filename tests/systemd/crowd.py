"""Many connections at once from one process: each says one thing, ends its input, and waits for an answer."""
import select
import socket
import time

from machine import DEADLINE


class Guest:
    """One connection. Afterwards `answer` is what the server said before it hung up."""

    def __init__(self, port, source, saying):
        self.waiting, self.answer, self.is_over = saying, b'', False
        self.end = time.monotonic() + DEADLINE
        self.socket = socket.socket()
        self.socket.bind((source, 0))
        self.socket.setblocking(False)
        self.socket.connect_ex(('127.0.0.1', port))

    def serve(self, event):
        try:
            if event & select.EPOLLOUT:
                self._say()
            if event & ~select.EPOLLOUT:
                self._listen()
        except BlockingIOError:
            pass
        except ConnectionError:
            self.is_over = True

    def _say(self):
        if self.waiting:
            self.waiting = self.waiting[self.socket.send(self.waiting):]
        if not self.waiting and self.waiting is not None:
            self.waiting = None
            self.socket.shutdown(socket.SHUT_WR)

    def _listen(self):
        data = self.socket.recv(1 << 16)
        self.answer += data
        self.is_over = not data

    @property
    def interest(self):
        return select.EPOLLIN if self.waiting is None else select.EPOLLIN | select.EPOLLOUT


def crowd(port, sources, sayings, at_once):
    """Goes through all sayings, so many connections at once, in turn from each source. Returns the answers, b'' from
    connections that were closed without one. No answer and no end within the deadline is a failure."""
    answers, inside = [], {}
    sayings, count = iter(sayings), 0
    with select.epoll() as epoll:
        while True:
            while len(inside) < at_once and (saying := next(sayings, None)) is not None:
                guest = Guest(port, sources[count % len(sources)], saying)
                count += 1
                inside[guest.socket.fileno()] = guest
                epoll.register(guest.socket.fileno(), guest.interest)
            if not inside:
                return answers
            for fd, event in epoll.poll(1):
                guest = inside[fd]
                guest.serve(event)
                if guest.is_over:
                    epoll.unregister(fd)
                    guest.socket.close()
                    answers.append(inside.pop(fd).answer)
                else:
                    epoll.modify(fd, guest.interest)
            oldest = min((guest.end for guest in inside.values()), default=None)
            assert oldest is None or time.monotonic() < oldest, 'neither answered nor hung up on'
