"""The peer itself, against the worked values: what it accepts and refuses is what the page says."""
import json
import os
import re
import socket

import pytest

from peer import objects, primitives, wire
from peer.client import Peer
from peer.objects import (Account, Content, Envelope, Identity, Keys, envelope_make, envelope_open, proof_check,
                          proof_make, vault_parse)
from peer.primitives import Refused
from peer.server import FakeServer

VECTORS_DIR = os.path.join(os.path.dirname(__file__), '..', 'vectors')


def load(name):
    with open(os.path.join(VECTORS_DIR, name), encoding='utf-8') as file:
        return json.load(file)


V = load('secmsg-1.json')
unhex = bytes.fromhex


def keys_of(user):
    k = V['keys'][user]
    return Keys(*(primitives.rsa_private(unhex(k[x]['p']), unhex(k[x]['q'])) for x in ('sign', 'seal')))


@pytest.fixture(scope='module')
def people():
    people = {}
    for user in ('alice', 'bob'):
        account = Account(user, keys=keys_of(user))
        account.identity = Identity(V['identities'][user]['text'].encode())
        people[user] = account
    return people


def test_handshake():
    """Both ends make the vectors' transcript and keys, and the client accepts the server's line."""
    h = V['handshake']
    line = wire.client_line(unhex(h['client_ephemeral_secret']))
    assert line == h['client_line_text'].encode()
    answer, transcript = wire.server_line(unhex(h['host_seed']), unhex(h['server_ephemeral_secret']), line)
    assert answer == h['server_line_text'].encode() and transcript == unhex(h['transcript'])
    client = wire.client_finish(unhex(h['client_ephemeral_secret']), line, answer[:-1])
    to_server, to_client = wire.handshake_keys(unhex(h['server_ephemeral_secret']),
                                               wire.server_parse(line[:-1]), transcript)
    for end in (client.client, to_server):
        assert (end.fernet, end.mac) == (unhex(h['client_fernet']), unhex(h['client_mac']))
    for end in (client.server, to_client):
        assert (end.fernet, end.mac) == (unhex(h['server_fernet']), unhex(h['server_mac']))
    assert primitives.fingerprint(client.host_key) == h['host_fingerprint_text']


def test_frames():
    """The vectors' frames open to their plaintexts, and only at their place and in their direction."""
    h = V['handshake']

    def end(direction, sequence):
        e = wire.FrameEnd(unhex(h[direction + '_fernet']), unhex(h[direction + '_mac']))
        e.sequence = sequence
        return e

    for f in V['frames']:
        line, plain = f['line_text'].encode()[:-1], unhex(f['plaintext'])
        assert end(f['direction'], f['sequence']).open(line) == plain
        assert wire.line_length(len(plain)) == len(line) + 1
        data = primitives.unb64(line.split(b' ')[0])
        again = end(f['direction'], f['sequence']).seal(plain, int.from_bytes(data[1:9], 'big'), data[9:25])
        assert again == line + b'\n'
        for direction, sequence in ((f['direction'], f['sequence'] + 1),
                                    ('server' if f['direction'] == 'client' else 'client', f['sequence'])):
            with pytest.raises(Refused):
                end(direction, sequence).open(line)


def test_passwords():
    """Argon2id, the login secret, the vault key and the server's one hash."""
    for p in V['password']:
        root = primitives.stretch(p['password_text'].encode(), unhex(p['salt']))
        secret = primitives.login_secret(root, unhex(p['host_key']), p['user'])
        assert secret == p['secret_text']
        assert primitives.vault_key(root) == unhex(p['vault_key'])
        assert primitives.stored_check(unhex(p['store_salt']), secret) == unhex(p['stored'])
    u = V['unknown_name_salt']
    assert primitives.unknown_salt(unhex(u['store_secret']), u['user']) == unhex(u['salt'])


def test_identities():
    """Good identities parse to their fingerprints; each bad one is refused."""
    for user, i in V['identities'].items():
        identity = Identity(i['text'].encode())
        assert identity.user == user and identity.fingerprint == i['fingerprint_text']
    for bad in V['refused_identities']:
        with pytest.raises(Refused):
            pytest.fail(bad['why'] + ': ' + str(Identity(bad['text'].encode()).user))


