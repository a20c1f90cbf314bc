"""A lost password: the operator frees the name, and whoever has the invitation begins anew under it."""
import os
import re
import time

import pytest

from conftest import CHANGED, Client
from test_admin import admin, lines, plain, store, template  # noqa: F401  the fixtures

NO_USER, USAGE = 67, 64


def reset(path, name, *more):
    done = admin(path, 'users', 'reset', name, *more)
    token = done.stdout.strip()
    assert re.fullmatch(r'[A-Za-z0-9_-]{32}', token) and token not in done.stderr
    return token


def state(path, name):
    return lines(admin(path, '--json', 'users', 'show', name))[0]


def test_a_lost_password(house, at_house):
    """Bob is reset and comes back with the invitation; alice, who has him pinned, is stopped and shown both
    fingerprints; a stranger gets the name neither before nor after."""
    alice, bob = at_house('alice'), at_house('bob')
    alice.run('send', 'bob', input=b'to the old keys')
    old = bob.run('whoami').out
    token = reset(house.store, 'bob')
    house.keep_secret(token)
    assert state(house.store, 'bob')['state'] == 'reset'
    bob.run('inbox', status=77)

    account = house.person('bob', quick=False)
    newcomer = Client(house, account, '--exec', house.command())
    stranger = Client(house, account, '--exec', house.command())
    invite = os.path.join(newcomer.home, 'invite')
    stranger.run('register', 'bob', status=73)
    stranger.run('register', 'bob', '--invite', 'x' * 32, status=77)
    with open(invite, 'w', encoding='ascii') as file:
        file.write(token + '\n')
    newcomer.run('register', 'bob', '--invite-file', invite)
    stranger.run('register', 'bob', '--invite-file', invite, status=73)

    new = newcomer.run('whoami').out
    prints = [re.search(r'SHA256:[A-Za-z0-9+/]{43}', text).group() for text in (old, new)]
    assert prints[0] != prints[1]
    said = alice.run('send', 'bob', input=b'who are you?', status=CHANGED).err
    assert all(p in said for p in prints)
    assert 'no' in newcomer.run('read').all.lower()


def test_his_own_old_machine_says_what_is_in_the_way(house, at_house):
    """Where the old keys are, registering again says what has to be moved away, and then works."""
    bob = at_house('bob')
    token = reset(house.store, 'bob')
    house.keep_secret(token)
    said = bob.run('register', 'bob', '--invite', token, status=73).err
    path = re.search(r'move (\S+) away', said).group(1)
    os.rename(path, path + '.old')
    bob.run('register', 'bob', '--invite', token)
    bob.run('inbox')


@pytest.mark.parametrize('policy', ['open', 'invite', 'closed'])
def test_under_each_policy(house, policy):
    """The operator issued it: it is good whatever the server's policy, and what isn't it is refused as ever."""
    option = '--registration=' + policy
    house.plain('REGISTER bob pw\nEXIT\n')
    token = reset(house.store, 'bob')
    house.keep_secret(token)

    def ask(name, *more):
        return house.plain('REGISTER %s pw%s\nEXIT\n' % (name, ''.join(' ' + m for m in more)), option)[0]

    assert ask('bob').startswith({'open': 'ERR name-taken ', 'invite': 'ERR bad-invite ',
                                  'closed': 'ERR registration-closed '}[policy])
    assert ask('bob', token[:-1]).startswith('ERR bad-invite ')
    assert ask('bob', token.swapcase()).startswith('ERR bad-invite ')
    refused = {'open': 'OK', 'invite': 'ERR bad-invite ', 'closed': 'ERR registration-closed '}[policy]
    assert ask('carol', token).startswith(refused)
    assert ask('bob', token) == 'OK'
    assert ask('bob', token).startswith('ERR name-taken ' if policy == 'open' else refused)


def test_a_wrong_one_counts_as_a_refusal(house):
    """The third closes the connection, as for any refused REGISTER."""
    house.plain('REGISTER bob pw\nEXIT\n')
    house.keep_secret(reset(house.store, 'bob'))
    answers = house.plain('REGISTER bob pw no\n' * 4)
    assert [a.split()[1] for a in answers] == ['bad-invite', 'bad-invite', 'rate-limited']


def test_the_order_of_checks(house):
    """A bad invitation is told before a bad body, and a good one with a bad body isn't used up."""
    house.plain('REGISTER bob pw\nEXIT\n')
    token = reset(house.store, 'bob')
    house.keep_secret(token)
    account = house.person('bob')
    with house.connect() as peer:
        secret = account.secret(peer.host_key)
        house.keep_secret(secret)
        for invite, code in (('no', 'bad-invite'), (token, 'bad-account')):
            peer.refused(code, 'REGISTER bob %s %s' % (secret, invite), b'no such body\n')
    assert state(house.store, 'bob')['state'] == 'reset'


def test_what_is_shown_and_withdrawn(store):  # noqa: F811
    """Until when it waits; a second reset replaces the first; a deletion withdraws it; the time as given."""
    first = reset(store, 'bob')
    second = reset(store, 'bob', '--expires=2d')
    until = state(store, 'bob')['until']
    assert abs(until - time.time() - 2 * 86400) < 60
    day = time.strftime('%Y-%m-%d', time.gmtime(until))
    for words in (['users', 'list'], ['users', 'show', 'bob']):
        assert re.search(r'bob +reset +waits until %s' % day, admin(store, *words).stdout)
    assert lines(admin(store, '--json', 'stats'))[0]['reset'] == 1
    assert plain(store, 'REGISTER bob pw ' + first)[0].startswith('ERR bad-invite')
    admin(store, 'users', 'delete', 'bob')
    assert state(store, 'bob')['state'] == 'reserved' and 'until' not in state(store, 'bob')
    assert plain(store, 'REGISTER bob pw ' + second)[0].startswith('ERR name-taken')
    admin(store, 'users', 'delete', 'bob', status=NO_USER)
    third = lines(admin(store, '--json', 'users', 'reset', 'bob'))[0]
    assert sorted(third) == ['invitation', 'name', 'state', 'until']
    admin(store, 'compact')
    assert plain(store, 'REGISTER bob pw ' + third['invitation'])[0] == 'OK'
    assert state(store, 'bob')['state'] == 'active'
    assert lines(admin(store, '--json', 'check'))[-1]['verdict'] == 'clean'


def test_what_cannot_be_reset(store):  # noqa: F811
    """A name that nobody had, what is no name, a time beyond reason: one line each, and nothing is made."""
    for words, status in ((['nobody'], NO_USER), (['No Name'], USAGE), ([], USAGE), (['bob', '--expires=0d'], USAGE),
                          (['bob', '--expires=x'], USAGE), (['bob', 'carol'], USAGE)):
        done = admin(store, 'users', 'reset', *words, status=status)
        assert done.stdout == '' and done.stderr.count('\n') == 1
    assert state(store, 'bob')['state'] == 'active'
