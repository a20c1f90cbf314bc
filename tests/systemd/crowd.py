"""Many connections at once from one process: each says one thing, ends its input, and waits for an answer."""
import select
import socket
import time

from machine import DEADLINE


class Guest:
    """One connection. Afterwards `answer` is what the server said before it hung up."""

    def __init__(self, port, source, saying):
        self.waiting, self.answer, self.is_over = saying, b'', False
        self.socket = socket.socket()
        self.socket.bind((source, 0))
        self.socket.setblocking(False)
        self.socket.connect_ex(('127.0.0.1', port))

    def serve(self, event):
        """Whether it has come further: said something, been answered, or ended. More of an answer isn't further."""
        before = self.waiting, bool(self.answer), self.is_over
        try:
            if event & select.EPOLLOUT:
                self._say()
            if event & ~select.EPOLLOUT:
                self._listen()
        except BlockingIOError:
            pass
        except ConnectionError:
            self.is_over = True
        return before != (self.waiting, bool(self.answer), self.is_over)

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


def crowd(port, sources, sayings, at_once, patience=DEADLINE):
    """Goes through all sayings, so many connections at once, in turn from each source. Returns the answers, b'' from
    connections that were closed without one. It may take as long as it takes, however slow the machine; when nobody
    comes any further for so many seconds, those that are left are neither answered nor hung up on."""
    answers, inside = [], {}
    end = time.monotonic() + patience
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
            for fd, event in epoll.poll(min(1, patience)):
                guest = inside[fd]
                if guest.serve(event):
                    end = time.monotonic() + patience
                if guest.is_over:
                    epoll.unregister(fd)
                    guest.socket.close()
                    answers.append(inside.pop(fd).answer)
                else:
                    epoll.modify(fd, guest.interest)
            assert time.monotonic() < end, '%d neither answered nor hung up on' % len(inside)
