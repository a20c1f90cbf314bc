"""A server of protocol 1 in memory: honest, until a test tells it for one verb to be something else.

`hooks[verb]` is called as hook(session, words, body) and returns a plaintext to send in place of the honest
answer, None for the honest one, or raises Vanish. `greeting` replaces the hello line."""
import os
import socket
import threading
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .objects import ID, USER, Identity, take_lines
from .primitives import Refused, b64, pss_verify, sha256, unb64
from .wire import Channel, Ended, handshake_keys, raw_public, server_line, server_parse, split_plain


class Vanish(Exception):
    """Ends the connection; `last` is sent as it is before that."""

    def __init__(self, last=b''):
        super().__init__()
        self.last = last


class Mailbox:
    def __init__(self, salt, secret, identity, vault):
        self.salt, self.secret, self.identity, self.vault = salt, secret, identity, vault
        self.messages = []  # (id, sender, time stored, signed, body)


class FakeServer:
    def __init__(self, seed=None, port=0):
        self.seed = seed or os.urandom(32)
        self.host_key = raw_public(Ed25519PrivateKey.from_private_bytes(self.seed))
        self.accounts, self.hooks, self.greeting = {}, {}, None
        self.seen, self.errors, self.connections = [], [], []
        self.lock = threading.Lock()
        self.listener = socket.create_server(('127.0.0.1', port))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection):
        fd = connection.fileno()
        session = Session(self, Channel(fd, fd))
        self.connections.append(connection)
        try:
            session.run()
        except Vanish as vanish:
            session.channel.write(vanish.last)
        except (Ended, Refused):
            pass
        except Exception as error:  # told to the test by close()
            self.errors.append(error)
        finally:
            try:
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            connection.close()

    def add(self, account):
        """An account, as if it had registered."""
        self.accounts[account.user] = Mailbox(account.salt, account.secret(self.host_key),
                                              account.identity.text if account.identity else None,
                                              account.vault)

    def put(self, user, id, sender, body, signed=True, stored=None):
        self.accounts[user].messages.append((id, sender, int(stored or time.time()), signed, body))

    def drop_all(self):
        """Breaks every connection that is open now."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def verbs(self):
        """The verbs that clients have sent so far, but for the looks that a prompt takes by itself."""
        with self.lock:
            return [words[0] for words, _ in self.seen if words != ['WAIT', '0']]

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.threads[0].join(10)
        assert not self.errors, self.errors


class Session:
    def __init__(self, server, channel):
        self.server, self.channel = server, channel
        self.user, self.given = None, set()

    def run(self):
        line = self.channel.line()
        if self.server.greeting is not None:
            greeting = self.server.greeting
            raise Vanish(greeting(self, line) if callable(greeting) else greeting)
        secret = os.urandom(32)
        answer, self.transcript = server_line(self.server.seed, secret, line + b'\n')
        self.into, self.out = handshake_keys(secret, server_parse(line), self.transcript)
        self.channel.write(answer)
        while True:
            head, body = split_plain(self.into.open(self.channel.line()))
            words = head.split(' ')
            with self.server.lock:
                self.server.seen.append((words, body))
                hook = self.server.hooks.get(words[0])
            answer = hook(self, words, body) if hook else None
            if answer is None:
                with self.server.lock:
                    answer = getattr(self, 'do_' + words[0].lower())(words, body)
            self.channel.write(self.out.seal(answer))
            if words[0] == 'EXIT':
                return

    @property
    def mailbox(self):
        return self.server.accounts[self.user]

    def unread(self):
        return b'OK %d' % len(self.mailbox.messages)

    # ---- the honest answers ----

    def do_info(self, words, body):
        return (b'OK\nsoftware: fake\nversion: 1\nmax-message: 1048576\nmax-frame: 2097152\n'
                b'mailbox-messages: 1000\nmailbox-bytes: 67108864\nmailbox-per-sender: 25\n'
                b'retention-days: 0\nregistration: open\n')

    def do_ping(self, words, body):
        return b'OK'

    def do_exit(self, words, body):
        return b'BYE'

    def do_salt(self, words, body):
        mailbox = self.server.accounts.get(words[1])
        return b'OK ' + b64(mailbox.salt if mailbox else sha256(words[1].encode())[:16]).encode()

    def do_register(self, words, body):
        (salt, identity, vault), _ = take_lines(body, None, ('salt', 'identity', 'vault'))
        if words[1] in self.server.accounts:
            return b'ERR name-taken somebody has that name'
        identity = unb64(identity)
        assert Identity(identity).user == words[1] and USER.fullmatch(words[1])
        unb64(words[2], 32)
        self.server.accounts[words[1]] = Mailbox(unb64(salt, 16), words[2], identity, vault.encode())
        self.user = words[1]
        return b'OK'

    def logged_in(self, user):
        self.user = user
        vault = self.mailbox.vault
        return self.unread() + (b'\nvault: %s\n' % vault if vault else b'')

    def do_login(self, words, body):
        mailbox = self.server.accounts.get(words[1])
        if not mailbox or mailbox.secret != words[2]:
            return b'ERR auth-failed wrong name or password'
        return self.logged_in(words[1])

    def do_prove(self, words, body):
        mailbox = self.server.accounts.get(words[1])
        if not mailbox:
            return b'ERR auth-failed wrong name or password'
        data = b'secmsg-login-1\n%s\n' % words[1].encode() + self.transcript + sha256(mailbox.vault)
        try:
            pss_verify(Identity(mailbox.identity).sign, body, data)
        except Refused:
            return b'ERR auth-failed wrong name or password'
        self.user = words[1]
        return self.unread()

    def do_who(self, words, body):
        mailbox = self.server.accounts.get(words[1])
        if not mailbox:
            return b'ERR no-user there is no such user'
        if not mailbox.identity:
            return b'ERR no-identity has none'
        return b'OK\n' + mailbox.identity

    def do_compose(self, words, body):
        assert ID.fullmatch(words[2])
        if words[1] not in self.server.accounts:
            return b'ERR no-user there is no such user'
        messages = self.server.accounts[words[1]].messages
        if any(m[0] == words[2] for m in messages):
            return b'OK %s duplicate' % words[2].encode()
        messages.append((words[2], self.user, int(time.time()), True, body))
        return b'OK ' + words[2].encode()

    def do_read(self, words, body):
        new = [m for m in self.mailbox.messages if m[0] not in self.given]
        if not new:
            return b'EMPTY'
        id, sender, stored, signed, data = new[0]
        self.given.add(id)
        return b'MESSAGE %s %s %d %s %d\n' % (id.encode(), sender.encode(), stored,
                                              b'signed' if signed else b'unsigned', len(new) - 1) + data

    def do_ack(self, words, body):
        gone = set(body.decode().split())
        self.mailbox.messages = [m for m in self.mailbox.messages if m[0] not in gone]
        return self.unread()

    def do_list(self, words, body):
        rows = b''.join(b'%s %s %d %d\n' % (m[0].encode(), m[1].encode(), m[2], len(m[4]))
                        for m in self.mailbox.messages)
        return self.unread() + b'\n' + rows

    def do_wait(self, words, body):
        return b'OK %d' % sum(m[0] not in self.given for m in self.mailbox.messages)

    def do_passwd(self, words, body):
        return b'ERR bad-command not here'

    do_delete = do_passwd
