"""--json: one object a line on standard output, and nothing else; its members are those of the manual."""
import json
import os
import re

import manual
from conftest import NO_PERMISSION, PARTIAL, WAITING, Client
from peer.objects import new_id
from peer.primitives import unb64

ID = re.compile('[0-9a-f]{32}')


def objects(client, *words, **more):
    """What a word prints with --json, each line parsed; ASCII without controls."""
    out = client.run('--json', *' '.join(words[:1]).split(), *words[1:], **more).out
    assert out.isascii() and out == ''.join(line + '\n' for line in out.splitlines())
    assert not re.search('[\x00-\x09\x0b-\x1f\x7f]', out)
    return [json.loads(line) for line in out.splitlines()]


def members():
    """{word: the members that the manual names}."""
    table = manual.section('secmsg.1', 'JSON').split('## What each member is')[0]
    return {word: set(manual.bold(names)) for words, names in manual.entries(table) for word in manual.bold(words)}


def check(word, found, *, least=1):
    assert len(found) >= least
    for each in found:
        assert set(each) <= members()[word], (word, set(each) - members()[word])


def test_messages(at_house):
    """send, inbox, outbox, read, history and show print what is known of a message, under the same id."""
    alice, bob = at_house('alice'), at_house('bob')
    text = 'Grüße \x1b[2J\x7f\u202e "q" \\ \U0001f600\nsecond'
    sent, = objects(alice, 'send', 'bob', '-m', text)
    assert sent['to'] == 'bob' and sent['result'] == 'sent' and sent['status'] == 0 and ID.fullmatch(sent['id'])
    waiting, = objects(bob, 'inbox')
    assert waiting['id'] == sent['id'] and waiting['from'] == 'alice' and waiting['stored'] > 1e9
    read, = objects(bob, 'read')
    assert read['text'] == text and read['id'] == sent['id'] and read['signed'] is True
    assert read['fingerprint'] in alice.run('whoami').out and read['bytes'] == len(text.encode())
    assert objects(bob, 'read') == [] and objects(bob, 'inbox') == []
    history, = objects(bob, 'history')
    assert history['from'] == 'alice' and history['type'] == 'text/plain'
    shown, = objects(alice, 'show', sent['id'])
    assert shown['to'] == 'bob' and shown['text'] == text and 'fingerprint' not in shown
    for word, found in (('send', sent), ('inbox', waiting), ('read', read), ('history', history), ('show', shown)):
        check(word, [found])


def test_files(at_house):
    """A file that isn't text is there as base64, or where it was saved."""
    alice = at_house('alice')
    data, path = bytes(range(256)), os.path.join(alice.home, 'a\u202eb.bin')
    with open(path, 'wb') as file:
        file.write(data)
    objects(alice, 'send', 'alice', '-f', path)
    objects(alice, 'send', 'alice', '-f', path)
    read, = objects(alice, 'read')
    assert unb64(read['base64']) == data and read['name'] == 'a\u202eb.bin' and 'text' not in read
    saved, = objects(alice, 'read', '-o', alice.home)
    assert 'base64' not in saved
    also, = objects(alice, 'save', read['id'], alice.home)
    for each in (saved, also):
        with open(each['saved'], 'rb') as file:
            assert file.read() == data
    check('read', [read, saved])
    check('save', [also])


def test_several_recipients_and_the_outbox(at_house):
    """send prints a line for each recipient, also for those who didn't get it; outbox and flush likewise."""
    alice = at_house('alice')
    found = objects(alice, 'send', 'alice', 'nobody', '-m', 'x', status=PARTIAL)
    assert {(each['to'], each['result'], each['status']) for each in found} == {
        ('alice', 'sent', 0), ('nobody', 'refused', 67)}
    waits, = objects(alice, 'outbox')
    assert waits['to'] == 'nobody' and waits['reason']
    check('outbox', [waits])
    check('flush', objects(alice, 'flush', status=67))
    dropped, = objects(alice, 'outbox', '--drop', waits['id'])
    assert dropped['result'] == 'dropped' and dropped['id'] == waits['id'] and dropped['may_be_sent'] is False
    check('outbox', [dropped])


def test_a_server_that_is_away(at_fake, fake):
    """What waits because there is no server is said to wait."""
    alice = at_fake('alice')
    alice.target = ('--server', '127.0.0.1:%d' % fake.port)
    fake.greeting = b'ERR busy later\n'
    found, = objects(alice, 'send', 'alice', '-m', 'x', status=WAITING)
    assert found['result'] == 'waiting' and found['status'] == WAITING
    assert objects(alice, 'flush', status=WAITING) == [found]


