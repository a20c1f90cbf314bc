"""Proofs that a third party checks without account and server, and envelopes that are carried by hand."""
import json
import os
import subprocess

import pytest

from conftest import FAILED_CHECK, NO_USER, USAGE, clean_environment, program
from peer.objects import Account, Envelope, envelope_make, envelope_open, new_id, proof_check, proof_make
from peer.primitives import fingerprint
from peer.wire import DEADLINE

DATA, NO_INPUT = 65, 66


@pytest.fixture
def bob(house, at_fake, fake):
    """bob, logged in; bob.gets() reads a message of alice's and gives its id."""
    client = at_fake('bob')
    client.alice = house.person('alice')
    fake.add(client.alice)

    def gets(data, **how):
        id = new_id()
        fake.put('bob', id, 'alice', envelope_make(client.alice, client.account.identity, data, id=id, **how))
        client.run('read')
        return id

    client.gets = gets
    return client


@pytest.fixture
def verify(tmp_path):
    """`verify` in an empty home, without a server, as a judge would run it."""
    def run(proof, *words, status=0):
        done = subprocess.run([program('secmsg'), 'verify', '-', *words], input=proof, capture_output=True,
                              env=clean_environment(str(tmp_path)), timeout=DEADLINE, check=False)
        assert done.returncode == status, done.stderr
        assert os.listdir(tmp_path) == []
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        return done

    return run


def test_a_proof_convinces_whoever_has_only_the_proof(bob, verify):
    """`prove` makes a proof by the protocol; `verify` says who wrote what to whom and when, that the name is a claim
    unless the fingerprint was given, and what the proof doesn't show. It needs no server and leaves no trace."""
    id = bob.gets(b'I owe you 5.\n\x1b[2J', time=1795392000)
    proof = bob.run('prove', id[:6]).stdout
    identity, _, content = proof_check(proof)
    assert identity.user == 'alice' and content.data.startswith(b'I owe you 5.')
    done = verify(proof)
    assert 'From: alice (%s, by its own claim)' % identity.fingerprint in done.out
    assert 'To:   bob' in done.out and id in done.out and '  I owe you 5.\n  \\x1b[2J\n' in done.out
    assert '2026-11-23' in done.out
    assert 'own claim' in done.err and 'claim' in done.err and 'delivered' in done.err
    known = verify(proof, identity.fingerprint)
    assert 'as you gave it' in known.out and 'own claim' not in known.err
    assert verify(proof, '--raw').stdout == b'I owe you 5.\n\x1b[2J'
    told = json.loads(verify(proof, '--json').out)
    assert (told['from'], told['to'], told['id'], told['known']) == ('alice', 'bob', id, False)


def test_a_proof_by_another_key_than_expected(bob, verify):
    """A proof that holds, but by another key than the one that was given, is refused with both."""
    proof = bob.run('prove', bob.gets(b'x')).stdout
    other = fingerprint(bytes(32))
    done = verify(proof, other, status=FAILED_CHECK)
    assert other in done.err and bob.alice.identity.fingerprint in done.err and done.out == ''
    verify(proof, 'SHA256:x', status=USAGE)


def test_proofs_that_do_not_hold(bob, verify, house):
    """Whatever is changed in a proof, it says which check failed, and shows nothing of the message."""
    proof = bob.run('prove', bob.gets(b'a secret word')).stdout
    me = bob.account.identity
    key, forged = os.urandom(32), Account('alice', 'x', house.keys_of('dave'), quick=True)
    envelope = envelope_make(bob.alice, me, b'a secret word', message_key=key)
    text = bob.alice.identity.text
    bad = {
        "isn't a proof": [b'', proof[:-1], proof + b'x', proof.replace(b'proof-1', b'proof-2')],
        "identity isn't": [proof_make(key, text.replace(b'alice', b'carol'), envelope)],
        "isn't signed": [proof_make(key, forged.identity.text, envelope)],
        'committed': [proof_make(bytes(32), text, envelope)],
        "isn't a message": [proof_make(key, text, envelope[:-1])],
        'another sender': [proof_make(key, text, envelope_make(bob.alice, me, b'x', message_key=key,
                                                               inner={'from': 'carol'}))],
        'to somebody else': [proof_make(key, text, envelope_make(bob.alice, me, b'x', message_key=key,
                                                                 inner={'to': 'carol'}))],
        'another identity': [proof_make(key, text, envelope_make(
            bob.alice, me, b'x', message_key=key, inner={'from-identity': fingerprint(bytes(32))}))],
    }
    for reason, proofs in bad.items():
        for one in proofs:
            done = verify(one, status=FAILED_CHECK)
            assert reason in done.err and 'secret word' not in done.out + done.err, (reason, done.err)


