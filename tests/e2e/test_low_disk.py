"""When the disk gets full, registering ends first, then sending; reading, and giving room back, never."""
import pytest

from conftest import clean_environment
from test_admin import admin


@pytest.fixture
def ask(house, shim):
    """What a handler in plain mode answers, one line for each command, with so many megabytes left on its disk."""
    def answers(free, text, *options):
        environment = clean_environment(house.directory, LD_PRELOAD=shim, SHIM_FREE=str(free))
        process = house.start('--plain', '--disk-reserve=64M', *options, env=environment)
        process.channel.write((text + '\nEXIT\n').encode())
        process.end_input()
        out = process.channel.rest()
        process.channel.close()
        return out.decode().splitlines()
    return answers


@pytest.mark.parametrize('free, registers, sends', [(128, True, True), (127, False, True), (64, False, True),
                                                    (63, False, False), (1, False, False), (0, False, False)])
def test_the_order_of_refusals(house, ask, free, registers, sends):
    """At each side of each threshold."""
    house.plain('REGISTER alice pw\nCOMPOSE alice\nwaiting\nCOMPOSE alice\nwaiting too\nEXIT\n')
    made = ask(free, 'REGISTER bob pw')[0]
    assert made == 'OK' if registers else made.startswith('ERR storage-full ') and 'account' in made
    login, sent, *read = ask(free, 'LOGIN alice pw\nCOMPOSE alice\nmore\nREAD\nREAD\nPASSWD pw new\nDELETE new')
    assert login == 'OK 2'
    assert sent.startswith('OK ') if sends else sent.startswith('ERR storage-full ')
    assert 'waiting' in read and 'waiting too' in read and not any(line.startswith('ERR') for line in read)
    assert ask(free, 'LOGIN alice new')[0].startswith('ERR auth-failed')


def test_an_invitation_outlives_it(house, ask):
    """A registration that is refused for want of room spends no use; and the operator isn't held to the reserve."""
    admin(house.store, 'init')
    token = admin(house.store, 'invite', 'new').stdout.strip()
    for _ in range(2):
        assert ask(127, 'REGISTER bob pw ' + token, '--registration=invite')[0].startswith('ERR storage-full ')
    assert ' 0 of 1 used ' in admin(house.store, 'invite', 'list').stdout
    assert ask(128, 'REGISTER bob pw ' + token, '--registration=invite')[0] == 'OK'


def test_without_a_reserve(house, ask):
    """The last megabyte stays."""
    house.plain('REGISTER alice pw\nEXIT\n')
    for free, answer in ((1, 'OK '), (0, 'ERR storage-full ')):
        sent = ask(free, 'LOGIN alice pw\nCOMPOSE alice\nx', '--disk-reserve=0')[1]
        assert sent.startswith(answer)