def test_quarantine(at_fake, fake):
    """A message that fails its checks is in the quarantine with its reason and its bytes, and not in read's lines."""
    alice = at_fake('alice')
    id = new_id()
    fake.put('alice', id, 'alice', b'junk\xff\x1b')
    assert objects(alice, 'read', status=81) == []
    listed, = objects(alice, 'quarantine')
    one, = objects(alice, 'quarantine', id)
    assert listed['id'] == id and listed['claims_from'] == 'alice' and listed['reason']
    assert unb64(one['base64']) == b'junk\xff\x1b'
    check('quarantine', [listed, one])


def test_ping_and_whoami(at_house):
    """What has one answer prints one object."""
    alice = at_house('alice')
    ping, who = objects(alice, 'ping')[0], objects(alice, 'whoami')[0]
    assert ping['host_key'] == who['host_key'] and ping['host_key'].startswith('SHA256:') and ping['ms'] > 0
    assert who['user'] == 'alice'
    check('ping', [ping])
    check('whoami', [who])


def test_contacts_and_fingerprints(at_house):
    """One object for each identity that is pinned."""
    alice, bob = at_house('alice'), at_house('bob')
    alice.run('send', 'bob', '-m', 'x')
    found = objects(alice, 'contacts')
    assert {(each['user'], each['self']) for each in found} == {('alice', True), ('bob', False)}
    check('contacts', found, least=2)
    one, = objects(alice, 'fingerprint', 'bob')
    assert one['identity'] == objects(bob, 'whoami')[0]['identity']
    check('fingerprint', [one])


def test_words_that_change_something(at_house):
    """Every word that changes something says of what, and what it did."""
    alice, bob = at_house('alice', login=False), at_house('bob')
    found = {}

    def done(word, result, *rest, **more):
        found[word], = objects(alice, word, *rest, **more)
        assert found[word]['result'] == result
        check(word, [found[word]])

    done('login', 'logged-in')
    identity, = objects(alice, 'whoami')
    assert found['login']['user'] == 'alice' and found['login']['identity'] == identity['identity']
    other, = objects(bob, 'whoami')
    done('trust', 'pinned', 'bob', other['identity'])
    assert found['trust']['user'] == 'bob' and found['trust']['identity'] == other['identity']
    done('trust', 'pinned', '--host', other['host_key'])
    assert found['trust']['host_key'] == other['host_key'] and found['trust']['server'] == identity['server']
    done('forget', 'forgotten')
    path = os.path.join(alice.home, 'keys')
    done('keys backup', 'backed-up', path)
    done('logout', 'logged-out')
    done('keys restore', 'restored', path)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('another password\n')
    done('passwd', 'changed', '--new-password-file', path)
    alice.account.password = 'another password'
    done('delete-account', 'deleted', '--yes', 'alice')
    assert {each.get('user', 'alice') for word, each in found.items() if word != 'trust'} == {'alice'}


def test_register(house):
    """So does the word that makes the account."""
    alice = Client(house, house.person('alice'), '--exec', house.command())
    made, = objects(alice, 'register')
    assert made == {'user': 'alice', 'identity': objects(alice, 'whoami')[0]['identity'], 'result': 'registered'}
    check('register', [made])


def test_every_word_has_its_object():
    """No word but those whose output is a file's, or help, goes without."""
    words = {manual.bold(head)[0] for head, _ in manual.entries(manual.section('secmsg.1', 'WORDS'))}
    assert words - set(members()) == {'prove', 'seal', 'help'} and set(members()) <= words


def test_a_result_is_out_as_soon_as_it_is_known(at_fake, fake):
    """A program that reads the lines gets the first before the second message is sent."""
    alice = at_fake('alice')
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    lines = []

    def hook(session, words, body):
        if words[1] == 'nobody':
            lines.append(os.read(read_end, 4096))
    fake.hooks['WHO'] = hook
    with open(write_end, 'wb') as out:
        alice.run('--json', 'send', 'alice', 'nobody', '-m', 'x', status=PARTIAL, stdout=out)
    os.close(read_end)
    assert len(lines) == 1 and b'"to":"alice"' in lines[0]


def test_raw_goes_before_json(at_house):
    """--raw asks for the bytes and nothing else."""
    alice = at_house('alice')
    alice.run('send', 'alice', '-m', 'bytes')
    assert alice.run('--json', 'read', '--raw').out == 'bytes'


def test_nothing_on_stdout_when_it_fails(at_house):
    """A word that fails prints no half objects."""
    alice = at_house('alice')
    assert objects(alice, 'show', '123456', status=66) == []
    assert objects(alice, 'inbox', password=False, status=64) == []
    alice.run('logout')
    assert objects(alice, 'history', status=NO_PERMISSION) == []
