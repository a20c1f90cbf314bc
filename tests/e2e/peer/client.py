"""A session against a server, with everything a client of protocol 1 does, and a hand on every byte."""
import os
import re

from .objects import Identity, envelope_make, envelope_open, new_id
from .primitives import Refused, pss_sign, sha256, unb64
from .wire import Ended, client_finish, client_line, join_plain, split_plain


class Answer:
    """OK, MESSAGE, EMPTY, BYE or ERR, taken apart."""

    def __init__(self, plain):
        self.plain = plain
        self.head, self.body = split_plain(plain)
        self.words = self.head.split(' ')
        self.kind = self.words[0]
        if self.kind not in ('OK', 'MESSAGE', 'EMPTY', 'BYE', 'ERR'):
            raise Refused('not an answer: ' + self.head)
        self.code = self.words[1] if self.kind == 'ERR' else None
        self.text = self.head.split(' ', 2)[2] if len(self.words) > 2 else ''
        if self.kind == 'ERR' and not (self.text and re.fullmatch('[a-z-]+', self.code)):
            raise Refused('an ERR without code or text: ' + self.head)

    def field(self, name):
        """limit=, used= or retry-after= from the beginning of an ERR's text; None where it isn't there."""
        for word in self.text.split(' '):
            if re.fullmatch(r'(limit|used|retry-after)=[0-9]+', word) is None:
                return None
            if word.startswith(name + '='):
                return int(word.split('=')[1])
        return None

    @property
    def count(self):
        assert self.kind == 'OK' and len(self.words) == 2, self.head
        return int(self.words[1])

    def __repr__(self):
        return '<%s%s>' % (self.head, '' if self.body is None else ' +%d bytes' % len(self.body))


class Message:
    """MESSAGE <id> <sender> <time stored> <signed or unsigned> <left> + body."""

    def __init__(self, answer):
        assert answer.kind == 'MESSAGE', answer
        self.id, self.sender, stored, signed, left = answer.words[1:]
        self.time_stored, self.left = int(stored), int(left)
        assert signed in ('signed', 'unsigned')
        self.signed, self.body = signed == 'signed', answer.body


class Peer:
    """The client's end of one connection."""

    def __init__(self, channel, hello=True, pin=None):
        self.channel, self.user = channel, None
        if hello:
            self.hello(pin)

    def hello(self, pin=None):
        secret = os.urandom(32)
        line = client_line(secret)
        self.channel.write(line)
        keys = client_finish(secret, line, self.channel.line(), pin)
        self.out, self.into, self.transcript, self.host_key = (
            keys.client, keys.server, keys.transcript, keys.host_key)
        return self

    # ---- frames ----

    def seal(self, head, body=None):
        """The next frame's line: sending it is up to the caller."""
        return self.out.seal(join_plain(head, body))

    def send(self, head, body=None):
        self.channel.write(self.seal(head, body))

    def receive(self):
        return Answer(self.into.open(self.channel.line()))

    def ask(self, head, body=None):
        self.send(head, body)
        return self.receive()

    def ok(self, head, body=None):
        answer = self.ask(head, body)
        assert answer.kind == 'OK', answer
        return answer

    def refused(self, code, head, body=None):
        """The answer must be ERR code, and the connection stays open."""
        answer = self.ask(head, body)
        assert answer.code == code, '%s expected, got %r' % (code, answer)
        return answer

    def ends(self, code=None):
        """The connection ends: with ERR code if one is given, and nothing behind it."""
        answer = None
        if code:
            answer = self.receive()
            assert answer.code == code, '%s expected, got %r' % (code, answer)
        assert self.channel.rest() == b''
        return answer

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- commands ----

    def register_head(self, account, invite=None):
        return 'REGISTER %s %s' % (account.user, account.secret(self.host_key)) + (' ' + invite if invite else '')

    def register(self, account, invite=None):
        self.ok(self.register_head(account, invite), account.body())
        self.user = account.user
        return self

    def login_head(self, account):
        return 'LOGIN %s %s' % (account.user, account.secret(self.host_key))

    def login(self, account):
        """Returns the number of unread messages."""
        unread = self.ok(self.login_head(account)).count
        self.user = account.user
        return unread

    def prove_body(self, account, vault=None):
        data = b'secmsg-login-1\n%s\n' % account.user.encode() + self.transcript + sha256(vault or account.vault)
        return pss_sign(account.keys.sign, data)

    def prove(self, account, vault=None):
        unread = self.ok('PROVE ' + account.user, self.prove_body(account, vault)).count
        self.user = account.user
        return unread

    def salt(self, user):
        answer = self.ok('SALT ' + user)
        return unb64(answer.words[1], 16)

    def info(self):
        answer = self.ok('INFO')
        return dict(line.split(': ', 1) for line in answer.body.decode().splitlines())

    def who(self, user):
        identity = Identity(self.ok('WHO ' + user).body)
        if identity.user != user:
            raise Refused('WHO: another name')
        return identity

    def compose(self, sender, recipient, data, id=None, **forge):
        """Seals data for an Identity, sends it, and returns the id."""
        id = id or new_id()
        self.ok('COMPOSE %s %s' % (recipient.user, id), envelope_make(sender, recipient, data, id=id, **forge))
        return id

    def read(self):
        """The next Message, or None."""
        answer = self.ask('READ')
        return None if answer.kind == 'EMPTY' else Message(answer)

    def read_all(self):
        messages = []
        while (message := self.read()) is not None:
            messages.append(message)
        return messages

    def open(self, message, me, sender, seen=()):
        return envelope_open(message.body, me, sender, message.id, seen)[0].data

    def ack(self, *ids):
        return self.ok('ACK', ''.join(i + '\n' for i in ids).encode()).count

    def list(self):
        """(unread, [(id, sender, time, bytes)])"""
        answer = self.ok('LIST')
        rows = [line.split(' ') for line in (answer.body or b'').decode().splitlines()]
        return answer.count, [(r[0], r[1], int(r[2]), int(r[3])) for r in rows]

    def exit(self):
        assert self.ask('EXIT').kind == 'BYE'
        self.ends()


__all__ = ['Answer', 'Ended', 'Message', 'Peer']
