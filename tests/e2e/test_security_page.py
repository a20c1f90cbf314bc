"""docs/security.md promises nothing that no test shows."""
import glob
import os
import re

from conftest import REPO

REFERENCE = re.compile(r'`(test_\w+\.(?:py|c))::(\w+)`')


def page():
    with open(os.path.join(REPO, 'docs', 'security.md'), encoding='utf-8') as file:
        return file.read()


def source(name):
    """The test file of a name, in whichever room it is; where two have the same name, both."""
    found = glob.glob(os.path.join(glob.escape(REPO), 'tests', '*', name))
    assert found, '%s is no file of tests' % name
    texts = []
    for path in found:
        with open(path, encoding='utf-8') as file:
            texts.append(file.read())
    return '\n'.join(texts)


def has_test(name, test):
    """Whether pytest would find the function, or the C file's table of tests has it."""
    if name.endswith('.py'):
        return re.search(r'^def %s\(' % test, source(name), re.M)
    return re.search(r'\(%s\b[^;]*[,)]' % test, source(name).rpartition('int main(')[2])


def test_every_named_test_is_there():
    """A test that was renamed or removed takes its promise along."""
    references = REFERENCE.findall(page())
    assert len(references) > 50
    missing = ['%s::%s' % reference for reference in references if not has_test(*reference)]
    assert not missing, missing


def test_every_cannot_names_a_test():
    """Each row of each table that says *can't* has a test in its last column."""
    rows = [line for line in page().splitlines() if line.startswith('| ') and "**can't**" in line]
    assert len(rows) > 30
    bare = [row for row in rows if not REFERENCE.search(row.rstrip(' |').rpartition('|')[2])]
    assert not bare, bare


def test_it_is_found():
    """The README leads to it."""
    with open(os.path.join(REPO, 'README.md'), encoding='utf-8') as file:
        assert 'docs/security.md' in file.read()
