"""Names, passwords, keys: REGISTER, LOGIN, PROVE, SALT, WHO, PASSWD, DELETE."""
import os

import pytest

from peer.objects import Account, Identity, envelope_make, identity_text, new_id
from peer.primitives import b64, fernet_open, fernet_seal, stored_check, vault_key
from test_peer import V


def state_of_new(peer):
    assert peer.refused('bad-state', 'READ')


# ---- REGISTER ----

def test_register_login_prove(house):
    """An account made with real stretching can log in with its password and with its key, and gets its vault
    back byte for byte, which opens with the password alone."""
    alice = house.person('alice', quick=False)
    with house.connect() as peer:
        peer.register(alice)
        assert peer.list() == (0, [])
        peer.exit()
    with house.connect() as peer:
        assert peer.salt('alice') == alice.salt
        answer = peer.ok(peer.login_head(alice))
        assert answer.words == ['OK', '0'] and answer.body == b'vault: ' + alice.vault + b'\n'
        assert fernet_open(vault_key(alice.root), alice.vault)
    with house.connect() as peer:
        assert peer.ok('PROVE alice', peer.prove_body(alice)).plain == b'OK 0'
        assert peer.who('alice').text == alice.identity.text


@pytest.mark.parametrize('name', ['Alice', 'a' * 33, '-alice', '.alice', '_alice', 'al!ce', 'alice@home',
                                  'a/b', '..', 'a:b', '%61', 'a\\b'])
def test_bad_names(house, name):
    """A name that isn't 1-32 of a-z 0-9 . _ - with a letter or digit first is bad-name."""
    alice = house.person('alice')
    with house.connect() as peer:
        peer.refused('bad-name', 'REGISTER %s %s' % (name, alice.secret(peer.host_key)), alice.body())
        assert peer.register(alice)


@pytest.mark.parametrize('name', ['a', '0', 'a' * 32, '7.up', 'x_y-z.', 'con'])
def test_good_names(house, name):
    """Every name that the page allows can be registered and used."""
    account = house.registered(name)
    with house.login(account) as peer:
        assert peer.who(name).user == name


def test_weak_secrets(house):
    """A new secret that isn't base64 of 32 bytes is weak-secret: nobody's bare password is taken."""
    alice = house.person('alice')
    for secret in ('password', b64(bytes(31)), b64(bytes(33)), b64(b'\x01' * 32)[:-1], b64(bytes(32))[:-2] + 'B='):
        with house.connect() as peer:
            peer.refused('weak-secret', 'REGISTER alice ' + secret, alice.body())


def account_bodies(alice):
    good, token = alice.body(), alice.vault
    lines = good.splitlines(True)
    salt = b64(alice.salt).encode()
    return {
        'empty': b'', 'no last LF': good[:-1], 'a line more': good + b'x: y\n', 'a LF more': good + b'\n',
        'no vault': lines[0] + lines[1], 'no salt': lines[1] + lines[2], 'no identity': lines[0] + lines[2],
        'order': lines[1] + lines[0] + lines[2], 'twice': lines[0] + good,
        'carriage returns': good.replace(b'\n', b'\r\n'),
        'case': good.replace(b'salt', b'Salt'), 'no space': good.replace(b'salt: ', b'salt:'),
        'two spaces': good.replace(b'salt: ', b'salt:  '), 'NUL': good.replace(salt, salt[:-1] + b'\0'),
        'salt of 15': alice.body(salt=b64(alice.salt[:15]).encode()),
        'salt of 17': alice.body(salt=b64(alice.salt + b'x').encode()),
        'salt unpadded': alice.body(salt=salt.rstrip(b'=')),
        'identity of 2049 bytes': alice.body(identity=b64(bytes(2049)).encode()),
        'identity not base64': alice.body(identity=b'!!!!'),
        'vault not a token': alice.body(vault=b'AAAA'), 'vault empty': alice.body(vault=b''),
        'vault cut': alice.body(vault=token[:-4]),
        'vault of another version': alice.body(vault=b'gQ' + token[2:]),
        'vault above 8192 bytes': alice.body(vault=fernet_seal(bytes(32), bytes(6080))),
    }


