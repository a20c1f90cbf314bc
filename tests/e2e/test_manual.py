"""The manual pages say what the programs do: every word, option, setting and status is in both, and they render
without a warning."""
import os
import re
import shutil
import subprocess

import pytest

import manual
from conftest import BUILD, REPO, clean_environment, program

PAGES = ['secmsg.1', 'secmsg-admin.8', 'secmsg-handler.8', 'secmsg.conf.5', 'secmsg-protocol.7']
SYSEXITS = {'OK': 0, 'USAGE': 64, 'DATAERR': 65, 'NOINPUT': 66, 'NOUSER': 67, 'NOHOST': 68, 'UNAVAILABLE': 69,
            'SOFTWARE': 70, 'OSERR': 71, 'OSFILE': 72, 'CANTCREAT': 73, 'IOERR': 74, 'TEMPFAIL': 75, 'PROTOCOL': 76,
            'NOPERM': 77, 'CONFIG': 78}


def source(*path):
    with open(os.path.join(REPO, *path), encoding='utf-8') as file:
        return file.read()


def table(*path):
    """The long options of a program: the rows of its table for getopt_long."""
    return {'--' + name for name in re.findall(r'\{"([a-z-]+)", (?:no|required)_argument', source(*path))}


def printed(name, *words):
    done = subprocess.run([program(name), *words], capture_output=True, text=True, timeout=20, check=True,
                          env=clean_environment('/nonexistent'))
    return done.stdout


def headings(name, title):
    """What the entries of a section explain."""
    return [head for head, _ in manual.entries(manual.section(name, title))]


def long_options(text):
    return {option for option in manual.options(text) if option.startswith('--')}


def words_of_client():
    return re.findall(r'^  ([a-z-]+) ', printed('secmsg', 'help').split('\nOptions')[0], re.M)


@pytest.mark.parametrize('name', PAGES)
def test_it_renders(name):
    """groff has nothing to say about a page, at a common width and at a narrow one."""
    if shutil.which('man') is None:
        pytest.skip('there is no man')
    for width in ('80', '50'):
        done = subprocess.run(['man', '--warnings', '-l', os.path.join(BUILD, 'man', name)], capture_output=True,
                              text=True, timeout=20, check=False, stdin=subprocess.DEVNULL,
                              env=clean_environment('/nonexistent', MANWIDTH=width))
        assert done.returncode == 0 and done.stderr == '' and 'NAME' in done.stdout


def test_each_page_is_here():
    """Each has the sections that one looks for, and every page that another refers to is there."""
    assert sorted(PAGES) == sorted(f[:-4] for f in os.listdir(os.path.join(REPO, 'docs')) if f.endswith('.scd'))
    for name in PAGES:
        assert manual.titles(name)[0] == 'NAME' and manual.titles(name)[-1] == 'SEE ALSO'
        assert manual.page(name).startswith('%s(%s) ' % tuple(name.rsplit('.', 1)))
        referred = re.findall(r'\b(secmsg[a-z.-]*)\(([0-9])\)', manual.page(name))
        assert {'%s.%s' % each for each in referred} <= set(PAGES)


def test_words_of_the_client():
    """The words of the manual are those of `help`, and the table that completes them has no others."""
    listed = {manual.bold(head)[0].split()[0] for head in headings('secmsg.1', 'WORDS')}
    assert listed == set(words_of_client()) and len(listed) >= 25


def test_options_of_the_client():
    """Every option that the client parses is explained in the manual and told of by help, and no other is."""
    known = table('client', 'options.c')
    told = long_options(printed('secmsg', '--help')).union(*(long_options(printed('secmsg', 'help', word))
                                                             for word in words_of_client()))
    assert long_options(' '.join(headings('secmsg.1', 'OPTIONS'))) == known
    assert told | {'--edit'} == known and '--edit' in source('client', 'prompt.c')
    letters = set(re.findall(r':?([a-z])', re.search(r'getopt_long\(argc, argv, "-:(.*?)"', source('client', 'options.c'))[1]))
    explained = {o for o in manual.options(' '.join(headings('secmsg.1', 'OPTIONS'))) if len(o) == 2}
    assert explained == {'-' + letter for letter in letters}


