"""Where `registration` is `invite`: the operator makes invitations, and whoever has one gets one name by each use."""
import concurrent.futures
import os
import re
import subprocess
import time

import pytest

from conftest import Client, program
from test_admin import admin, lines, plain, store, template  # noqa: F401  the fixtures

NO_USER, USAGE, DENIED, CANT_CREATE = 67, 64, 77, 73
UNDER_INVITE = '--registration=invite'


def invite(path, *more):
    if not os.path.exists(os.path.join(path, 'store.conf')):
        admin(path, 'init')
    done = admin(path, 'invite', 'new', *more)
    token = done.stdout.strip()
    assert re.fullmatch(r'[A-Za-z0-9_-]{32}', token) and token not in done.stderr
    return token, re.search(r'invite revoke ([0-9a-f]{16})', done.stderr).group(1)


def listed(path):
    return {found['id']: found for found in lines(admin(path, '--json', 'invite', 'list'))}


def register(house, name, *more, policy='invite'):
    line = ' '.join(('REGISTER', name, 'pw') + more)
    return house.plain(line + '\nEXIT\n', '--registration=' + policy)[0]


def test_somebody_is_invited(house):
    """Without it the client says what to ask for; with it the account is made; a second person is refused; the taken
    name costs nothing."""
    token, number = invite(house.store, '--note', 'for Bob')
    house.keep_secret(token)
    account = house.person('bob', quick=False)
    client = Client(house, account, '--exec', house.command(UNDER_INVITE))
    path = os.path.join(client.home, 'invite')
    with open(path, 'w', encoding='ascii') as file:
        file.write(token + '\n')
    assert 'invitation' in client.run('register', 'bob', status=DENIED).err
    said = client.run('register', 'bob', '--invite', 'x' * 32, status=DENIED).err
    assert '--invite-file' in said and 'ask' in said
    client.run('register', 'bob', '--invite-file', path)
    client.run('whoami')
    other = Client(house, house.person('carol', quick=False), '--exec', house.command(UNDER_INVITE))
    other.run('register', 'carol', '--invite-file', path, status=DENIED)
    found = listed(house.store)[number]
    assert (found['state'], found['uses'], found['used'], found['note']) == ('used', 1, 1, 'for Bob')
    assert lines(admin(house.store, '--json', 'check'))[-1]['verdict'] == 'clean'


def test_every_refusal_is_the_same(house):
    """Used up, expired, withdrawn, mistyped, never issued; for a free name, a taken one, one that waits for its own
    invitation: one answer, byte for byte. A good one tells that a name is taken, and costs nothing then; so does
    one to the very name that it let in."""
    register(house, 'bob', policy='open')
    register(house, 'eve', policy='open')
    admin(house.store, 'users', 'reset', 'eve')
    used = invite(house.store)[0]
    assert register(house, 'carol', used) == 'OK'
    gone, number = invite(house.store)
    admin(house.store, 'invite', 'revoke', number)
    good = invite(house.store)[0]
    answers = {register(house, name, token) for name in ('bob', 'dave', 'eve', 'carol')
               for token in (used, gone, good[:-1], good.swapcase(), good + 'x', 'x')
               if (name, token) != ('carol', used)}
    assert len(answers) == 1 and answers.pop().startswith('ERR bad-invite ')
    assert register(house, 'dave').startswith('ERR bad-invite ') and register(house, 'bob') == register(house, 'dave')
    assert register(house, 'carol', used).startswith('ERR name-taken ')
    for name in ('bob', 'eve'):
        assert register(house, name, good).startswith('ERR name-taken ')
    assert register(house, 'dave', good) == 'OK'


@pytest.mark.parametrize('policy', ['open', 'closed'])
def test_where_none_is_asked_for(house, policy):
    """Under `open` it isn't looked at and not spent, under `closed` it opens nothing."""
    token, number = invite(house.store)
    expected = 'OK' if policy == 'open' else 'ERR registration-closed '
    assert register(house, 'bob', token, policy=policy).startswith(expected)
    assert listed(house.store)[number]['used'] == 0


def test_it_is_counted(house):
    """Eight people at once with an invitation for three: three are in, whoever they are."""
    token, number = invite(house.store, '--uses=3')
    names = ['user%d' % i for i in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: register(house, name, token), names))
    assert answers.count('OK') == 3 and sum(a.startswith('ERR bad-invite ') for a in answers) == 5
    assert listed(house.store)[number]['used'] == 3
    users = {user['name'] for user in lines(admin(house.store, '--json', 'users', 'list'))}
    assert users == {name for name, answer in zip(names, answers) if answer == 'OK'}


def test_the_order_of_checks(house):
    """A bad invitation is told before a bad body, and a good one with a bad body, or a taken name, isn't used."""
    token, number = invite(house.store)
    house.keep_secret(token)
    account = house.person('bob')
    for invitation, code in (('no', 'bad-invite'), (token, 'bad-account')):
        with house.connect(UNDER_INVITE) as peer:
            secret = account.secret(peer.host_key)
            house.keep_secret(secret)
            peer.refused('bad-name', 'REGISTER Bob %s %s' % (secret, invitation), b'no such body\n')
            peer.refused(code, 'REGISTER bob %s %s' % (secret, invitation), b'no such body\n')
    assert listed(house.store)[number]['used'] == 0


def test_times_and_withdrawal(store):  # noqa: F811
    """Until when, as given; what is withdrawn is gone from the list, and can't be withdrawn again."""
    for time_given, seconds in (('30m', 1800), ('12h', 43200), ('4w', 28 * 86400)):
        number = invite(store, '--expires', time_given)[1]
        assert abs(listed(store)[number]['until'] - time.time() - seconds) < 60
        assert listed(store)[number]['until'] - listed(store)[number]['issued'] == seconds
        assert number in admin(store, 'invite', 'list').stdout
        done = admin(store, 'invite', 'revoke', number)
        assert done.stdout == done.stderr == '' and number not in listed(store)
        done = admin(store, 'invite', 'revoke', number, status=NO_USER)
        assert done.stderr.count('\n') == 1 and 'invite list' in done.stderr


def test_an_invitation_that_is_not_seen(store):  # noqa: F811
    """Nobody has it, and which of those that are listed it is, is said."""
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([program('secmsg-admin'), '--store', str(store), 'invite', 'new'], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    number = re.search(r'invite revoke ([0-9a-f]{16})`', done.stderr).group(1)
    assert done.returncode == 74 and number in listed(store)


def test_what_is_kept(store):  # noqa: F811
    """The token is nowhere on the disk; a note with quotes is JSON; a backup and a compaction keep invitations."""
    note = 'the "quoted" \\ für Zoë'
    token, number = invite(store, '--uses=2', '--note', note)
    for folder, _, names in os.walk(store):
        for name in names:
            with open(os.path.join(folder, name), 'rb') as file:
                assert token.encode() not in file.read()
    copy = str(store) + '.copy'
    admin(store, 'backup', copy)
    admin(store, 'compact')
    for path in (store, copy):
        assert listed(path)[number]['note'] == note
        assert plain(path, 'REGISTER zoe pw ' + token, options=[UNDER_INVITE])[0] == 'OK'
        assert listed(path)[number]['used'] == 1