def refused_registration(house, code, bodies, user='alice'):
    """Each body gets code, at most two on a connection, and nothing is registered."""
    for why, body in bodies.items():
        with house.connect() as peer:
            answer = peer.ask('REGISTER %s %s' % (user, b64(bytes(32))), body)
            assert answer.code == code, (why, answer)
            state_of_new(peer)


def test_bad_account_bodies(house):
    """An account body that isn't exactly as written is bad-account."""
    alice = house.person('alice')
    refused_registration(house, 'bad-account', account_bodies(alice))
    with house.connect() as peer:
        peer.register(alice)


def test_bad_identities(house):
    """Each identity that the vectors refuse, or that is another name's, is bad-identity. An empty one is no
    account body at all."""
    alice, bob = house.person('alice'), house.person('bob')
    bad = {i['why']: i['text'].encode() for i in V['refused_identities'] if i['text']}
    bad['another name'] = bob.identity.text
    bad['signed by another'] = identity_text('alice', alice.keys, bob.keys.sign)
    bodies = {why: alice.body(identity=b64(text).encode()) for why, text in bad.items()}
    refused_registration(house, 'bad-identity', bodies)
    with house.connect() as peer:
        peer.register(alice)


def test_names_are_taken_once(house):
    """A second registration of a name is name-taken, and the first one's account is untouched."""
    alice = house.registered('alice')
    with house.connect() as peer:
        peer.refused('name-taken', peer.register_head(house.person('alice')), house.person('alice').body())
        assert peer.login(alice) == 0


def test_the_order_of_register_checks(house):
    """bad-name, weak-secret, registration-closed, bad-invite, bad-account, bad-identity, name-taken: the
    first that holds is told."""
    alice = house.registered('alice')
    good, bob = b64(bytes(32)), house.person('bob')
    wrong_identity = alice.body(identity=b64(bob.identity.text).encode())

    def answer(head, body, *options):
        with house.connect(*options) as peer:
            return peer.ask('REGISTER ' + head, body).code

    closed, invite = '--registration=closed', '--registration=invite'
    assert answer('ALICE weak', b'', closed) == 'bad-name'
    assert answer('alice weak', b'', closed) == 'weak-secret'
    assert answer('alice weak', b'', invite) == 'weak-secret'
    assert answer('alice ' + good, b'', closed) == 'registration-closed'
    assert answer('alice ' + good + ' letmein', b'', closed) == 'registration-closed'
    assert answer('alice ' + good, b'', invite) == 'bad-invite'
    assert answer('alice ' + good + ' letmein', b'', invite) == 'bad-invite'
    assert answer('alice ' + good, b'') == 'bad-account'
    assert answer('alice ' + good, alice.body(salt=b'x', identity=b64(bob.identity.text).encode())) == 'bad-account'
    assert answer('alice ' + good, wrong_identity) == 'bad-identity'
    assert answer('alice ' + good, alice.body()) == 'name-taken'


def test_info_tells_the_registration_mode(house):
    """INFO says before anything is typed whether one can register."""
    for mode in ('open', 'closed', 'invite'):
        with house.connect('--registration=' + mode) as peer:
            assert peer.info()['registration'] == mode


# ---- LOGIN, PROVE, SALT ----

