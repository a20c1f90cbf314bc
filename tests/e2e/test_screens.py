"""The screens of the first five minutes, as text: what changes from run to run is masked, all else is compared with
tests/e2e/screens/. With SECMSG_SCREENS=write they are written anew, to be looked at before they are kept."""
import os
import re

import pytest

from conftest import Client
from test_first_minutes import Terminal

SCREENS = os.path.join(os.path.dirname(__file__), 'screens')


def plain(shown):
    """What a terminal shows in the end, row by row, without what differs each time. A mask is as long as what it hides."""
    text = re.sub(r'\x1b\[[?0-9;]*[a-zA-Z]', '', shown).replace('\r\n', '\n')
    text = '\n'.join(re.sub(r'^.*\r', '', row).rstrip() for row in text.split('\n'))
    for pattern in (r'(?<=SHA256:)(?:[A-Za-z0-9+/](?:\n  )?){43}', r'\b[0-9a-f]{32}\b', r'\b[0-9a-f]{8}\b',
                    r'\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d[+-]\d\d:\d\d)?'):
        text = re.sub(pattern, lambda m: re.sub('[0-9A-Za-z+/]', 'x', m.group()), text)
    return re.sub(r'127\.0\.0\.1:\d+', '127.0.0.1:PORT', text)


@pytest.mark.parametrize('columns', [80, 40])
def test_the_screens_of_the_first_five_minutes(house, columns):
    """Register, a wrong word, help, an empty inbox, a message to oneself and one to a wrong name, reading by itself,
    history, leaving: at 80 and at 40 columns no row is wider, and all is as it was looked at."""
    listener = house.listen()
    client = Client(house, house.person('alice', quick=False), '--server', '127.0.0.1:%d' % listener.port)
    p = Terminal(client, columns=columns)
    p.type('regster')
    p.ready()
    p.type('register alice')
    p.secret('New password: ', client.account.password)
    p.secret('The same again: ', client.account.password)
    p.ready('alice')
    for line in ('help', 'inbox', 'compose bob', 'send alice -m "wide: 你好, and a line that is longer than forty columns"'):
        p.type(line)
        p.expect(line[:20])
        p.ready('alice')
    p.expect('columns')
    p.ready('alice')
    p.type('history')
    p.expect('history')
    p.ready('alice')
    p.type('exit')
    p.end()
    text = plain(p.shown)
    rows = [row for row in text.split('\n') if not row.startswith(('alice> ', 'secmsg> '))]
    assert all(len(row) + len(re.findall('[一-鿿]', row)) <= columns for row in rows), text
    path = os.path.join(SCREENS, 'first-minutes-%d.txt' % columns)
    if os.environ.get('SECMSG_SCREENS') == 'write':
        os.makedirs(SCREENS, exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
    with open(path, encoding='utf-8') as file:
        assert text == file.read()


@pytest.mark.parametrize('more,is_coloured', [({}, True), ({'NO_COLOR': '1'}, False), ({'TERM': 'dumb'}, False)])
def test_colour_is_for_terminals_that_want_it(at_fake, fake, house, more, is_coloured):
    """The sender's line is bold, a warning red; not with NO_COLOR, at a dumb terminal, or in a pipe."""
    client = at_fake('alice')
    fake.add(house.person('paul', identity=False))
    fake.put('alice', 'a' * 32, 'paul', b'hi', signed=False)
    make = client.environment
    client.environment = lambda **given: make(**{**given, **more})
    p = Terminal(client).login()
    p.type('read')
    p.expect('  hi')
    p.ready('alice')
    assert ('\x1b[1mFrom: paul UNSIGNED\x1b[0m' in p.shown) == is_coloured
    assert ('\x1b[1;31m  !   nobody' in p.shown) == is_coloured
    p.close()
    assert '\x1b' not in client.run('show', 'a' * 8).out
