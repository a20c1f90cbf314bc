"""Hello and frames, both ends, over any pair of file descriptors."""
import os
import re
import select
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .primitives import Refused, b64, be64, fernet_open, fernet_seal, hkdf, hmac, sha256, unb64

DEADLINE = 60  # how long a test waits for what must come


class Ended(Exception):
    """The stream ended where something was due."""


class Channel:
    """Lines over descriptors. A write that would block reads meanwhile, so neither side can wait for the
    other; a write into a closed pipe is dropped, as what the other side had to say is still to be read."""

    def __init__(self, rfd, wfd, close=None):
        self.rfd, self.wfd, self.on_close = rfd, wfd, close
        self.buffer, self.ended, self.broken = bytearray(), False, False
        os.set_blocking(rfd, False)
        os.set_blocking(wfd, False)

    def _fill(self):
        try:
            data = os.read(self.rfd, 1 << 16)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b''
        self.buffer += data
        self.ended = self.ended or not data

    def write(self, data):
        view, end = memoryview(bytes(data)), time.monotonic() + DEADLINE
        while view and not self.broken:
            assert time.monotonic() < end, 'the other side reads nothing'
            reading = [] if self.ended else [self.rfd]
            ready, writable, _ = select.select(reading, [self.wfd], [], 1)
            if ready:
                self._fill()
            if writable:
                try:
                    view = view[os.write(self.wfd, view[:1 << 16]):]
                except BlockingIOError:
                    pass
                except (BrokenPipeError, ConnectionError):
                    self.broken = True

    def line(self, limit=1 << 24):
        """The next line without its LF; Ended when there is none, or only a part of one."""
        end = time.monotonic() + DEADLINE
        searched = 0
        while True:
            at = self.buffer.find(b'\n', searched)
            if at >= 0:
                line = bytes(self.buffer[:at])
                del self.buffer[:at + 1]
                return line
            searched = len(self.buffer)
            if searched > limit:
                raise Refused('a line beyond the limit')
            if self.ended:
                raise Ended(bytes(self.buffer))
            self._wait(end)

    def _wait(self, end):
        left = end - time.monotonic()
        assert left > 0, 'no answer within %d seconds; so far: %r' % (DEADLINE, bytes(self.buffer))
        if select.select([self.rfd], [], [], left)[0]:
            self._fill()

    def quiet(self):
        """True if nothing has arrived."""
        if not self.ended and select.select([self.rfd], [], [], 0)[0]:
            self._fill()
        return not self.buffer and not self.ended

    def rest(self):
        """Everything up to the end of the stream."""
        end = time.monotonic() + DEADLINE
        while not self.ended:
            self._wait(end)
        data, self.buffer = bytes(self.buffer), bytearray()
        return data

    def close(self):
        if self.on_close:
            close, self.on_close = self.on_close, None
            close(self)


class FrameEnd:
    """One direction of a connection."""

    def __init__(self, fernet, mac):
        self.fernet, self.mac, self.sequence = fernet, mac, 0

    def tag(self, token, sequence):
        return b64(hmac(self.mac, be64(sequence) + token)).encode()

    def seal(self, plain, time=None, iv=None):
        """The next frame's line, with its LF."""
        token = fernet_seal(self.fernet, plain, int(_now() if time is None else time), iv)
        line = token + b' ' + self.tag(token, self.sequence) + b'\n'
        self.sequence += 1
        return line

    def open(self, line):
        """The plaintext of the next frame (a line without LF), or Refused."""
        parts = line.split(b' ')
        if len(parts) != 2:
            raise Refused('not token, space, tag')
        if parts[1] != self.tag(parts[0], self.sequence):
            raise Refused('tag')
        plain = fernet_open(self.fernet, parts[0])
        self.sequence += 1
        return plain


def _now():
    return time.time()


def split_plain(plain):
    """Head (str) and body (bytes or None)."""
    head, lf, body = plain.partition(b'\n')
    if len(head) > 512 or not re.fullmatch(rb'[ -~]*', head):
        raise Refused('head')
    return head.decode(), body if lf else None


def join_plain(head, body):
    head = head if isinstance(head, bytes) else head.encode()
    return head if body is None else head + b'\n' + body


def line_length(plain_length):
    """Bytes of the line, with its LF, that a frame of a plaintext takes."""
    token = 1 + 8 + 16 + (plain_length // 16 + 1) * 16 + 32
    return (token + 2) // 3 * 4 + 1 + 44 + 1


def raw_public(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def handshake_keys(own_secret, peer_public, transcript):
    try:
        shared = X25519PrivateKey.from_private_bytes(own_secret).exchange(
            X25519PublicKey.from_public_bytes(peer_public))
    except ValueError:
        raise Refused('an all-zero result') from None
    okm = hkdf(shared, transcript, b'secmsg-keys-1', 128)
    return FrameEnd(okm[:32], okm[64:96]), FrameEnd(okm[32:64], okm[96:])


def client_line(secret):
    public = raw_public(X25519PrivateKey.from_private_bytes(secret))
    return b'SECMSG 1 %s\n' % b64(public).encode()


class Hello:
    """What both ends have after the handshake."""

    def __init__(self, client, server, transcript, host_key):
        self.client, self.server, self.transcript, self.host_key = client, server, transcript, host_key


def client_finish(secret, own_line, line, pin=None):
    """The server's line (without LF) gives Hello, or Refused."""
    parts = line.split(b' ')
    if len(parts) != 5 or parts[:2] != [b'SECMSG', b'1']:
        raise Refused('hello: %r' % line[:80])
    ephemeral, host_key, signature = unb64(parts[2], 32), unb64(parts[3], 32), unb64(parts[4], 64)
    if pin is not None and pin != host_key:
        raise Refused('another host key')
    transcript = sha256(own_line + line[:line.rindex(b' ')])
    try:
        Ed25519PublicKey.from_public_bytes(host_key).verify(signature, b'secmsg-host-1\n' + transcript)
    except InvalidSignature:
        raise Refused('host signature') from None
    return Hello(*handshake_keys(secret, ephemeral, transcript), transcript, host_key)


def server_line(seed, secret, own_line):
    """The server's line with its LF, and the transcript."""
    host = Ed25519PrivateKey.from_private_bytes(seed)
    head = b'SECMSG 1 %s %s' % (b64(raw_public(X25519PrivateKey.from_private_bytes(secret))).encode(),
                                b64(raw_public(host)).encode())
    transcript = sha256(own_line + head)
    signature = host.sign(b'secmsg-host-1\n' + transcript)
    return head + b' ' + b64(signature).encode() + b'\n', transcript


def server_parse(line):
    """The client's ephemeral key from its line (without LF), or Refused."""
    parts = line.split(b' ')
    if len(parts) != 3 or parts[:2] != [b'SECMSG', b'1']:
        raise Refused('hello')
    return unb64(parts[2], 32)