def test_wrong_passwords_and_unknown_names_are_alike(house):
    """Nobody learns from an answer whether a name exists: LOGIN and PROVE fail in the same words for a wrong
    secret, a malformed one, an unknown name, an impossible name, and a name without identity."""
    alice = house.registered('alice')
    house.plain('REGISTER paul geheim-paul\nEXIT\n')
    house.keep_secret('geheim-paul')
    wrong, texts = b64(os.urandom(32)), set()
    for head in ('LOGIN alice ' + wrong, 'LOGIN nobody ' + wrong, 'LOGIN alice short', 'LOGIN nobody short',
                 'LOGIN paul ' + wrong, 'LOGIN ALICE ' + wrong, 'LOGIN ' + 'a' * 33 + ' ' + wrong):
        with house.connect() as peer:
            texts.add(peer.refused('auth-failed', head).plain)
    for user in ('alice', 'nobody', 'paul', 'ALICE'):
        for body in (os.urandom(384), b'', b'\0' * 384, b'\xff' * 384, b'x' * 383, b'x' * 385):
            with house.connect() as peer:
                texts.add(peer.refused('auth-failed', 'PROVE ' + user, body).plain)
    assert len(texts) == 1, texts
    with house.connect() as peer:
        assert peer.login(alice) == 0


def test_a_key_login_stands_for_one_connection_and_one_name(house):
    """A PROVE signature made for another connection, another name or another vault is auth-failed."""
    alice, bob = house.registered('alice', 'bob')
    with house.connect() as peer, house.connect() as other:
        other.refused('auth-failed', 'PROVE alice', peer.prove_body(alice))
        other.refused('auth-failed', 'PROVE bob', other.prove_body(alice))
        peer.refused('auth-failed', 'PROVE alice', peer.prove_body(alice, vault=bob.vault))
        assert peer.prove(alice) == 0
    double = Account('alice', keys=bob.keys)
    with house.connect() as peer:
        peer.refused('auth-failed', 'PROVE alice', peer.prove_body(double, vault=alice.vault))
        signature = int.from_bytes(peer.prove_body(alice), 'big') + int.from_bytes(alice.identity.sign, 'big')
        if signature < 1 << 3072:
            peer.refused('auth-failed', 'PROVE alice', signature.to_bytes(384, 'big'))


def test_salt(house):
    """SALT gives a user's salt, and for unknown and deleted names a believable one that is the same each time
    and differs from name to name."""
    alice, bob = house.registered('alice', 'bob')
    with house.connect() as peer:
        assert peer.salt('alice') == alice.salt
        ghost = peer.salt('ghost')
        assert peer.salt('ghost') == ghost != peer.salt('ghost2')
        peer.login(bob)
        peer.ok('DELETE ' + bob.secret(peer.host_key))
    with house.connect() as peer:
        assert peer.salt('ghost') == ghost
        gone = peer.salt('bob')
        assert gone not in (bob.salt, ghost) and peer.salt('bob') == gone


@pytest.mark.parametrize('kind', ['LOGIN', 'PROVE', 'REGISTER', 'mixed'])
def test_the_third_refusal_ends_it(house, kind):
    """Refused LOGIN, PROVE and REGISTER count together: the third is rate-limited and closes."""
    house.registered('alice')
    alice = house.people[0]
    attempts = {'LOGIN': ('LOGIN alice ' + b64(bytes(32)), None), 'PROVE': ('PROVE alice', bytes(384)),
                'REGISTER': ('REGISTER alice ' + b64(bytes(32)), alice.body())}
    kinds = ['LOGIN', 'PROVE', 'REGISTER'] if kind == 'mixed' else [kind] * 3
    with house.connect() as peer:
        for i, k in enumerate(kinds):
            assert peer.ask('PING').kind == 'OK'
            answer = peer.ask(*attempts[k])
            assert answer.code == ('rate-limited' if i == 2 else
                                   'name-taken' if k == 'REGISTER' else 'auth-failed')
        peer.ends()
    with house.connect() as peer:
        assert peer.login(alice) == 0


def test_a_third_attempt_that_is_right_succeeds(house):
    """Two refusals don't lock anybody out: the third attempt counts if it is right."""
    alice = house.registered('alice')
    with house.connect() as peer:
        for _ in range(2):
            peer.refused('auth-failed', 'LOGIN alice ' + b64(bytes(32)))
        assert peer.login(alice) == 0


