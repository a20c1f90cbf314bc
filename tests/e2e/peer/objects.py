"""The objects of protocol 3: account body, vault, identity, envelope, proof. Parsers refuse what they must."""
import os
import re

from .primitives import (Refused, b64, fernet_form, fernet_open, fernet_seal, fingerprint, hmac, login_secret,
                         modulus, modulus_check, number, oaep_open, oaep_seal, padme, primes, pss_sign,
                         pss_verify, rsa_private, sha256, stretch, unb64, vault_key)

USER = re.compile(r'[a-z0-9][a-z0-9._-]{0,31}')
ID = re.compile(r'[0-9a-f]{32}')
TYPE = re.compile(r'[a-z0-9.+-]+/[a-z0-9.+-]+')


def take_line(data, start, name):
    """The value of the line `name: value` LF at data[start:], and where the next line begins."""
    end = data.find(b'\n', start)
    prefix = name.encode() + b': '
    if end < 0 or not data.startswith(prefix, start):
        raise Refused('form: no line ' + name)
    value = data[start + len(prefix):end]
    if any(c < 32 or c == 127 for c in value):
        raise Refused('form: control byte in ' + name)
    return value, end + 1


def take_lines(data, kind, names):
    """A whole object: its kind's line if it has one, then these lines and nothing else."""
    at, values = 0, []
    if kind:
        if not data.startswith(kind.encode() + b'\n'):
            raise Refused('form: not a ' + kind)
        at = len(kind) + 1
    starts = []
    for name in names:
        starts.append(at)
        value, at = take_line(data, at, name)
        try:
            values.append(value.decode('ascii'))
        except UnicodeDecodeError:
            raise Refused('form: not ASCII') from None
    if at != len(data):
        raise Refused('form: bytes behind the last line')
    return values, starts


def match(pattern, text, what):
    if not pattern.fullmatch(text):
        raise Refused('form: ' + what)
    return text


# ---- identity (3.3) ----

class Identity:
    """A parsed and checked identity."""

    def __init__(self, text):
        self.text = text
        (self.user, sign, seal, signature), starts = take_lines(
            text, 'secmsg-identity-1', ('user', 'sign', 'seal', 'signature'))
        match(USER, self.user, 'user')
        self.sign, self.seal = unb64(sign, 384), unb64(seal, 384)
        modulus_check(self.sign)
        modulus_check(self.seal)
        if self.sign == self.seal:
            raise Refused('one modulus for both')
        pss_verify(self.sign, unb64(signature, 384), text[:starts[3]])
        self.fingerprint = fingerprint(text[:starts[3]])


def identity_text(user, keys, signer=None):
    head = ('secmsg-identity-1\nuser: %s\nsign: %s\nseal: %s\n'
            % (user, b64(modulus(keys.sign)), b64(modulus(keys.seal)))).encode()
    return head + b'signature: %s\n' % b64(pss_sign(signer or keys.sign, head)).encode()


class Keys:
    """A user's two RSA keys and the archive key."""

    def __init__(self, sign, seal, archive=None):
        self.sign, self.seal = sign, seal
        self.archive = os.urandom(32) if archive is None else archive


# ---- vault (3.2) ----

def vault_plain(keys):
    pairs = [tuple(b64(x) for x in primes(k)) for k in (keys.sign, keys.seal)]
    return ('sign: %s %s\nseal: %s %s\narchive: %s\n'
            % (*pairs[0], *pairs[1], b64(keys.archive))).encode()


def vault_parse(plain, identity=None):
    (sign, seal, archive), _ = take_lines(plain, None, ('sign', 'seal', 'archive'))
    private = []
    for value in (sign, seal):
        parts = value.split(' ')
        if len(parts) != 2:
            raise Refused('form: two primes')
        private.append(rsa_private(unb64(parts[0], 192), unb64(parts[1], 192)))
    keys = Keys(private[0], private[1], unb64(archive, 32))
    if identity and (modulus(keys.sign) != identity.sign or modulus(keys.seal) != identity.seal):
        raise Refused('the vault is not this identity\'s')
    return keys


class Account:
    """A user as their own client knows them. `quick` spares the memory-hard stretching (the server
    can't tell); tests against the real client need the real one."""

    def __init__(self, user, password='correct horse', keys=None, quick=True, salt=None):
        self.user, self.password, self.keys, self.quick = user, password, keys, quick
        self.salt = os.urandom(16) if salt is None else salt
        self.identity = Identity(identity_text(user, keys)) if keys else None
        self.relock()

    def relock(self):
        """Root and vault of the present password and salt."""
        password = self.password.encode()
        self.root = hmac(self.salt, password) if self.quick else stretch(password, self.salt)
        self.vault = fernet_seal(vault_key(self.root), vault_plain(self.keys)) if self.keys else b''

    def secret(self, host_key):
        return login_secret(self.root, host_key, self.user)

    def body(self, **replace):
        """The account body; replace=bytes puts another value into a line."""
        lines = {'salt': b64(self.salt).encode(), 'identity': b64(self.identity.text).encode(),
                 'vault': self.vault}
        lines.update(replace)
        return b''.join(b'%s: %s\n' % (k.encode(), v) for k, v in lines.items())

    def lock_body(self):
        """PASSWD's body."""
        return b'salt: %s\nvault: %s\n' % (b64(self.salt).encode(), self.vault)


# ---- envelope (3.4) ----

def new_id():
    return os.urandom(16).hex()


def content_make(lines, data, pad=padme):
    whole = b''.join(b'%s: %s\n' % (k.encode(), v if isinstance(v, bytes) else str(v).encode())
                     for k, v in lines) + b'\n' + data
    return whole + bytes(pad(len(whole)) - len(whole))