def test_vault_and_login_proof(people):
    """The vault's token opens to its plaintext and this identity's keys; the login proof verifies."""
    v = V['vault']
    plain = primitives.fernet_open(unhex(v['vault_key']), v['token_text'])
    assert plain == v['plaintext_text'].encode()
    keys = vault_parse(plain, people['alice'].identity)
    assert objects.vault_plain(keys) == plain
    with pytest.raises(Refused):
        vault_parse(plain, people['bob'].identity)
    p = V['login_proof']
    data = b'secmsg-login-1\nalice\n' + unhex(p['transcript']) + primitives.sha256(p['vault_token_text'].encode())
    primitives.pss_verify(people['alice'].identity.sign, unhex(p['signature']), data)


def test_padme():
    """Padded lengths."""
    for length, padded in V['padme']:
        assert primitives.padme(length) == padded


def test_messages(people):
    """Each good message opens to its data, and its proof convinces a third party."""
    for m in V['messages_alice_to_bob']:
        envelope = m['envelope_text'].encode()
        content, key = envelope_open(envelope, people['bob'], people['alice'].identity, m['id'])
        assert content.data == unhex(m['data']) and key == unhex(m['message_key'])
        assert (content.type, content.name) == (m['type'], m['name'])
        proof = m['proof_text'].encode()
        assert proof == proof_make(key, people['alice'].identity.text, envelope)
        assert proof_check(proof)[2].data == content.data
        with pytest.raises(Refused, match='seen'):
            envelope_open(envelope, people['bob'], people['alice'].identity, m['id'], {('alice', m['id'])})


def test_refused_envelopes(people):
    """Each bad envelope is refused by the recipient, and by a server exactly where the file says so."""
    alice, bob = people['alice'].identity, people['bob']
    for bad in V['refused_envelopes']:
        text = bad['envelope_text'].encode()
        found = re.search(rb'\nid: ([0-9a-fA-F]{32})', text)
        id = found.group(1).decode() if found else ''
        with pytest.raises(Refused):
            pytest.fail(bad['why'] + repr(envelope_open(text, bob, alice, id)))

        def server():
            envelope = Envelope(text)
            if (envelope.sender, envelope.to) != ('alice', 'bob'):
                raise Refused('names')
            primitives.pss_verify(alice.sign, envelope.signature, envelope.signed)

        if 'server' in bad['refused_by']:
            with pytest.raises(Refused):
                pytest.fail(bad['why'] + repr(server()))
        else:
            server()


def test_refused_proofs():
    """Each bad proof is refused."""
    for bad in V['refused_proofs']:
        with pytest.raises(Refused):
            pytest.fail(bad['why'] + repr(proof_check(bad['text'].encode())))


def test_fernet_files():
    """The acceptance tests of the Fernet specification, but for those on age, which is not checked here."""
    for t in load('fernet-generate.json'):
        key, iv = primitives.unb64(t['secret']), bytes(t['iv'])
        assert t['token'].encode() == primitives.fernet_seal(key, t['src'].encode(), 499162800, iv)
    for t in load('fernet-verify.json'):
        assert primitives.fernet_open(primitives.unb64(t['secret']), t['token']) == t['src'].encode()
    for t in load('fernet-invalid.json'):
        if 'far-future' in t['desc'] or 'expired' in t['desc']:
            continue
        with pytest.raises(Refused):
            pytest.fail(t['desc'] + repr(primitives.fernet_open(primitives.unb64(t['secret']), t['token'])))


def test_own_messages(people):
    """What the peer seals, it opens."""
    alice, bob = people['alice'], people['bob']
    for size in (0, 1, 5000):
        envelope = envelope_make(alice, bob.identity, b'x' * size, name='файл.txt')
        content, _ = envelope_open(envelope, bob, alice.identity, Envelope(envelope).id)
        assert content.data == b'x' * size and isinstance(content, Content)


def test_both_ends_of_the_peer(people):
    """The peer's client gets a whole message through the peer's own server."""
    server = FakeServer()
    try:
        connections = [socket.create_connection(('127.0.0.1', server.port)) for _ in range(2)]
        a, b = (Peer(wire.Channel(c.fileno(), c.fileno())) for c in connections)
        a.register(people['alice'])
        b.register(people['bob'])
        id = a.compose(people['alice'], a.who('bob'), b'hello')
        message = b.read()
        assert message.id == id and b.open(message, people['bob'], b.who('alice')) == b'hello'
        assert b.ack(id) == 0 and b.list() == (0, [])
        a.exit()
        b.exit()
        for connection in connections:
            connection.close()
    finally:
        server.close()