def test_what_needs_a_login(house):
    """Before login every command on mailboxes and names is bad-state, after it every way to log in."""
    alice, body = house.person('alice'), b'x'
    with house.connect() as peer:
        for head in ('WHO alice', 'READ', 'LIST', 'WAIT 0', 'DELETE ' + b64(bytes(32))):
            peer.refused('bad-state', head)
        for head in ('COMPOSE alice ' + '0' * 32, 'PASSWD x y'):
            peer.refused('bad-state', head, body)
        peer.refused('bad-state', 'ACK', b'')
        peer.register(alice)
        peer.refused('bad-state', peer.register_head(alice), alice.body())
        peer.refused('bad-state', peer.login_head(alice))
        peer.refused('bad-state', 'PROVE alice', peer.prove_body(alice))
        for head in ('PING', 'INFO', 'SALT alice'):
            peer.ok(head)
        peer.exit()


def test_who(house):
    """WHO gives an identity exactly as it was registered, no-user for unknown, impossible and deleted names,
    and no-identity for an account of plain mode."""
    alice, bob = house.registered('alice', 'bob')
    house.plain('REGISTER paul geheim-paul\nEXIT\n')
    with house.login(bob) as peer:
        assert Identity(peer.ok('WHO alice').body).text == alice.identity.text
        for name in ('nobody', 'ALICE', 'a' * 33, '..'):
            peer.refused('no-user', 'WHO ' + name)
        peer.refused('no-identity', 'WHO paul')
        peer.ok('DELETE ' + bob.secret(peer.host_key))
    with house.login(alice) as peer:
        peer.refused('no-user', 'WHO bob')


# ---- PASSWD ----

def change(peer, account, password='Neues-Geheimnis'):
    """Changes an account's password as a client does: new salt, vault under the new key."""
    old = account.secret(peer.host_key)
    account.password, account.salt = password, os.urandom(16)
    account.relock()
    return peer.ask('PASSWD %s %s' % (old, account.secret(peer.host_key)), account.lock_body())


def test_passwd(house):
    """A changed password: the old one is refused, the new one and the key open it, the salt and vault are the
    new ones, the identity stays; and a copy of the key with the old vault can't log in any more."""
    alice = house.registered('alice')
    old = Account('alice', alice.password, alice.keys, salt=alice.salt)
    old.vault = alice.vault
    with house.login(alice) as peer:
        assert change(peer, alice).plain == b'OK'
        assert peer.list() == (0, [])
        assert peer.who('alice').text == alice.identity.text
    with house.connect() as peer:
        peer.refused('auth-failed', peer.login_head(old))
        peer.refused('auth-failed', 'PROVE alice', peer.prove_body(old))
        assert peer.salt('alice') == alice.salt
        assert peer.ok(peer.login_head(alice)).body == b'vault: ' + alice.vault + b'\n'
    with house.connect() as peer:
        assert peer.prove(alice) == 0


def test_refused_passwd_changes_nothing(house):
    """PASSWD with a wrong old secret, a weak new one or a malformed body is refused and the old password
    stays; the third wrong old secret is rate-limited and ends it."""
    alice = house.registered('alice')
    good = b64(os.urandom(32))
    with house.login(alice) as peer:
        right = alice.secret(peer.host_key)
        peer.refused('weak-secret', 'PASSWD %s %s' % (right, 'password'), alice.lock_body())
    for body in (b'', alice.lock_body()[:-1], alice.lock_body() + b'x: y\n', alice.body(),
                 alice.lock_body().replace(b'salt', b'Salt'), alice.lock_body().replace(b'vault: ', b'vault: !')):
        with house.login(alice) as peer:
            peer.refused('bad-account', 'PASSWD %s %s' % (right, good), body)
    with house.login(alice) as peer:
        peer.refused('auth-failed', 'PASSWD %s %s' % (good, good), alice.lock_body())
        peer.refused('auth-failed', 'PASSWD short ' + good, alice.lock_body())
        peer.refused('rate-limited', 'PASSWD %s %s' % (good, good), alice.lock_body())
        peer.ends()
    with house.login(alice) as peer:
        assert peer.prove_body(alice)