def test_verify_reads_files(bob, verify, tmp_path):
    """`verify FILE`; what can't be read, a directory, and a missing name are told. A wrong setting doesn't matter."""
    path = os.path.join(bob.home, 'proof')
    with open(path, 'wb') as file:
        file.write(bob.run('prove', bob.gets(b'x')).stdout)
    for words, status in (([path], 0), ([], USAGE), ([path + '.none'], NO_INPUT), ([bob.home], NO_INPUT),
                          ([path, 'a', 'b'], USAGE), ([path, '--raw', '--json'], 0)):
        done = subprocess.run([program('secmsg'), 'verify', *words], capture_output=True, timeout=DEADLINE,
                              env=clean_environment(str(tmp_path), SECMSG_SERVER='no address'), check=False)
        assert done.returncode == status, (words, done.stderr)


def test_what_cannot_be_proved(bob, fake, house):
    """What bob sent himself, what is unsigned, and what isn't there have no proof."""
    bob.run('send', 'alice', '-m', 'mine')
    sent = fake.accounts['alice'].messages[0][0]
    assert 'only alice' in bob.run('prove', sent, status=DATA).err
    fake.add(house.person('plain', identity=False))
    unsigned = new_id()
    fake.put('bob', unsigned, 'plain', b'hi', signed=False)
    bob.run('read')
    assert 'unsigned' in bob.run('prove', unsigned, status=DATA).err
    bob.run('prove', 'ffffff', status=NO_INPUT)
    bob.run('prove', status=USAGE)


# ---- by hand ----

def test_seal_makes_what_others_open(bob, fake):
    """`seal` writes an envelope by the protocol for a pinned recipient, and asks no server."""
    bob.run('fingerprint', 'alice')
    asked = fake.verbs()
    text = bob.run('seal', 'ALICE', input=b'by pigeon').stdout
    assert fake.verbs() == asked
    content, _ = envelope_open(text, bob.alice, bob.account.identity, text.split(b'id: ')[1][:32].decode())
    assert content.data == b'by pigeon' and content.type == 'text/plain'
    assert 'fingerprint carol' in bob.run('seal', 'carol', '-m', 'x', status=NO_USER).err
    assert bob.run('seal', 'alice', '-', input=b'by pigeon').out.startswith('secmsg-')
    bob.run('seal', status=USAGE)
    bob.run('seal', 'alice', 'carol', status=USAGE)
    bob.run('seal', 'alice', status=DATA)
    bob.run('seal', 'alice', '-m', 'x', '-f', 'y', status=USAGE)


def test_open_shows_what_others_sealed(bob, fake):
    """`open` shows an envelope from a pinned sender, as often as one likes, from a file too; --raw and --json."""
    text = envelope_make(bob.alice, bob.account.identity, b'first\n\x1b[2J', id='ab' * 16)
    assert 'fingerprint alice' in bob.run('open', input=text, status=NO_USER).err
    bob.run('fingerprint', 'alice')
    asked = fake.verbs()
    for _ in range(2):
        out = bob.run('open', input=text).out
        assert 'From: alice (%s, pinned)' % bob.alice.identity.fingerprint in out and '  \\x1b[2J' in out
    path = os.path.join(bob.home, 'envelope')
    with open(path, 'wb') as file:
        file.write(text)
    assert json.loads(bob.run('open', path, '--json').out)['text'] == 'first\n\x1b[2J'
    binary = envelope_make(bob.alice, bob.account.identity, b'\0\1', type='application/octet-stream', name='a.bin')
    done = bob.run('open', input=binary)
    assert 'a.bin' in done.out and '--raw' in done.err
    with open(path, 'wb') as file:
        bob.run('open', '--raw', input=binary, stdout=file)
    with open(path, 'rb') as file:
        assert file.read() == b'\0\1'
    assert fake.verbs() == asked