def test_options_of_each_word():
    """What a word's entry of the manual offers is what its help offers."""
    offered = {}
    for head in headings('secmsg.1', 'WORDS'):
        offered.setdefault(manual.bold(head)[0].split()[0], set()).update(manual.options(head))
    for word in words_of_client():
        usage = printed('secmsg', 'help', word).split('\nOptions')[0].split(word, 1)[1]
        missing = {o for o in offered[word] if o not in manual.options(usage)}
        assert not missing, (word, missing)
        added = {o for o in long_options(usage.split('\n')[0]) if o not in offered[word]}
        assert not added, (word, added)


def test_options_of_the_admin():
    known = table('src', 'admin', 'main.c')
    assert long_options(printed('secmsg-admin', '--help')) == known
    assert long_options(manual.page('secmsg-admin.8').split('# EXAMPLES')[0]) - {'--invite-file'} == known
    rows = re.findall(r'\{"([a-z]+)", [a-z]+_main', source('src', 'admin', 'main.c'))
    assert {manual.bold(head)[0].split()[0] for head in headings('secmsg-admin.8', 'WORDS')} == set(rows)


def test_options_of_the_handler():
    """Its own and the settings; the settings are those of secmsg.conf(5)."""
    known = table('src', 'handler', 'settings.c')
    assert long_options(printed('secmsg-handler', '--help')) == known
    own = long_options(' '.join(headings('secmsg-handler.8', 'OPTIONS')))
    settings = long_options(manual.section('secmsg-handler.8', 'SETTINGS')) - {'--name'}
    assert own | settings == known and own & settings == set()
    listed = {'--' + manual.bold(head)[0] for head in headings('secmsg.conf.5', 'SETTINGS OF THE SERVER')}
    assert listed == settings | {'--store'}


def test_allowed_values_of_settings():
    """The bounds and defaults that secmsg.conf(5) gives are those that the handler keeps to."""
    for head, text in manual.entries(manual.section('secmsg.conf.5', 'SETTINGS OF THE SERVER')):
        found = re.search(r'Default: (\S+); allowed: (\d+)([KMG]?) to (\d+)([KMG]?)\.', text)
        if found is None:
            continue
        default, least, unit, most, unit_of_most = found.groups()
        factor = {'': 1, 'K': 2**10, 'M': 2**20, 'G': 2**30}
        for value, good in ((default, True), (least + unit, True), (most + unit_of_most, True),
                            (str(int(most) * factor[unit_of_most] + 1), False)):
            done = subprocess.run([program('secmsg-handler'), '--%s=%s' % (head.strip('*'), value), '--store=/dev/null',
                                   '--fingerprint'], capture_output=True, text=True, timeout=20, check=False)
            assert (done.returncode == 64) is not good, (head, value, done.stderr)
        told = printed('secmsg-handler', '--help').split('--%s=' % head.strip('*'))[1].split('\n  --')[0]
        assert re.search(r'\(%s[;)]' % default, told), head


def constants(*paths):
    """The statuses that these files name: constants of sysexits.h."""
    found = set()
    for path in paths:
        directory = os.path.join(REPO, path)
        for name in (n for n in os.listdir(directory) if n.endswith('.c')):
            found |= set(re.findall(r'\bEX_([A-Z]+)\b', source(path, name)))
    return {SYSEXITS[name] for name in found}


def test_statuses_of_the_operator():
    """The lists of the handler and the admin are what their sources can end with; tests of their own provoke
    them."""
    assert manual.statuses('secmsg-handler.8') == constants('src/handler')
    assert manual.statuses('secmsg-admin.8') == constants('src/admin') | {1}