@pytest.mark.parametrize('waiting', [False, True])
@pytest.mark.parametrize('how', ['PASSWD', 'DELETE'])
def test_other_sessions_end(house, how, waiting):
    """After PASSWD or DELETE every other session of the account, idle or waiting, gets auth-failed and is
    closed within 5 seconds (here: long before the time it would have waited), others' sessions are not."""
    alice, bob = house.registered('alice', 'bob')
    others = [house.login(alice) for _ in range(3)]
    stranger = house.login(bob)
    if waiting:
        for other in others:
            other.send('WAIT 3600')
    with house.login(alice) as peer:
        if how == 'PASSWD':
            assert change(peer, alice).kind == 'OK'
        else:
            peer.ok('DELETE ' + alice.secret(peer.host_key))
            peer.channel.rest()
        for other in others:
            other.ends('auth-failed')
        if how == 'PASSWD':
            assert peer.ask('PING').kind == 'OK'
    assert stranger.ask('PING').kind == 'OK'


def test_nothing_is_sent_in_the_name_of_a_deleted_account(house):
    """From the moment that DELETE or PASSWD was answered no other session of the account can send, or look
    somebody up: also not in the seconds until it is closed."""
    for how in ('PASSWD', 'DELETE'):
        alice, bob = house.person('alice-' + how.lower()), house.person('bob-' + how.lower())
        for account in (alice, bob):
            with house.connect() as peer:
                peer.register(account)
        composing, looking = house.login(alice), house.login(alice)
        composing.compose(alice, bob.identity, b'before')
        with house.login(alice) as peer:
            if how == 'PASSWD':
                assert change(peer, alice).kind == 'OK'
            else:
                peer.ok('DELETE ' + alice.secret(peer.host_key))
        id = new_id()
        composing.send('COMPOSE %s %s' % (bob.user, id), envelope_make(alice, bob.identity, b'after', id=id))
        composing.ends('auth-failed')
        looking.send('WHO ' + bob.user)
        looking.ends('auth-failed')
        with house.login(bob) as reader:
            assert reader.unread == 1


# ---- DELETE ----

def test_delete(house):
    """A deleted account can't be logged in to, can't be written to, and its name stays reserved; a wrong
    secret deletes nothing."""
    alice, bob = house.registered('alice', 'bob')
    with house.login(bob) as sender:
        for _ in range(3):
            sender.compose(bob, alice.identity, b'hello')
        with house.login(alice) as peer:
            peer.refused('auth-failed', 'DELETE ' + b64(bytes(32)))
            assert peer.list()[0] == 3
            assert peer.ask('DELETE ' + alice.secret(peer.host_key)).plain == b'OK'
        sender.refused('no-user', 'WHO alice')
        sender.refused('no-user', 'COMPOSE alice ' + '0' * 32, b'x')
    with house.connect() as peer:
        peer.refused('auth-failed', peer.login_head(alice))
        peer.refused('name-taken', peer.register_head(alice), alice.body())
    with house.connect() as peer:
        peer.refused('auth-failed', 'PROVE alice', peer.prove_body(alice))


def test_the_stored_secret_is_a_hash(house):
    """Nobody who reads the store's files finds a secret that logs in: only a salted hash of it."""
    alice = house.registered('alice')
    with house.login(alice) as peer:
        secret = alice.secret(peer.host_key)
    for directory, _, files in os.walk(house.store):
        for name in files:
            with open(os.path.join(directory, name), 'rb') as file:
                data = file.read()
            assert secret.encode() not in data and alice.root not in data
    assert len(stored_check(bytes(16), secret)) == 32