def test_envelopes_that_fail_a_check(bob, house):
    """An envelope that was changed, or is for or from somebody else, is told with the reason and not shown."""
    bob.run('fingerprint', 'alice')
    me = bob.account.identity
    other = Account('alice', 'x', house.keys_of('dave'), quick=True)
    good = envelope_make(bob.alice, me, b'secret word')
    bad = {"isn't a message": [b'', good[:-1], good + b'\n'],
           "isn't signed": [good.replace(b'time: 1', b'time: 2'), envelope_make(other, me, b'secret word')],
           'somebody else': [envelope_make(bob.alice, bob.alice.identity, b'secret word')]}
    for reason, texts in bad.items():
        for text in texts:
            done = bob.run('open', input=text, status=FAILED_CHECK)
            assert reason in done.err and 'secret word' not in done.all, (reason, done.err)


def test_one_seals_the_other_opens(bob, at_fake):
    """Two of our own: what one seals from a file, the other opens, with its name."""
    alice = at_fake('alice')
    alice.run('fingerprint', 'bob')
    bob.run('fingerprint', 'alice')
    path = os.path.join(alice.home, 'note.txt')
    with open(path, 'wb') as file:
        file.write(b'a note')
    text = alice.run('seal', 'bob', '-f', path).stdout
    done = bob.run('open', input=text)
    assert 'note.txt' in done.out and '  a note' in done.out


def test_an_empty_envelope_and_one_byte(bob):
    """`seal` doesn't speak of sending, and one byte is one byte."""
    bob.run('fingerprint', 'alice')
    done = bob.run('seal', 'alice', status=DATA)
    assert 'nothing was sealed' in done.err and 'sent' not in done.err
    path = os.path.join(bob.home, 'one')
    with open(path, 'wb') as file:
        file.write(b'\xff')
    envelope = envelope_make(bob.alice, bob.account.identity, b'\xff', type='application/octet-stream', name='one')
    assert '1 byte)' in bob.run('open', input=envelope).out
    id = bob.gets(b'\xff', type='application/octet-stream', name='one')
    assert '1 byte)' in bob.run('show', id[:6]).out


def test_a_proof_and_an_envelope_go_into_files(bob, verify):
    """-o, for the prompt, which has no redirections: a new file, and nothing is overwritten; what is typed there instead
    is told so."""
    id = bob.gets(b'I owe you 5.')
    bob.run('send', 'alice', '-m', 'pins her')
    proof, envelope = os.path.join(bob.home, 'proof'), os.path.join(bob.home, 'envelope')
    done = bob.run(input=b'prove %s -o %s\nseal alice -m words -o %s\n' % (id[:6].encode(), proof.encode(),
                                                                         envelope.encode()))
    assert done.out == '' and proof in done.err and envelope in done.err
    with open(proof, 'rb') as file:
        assert 'I owe you 5.' in verify(file.read()).out
    with open(envelope, 'rb') as file:
        text = file.read()
    assert envelope_open(text, bob.alice, bob.account.identity, Envelope(text).id)[0].data == b'words'
    assert 'exists' in bob.run('prove', id[:6], '-o', proof, status=73).err
    bob.run('prove', id[:6], '-o', bob.home)
    with open(os.path.join(bob.home, id + '.proof'), 'rb') as file:
        assert 'I owe you 5.' in verify(file.read()).out
    for line in ('prove %s > %s/x' % (id[:6], bob.home), 'seal alice -m x > %s/x' % bob.home, 'prove'):
        said = bob.run(input=line.encode() + b'\n', status=USAGE).err
        assert ' > FILE' not in said and ' > ENVELOPE' not in said and '-o FILE' in said, said