def envelope_make(sender, recipient, data, *, id=None, time=1795392000, type='text/plain', name=None,
                  message_key=None, content=None, commit=None, outer=None, inner=None, signer=None,
                  seal_to=None):
    """Seals and signs data from an Account to an Identity. The last six arguments are for forgers:
    `outer` and `inner` replace fields by name, content the whole plaintext, and so on."""
    id = id or new_id()
    key = os.urandom(32) if message_key is None else message_key
    fields = {'from': sender.user, 'to': recipient.user, 'id': id,
              'from-identity': sender.identity.fingerprint, 'to-identity': recipient.fingerprint,
              'type': type}
    if name is not None:
        fields['name'] = name
    fields['size'] = len(data)
    fields.update(inner or {})
    if content is None:
        content = content_make(fields.items(), data)
    wrapped = oaep_seal(seal_to or recipient.seal, key)
    lines = {'from': sender.user, 'to': recipient.user, 'id': id, 'time': time, 'key': b64(wrapped),
             'commit': b64(commit or sha256(b'secmsg-commit-1\n' + key)),
             'body': fernet_seal((key + bytes(32))[:32], content).decode()}
    lines.update(outer or {})
    head = b'secmsg-message-1\n' + b''.join(('%s: %s\n' % x).encode() for x in lines.items())
    return head + b'signature: %s\n' % b64(pss_sign(signer or sender.keys.sign, head)).encode()


class Envelope:
    """The form of an envelope, which anybody can check."""

    def __init__(self, text):
        names = ('from', 'to', 'id', 'time', 'key', 'commit', 'body', 'signature')
        values, starts = take_lines(text, 'secmsg-message-1', names)
        self.text, self.signed = text, text[:starts[7]]
        self.sender, self.to, self.id = match(USER, values[0], 'from'), match(USER, values[1], 'to'), values[2]
        match(ID, self.id, 'id')
        self.time = number(values[3])
        self.key, self.commit = unb64(values[4], 384), unb64(values[5], 32)
        self.body = values[6]
        fernet_form(self.body)
        self.signature = unb64(values[7], 384)


class Content:
    """What was sealed: parsed, its padding checked."""

    def __init__(self, plain):
        at, fields = 0, {}
        for name in ('from', 'to', 'id', 'from-identity', 'to-identity', 'type', 'name', 'size'):
            if name == 'name' and not plain.startswith(b'name: ', at):
                continue
            fields[name], at = take_line(plain, at, name)
        if plain[at:at + 1] != b'\n':
            raise Refused('form: no empty line')
        at += 1
        try:
            text = {k: v.decode('utf-8' if k == 'name' else 'ascii') for k, v in fields.items()}
        except UnicodeDecodeError:
            raise Refused('form: not UTF-8') from None
        self.sender, self.to, self.id = match(USER, text['from'], 'from'), match(USER, text['to'], 'to'), text['id']
        match(ID, self.id, 'id')
        self.from_identity, self.to_identity = text['from-identity'], text['to-identity']
        self.type, self.name, self.size = text['type'], text.get('name'), number(text['size'])
        if not TYPE.fullmatch(self.type) or not 3 <= len(self.type) <= 127:
            raise Refused('form: type')
        if self.name is not None:
            check_name(self.name)
        if at + self.size > len(plain):
            raise Refused('form: size beyond the content')
        self.data = plain[at:at + self.size]
        padding = plain[at + self.size:]
        if len(plain) != padme(at + self.size) or padding.strip(b'\0'):
            raise Refused('form: padding')


def check_name(name):
    bad = any(ord(c) < 32 or 127 <= ord(c) < 160 or c in '/\\' for c in name)
    if bad or not 1 <= len(name.encode()) <= 255 or name.startswith('.'):
        raise Refused('form: name')


def open_content(envelope, key):
    """The checks from the message key on that need no private key."""
    if len(key) != 32 or sha256(b'secmsg-commit-1\n' + key) != envelope.commit:
        raise Refused('commit')
    content = Content(fernet_open(key, envelope.body))
    if (content.sender, content.to, content.id) != (envelope.sender, envelope.to, envelope.id):
        raise Refused('inner names')
    return content


def envelope_open(text, me, sender, id, seen=()):
    """Everything a recipient checks, in the page's order. `me` is an Account, `sender` an Identity, `id` the
    MESSAGE line's. Returns (content, message key)."""
    envelope = Envelope(text)
    if envelope.to != me.user:
        raise Refused('to')
    if envelope.sender != sender.user or envelope.id != id:
        raise Refused('from or id')
    pss_verify(sender.sign, envelope.signature, envelope.signed)
    key = oaep_open(me.keys.seal, envelope.key)
    content = open_content(envelope, key)
    if content.from_identity != sender.fingerprint or content.to_identity != me.identity.fingerprint:
        raise Refused('fingerprint')
    if (envelope.sender, id) in seen:
        raise Refused('seen')
    return content, key


# ---- proof (3.5) ----

def proof_make(key, identity, envelope):
    return b'secmsg-proof-1\nmessage-key: %s\nidentity: %s\nenvelope: %s\n' % tuple(
        b64(x).encode() for x in (key, identity, envelope))


def proof_check(text):
    """Returns (identity, envelope, content), or Refused."""
    (key, identity, envelope), _ = take_lines(text, 'secmsg-proof-1', ('message-key', 'identity', 'envelope'))
    identity, envelope = Identity(unb64(identity)), Envelope(unb64(envelope))
    if envelope.sender != identity.user:
        raise Refused('from')
    pss_verify(identity.sign, envelope.signature, envelope.signed)
    content = open_content(envelope, unb64(key))
    if content.from_identity != identity.fingerprint:
        raise Refused('fingerprint')
    return identity, envelope, content
