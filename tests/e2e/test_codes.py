"""The tests' own completeness, and the log's form."""
import ast
import os
import re

import pytest

from conftest import LOG_LINE, REPO

CODES = ('version bad-hello busy timeout tampered rate-limited internal too-large bad-command bad-state bad-name '
         'weak-secret bad-account bad-identity name-taken registration-closed bad-invite auth-failed no-user '
         'no-identity bad-envelope bad-signature id-taken mailbox-full storage-full').split()


def codes_of_the_page():
    """The codes as docs/protocol.md lists them."""
    path = os.path.join(REPO, 'docs', 'protocol.md')
    with open(path, encoding='utf-8') as file:
        text = file.read()
    section = text[text.index('\n### Error codes\n'):]
    return sorted(set(re.findall(r'^\| `([a-z-]+)` \|', section[:section.index('\n## ')], re.M)))


def strings_of_the_tests():
    """Every string literal in the e2e tests but this file's."""
    here, found = os.path.dirname(__file__), set()
    for name in sorted(os.listdir(here)):
        if name.startswith('test_') and name.endswith('.py') and name != os.path.basename(__file__):
            with open(os.path.join(here, name), encoding='utf-8') as file:
                for node in ast.walk(ast.parse(file.read())):
                    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
                        value = node.value if isinstance(node.value, str) else node.value.decode('latin-1')
                        found.add(value[4:].strip() if value.startswith('ERR ') else value)
    return found


def test_the_list_of_codes_is_the_pages():
    """The page and the tests know the same codes."""
    assert codes_of_the_page() == sorted(CODES)


@pytest.mark.parametrize('code', CODES)
def test_every_code_is_provoked(code):
    """Each code is asserted, by its name, somewhere in the tests of the real handler."""
    assert code in strings_of_the_tests()


def test_log_lines(house):
    """The log tells a session's story, one event a line, `<session> event=... key=value`; what came from outside
    is escaped, two sessions have two ids, and refusals are there with their codes."""
    house.registered('alice')
    with house.connect() as peer:
        peer.refused('auth-failed', 'LOGIN al"ice=event=forged ' + 'x' * 44)
        peer.channel.write(b'\x1b[2Jjunk event=forged\n')
        peer.ends('tampered')
    logs = []
    for process in house.processes:
        process.finish()
        logs.append(process.log)
        assert process.log and all(LOG_LINE.fullmatch(line) for line in process.log.splitlines())
        assert '\x1b' not in process.log and ' event=forged' not in process.log
    first, second = ({line.split(' ')[0] for line in log.splitlines()} - {'-'} for log in logs)
    assert len(first) == len(second) == 1 and first != second
    assert 'tampered' in logs[1]


def test_log_has_the_journals_prefixes_only_for_the_journal(house):
    """On a pipe or a file the lines have no priority prefix."""
    with house.connect() as peer:
        peer.channel.write(b'junk\n')
        peer.ends('tampered')
        peer.close()
        peer.process.wait()
        assert not re.search(r'^<[0-7]>', peer.process.log, re.M)
