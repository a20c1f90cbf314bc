"""What a Tab offers in bash, zsh and fish; and that all three know every option with a value."""
import os
import re
import shlex
import shutil
import subprocess

import pexpect
import pytest

from conftest import BUILD, REPO, clean_environment, eventually
from peer.wire import DEADLINE
from test_manual import source, words_of_client

DIRECTORY = os.path.join(REPO, 'docs', 'completions')
BASH = r'''
source "$1"; shift
function=_${1//-/_}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
"$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
'''

# Only the line editor completes in zsh, so that one has a terminal, and writes down what it offers.
ZSHRC = r'''
PS1='ready> ' fpath=("$COMPLETIONS" $fpath)
autoload -U compinit && compinit -D -u
compadd() {
    local -a offers
    [[ ${@[1,(i)(-|--)]} == *-(O|A|D)* ]] || { builtin compadd -A offers "$@"; print -rl -- $offers >>$OFFERS }
    builtin compadd "$@"
}
finish() { print done. >>$OFFERS }
comppostfuncs=(finish)
'''


def run(argv, environment, cwd):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE, check=False, cwd=cwd,
                          stdin=subprocess.DEVNULL,
                          env={**environment, 'PATH': BUILD + ':' + os.environ['PATH']})
    assert done.stderr == '', done.stderr
    return done.stdout.splitlines()


def bash(words, environment, cwd):
    script = os.path.join(DIRECTORY, 'bash-completion', words[0])
    return run(['bash', '--norc', '-c', BASH, 'bash', script, *words], environment, cwd)


def fish(words, environment, cwd):
    script = os.path.join(DIRECTORY, 'fish', words[0] + '.fish')
    line = 'source %s; complete -C %s' % (shlex.quote(script), shlex.quote(' '.join(words)))
    offers = [offer.split('\t')[0] for offer in run(['fish', '--no-config', '-c', line], environment, cwd)]
    return [offer for offer in offers if offer.startswith(words[-1])]  # fish offers what resembles it too


def zsh(words, environment, cwd):
    path = os.path.join(environment['HOME'], '.offers')
    with open(os.path.join(environment['HOME'], '.zshrc'), 'w', encoding='ascii') as file:
        file.write(ZSHRC)
    with open(path, 'w+', encoding='ascii') as file:
        spawn = pexpect.spawn('zsh', ['-d', '-i'], cwd=cwd, encoding='utf-8', timeout=DEADLINE, env={
            **environment, 'PATH': BUILD + ':' + os.environ['PATH'], 'OFFERS': path,
            'COMPLETIONS': os.path.join(DIRECTORY, 'zsh')})
        spawn.expect_exact('ready> ')
        spawn.send(' '.join(map(shlex.quote, words[:-1])) + ' ' + words[-1] + '\t')
        eventually('offers', lambda: file.seek(0) == 0 and file.read().endswith('done.\n'))
        spawn.close(force=True)
        file.seek(0)
        return [offer for offer in file.read().splitlines()[:-1] if offer]


SHELLS = [bash] + [pytest.param(shell, marks=pytest.mark.skipif(
    shutil.which(shell.__name__) is None, reason='there is no ' + shell.__name__)) for shell in (zsh, fish)]


@pytest.fixture(params=SHELLS)
def tab(request, tmp_path):
    """Types words, the last of them unfinished, and presses Tab: the offers, in a directory with a few files."""
    (tmp_path / 'report.txt').touch()
    (tmp_path / 'reports').mkdir()

    def press(*words, **more):
        environment = {**clean_environment(str(tmp_path)), **more}
        # LeakSanitizer, which traces its own process, waits for ever for that under zsh's line editor.
        environment['ASAN_OPTIONS'] = os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
        return {offer.rstrip('/') for offer in request.param(words, environment, str(tmp_path))}
    return press


def test_words(tab):
    """Each word of help, and no other; of the admin also the words behind `users` and `invite`."""
    assert tab('secmsg', '') == set(words_of_client()) and tab('secmsg', 'se') == {'send', 'seal'}
    assert tab('secmsg', '--user', 'send', 'se') == {'send', 'seal'}, 'the first is a name'
    assert tab('secmsg', 'help', 'wh') == {'whoami'} and {'backup', 'restore'} <= tab('secmsg', 'keys', '')
    assert tab('secmsg-admin', '') == {'backup', 'check', 'compact', 'expire', 'fingerprint', 'init', 'invite', 'metrics',
                                       'penalties', 'restore', 'stats', 'status', 'users'}
    assert tab('secmsg-admin', 'penalties', '') == {'clear'} and tab('secmsg-admin', 'penalties', 'clear', '') == {'all'}
    assert tab('secmsg-admin', '--store', 'x', 'users', '') == {'list', 'show', 'disable', 'enable', 'delete', 'reset'}
    assert tab('secmsg-admin', '--uses', '3', 'invite', '') == {'new', 'list', 'revoke'}


def test_options(tab):
    """Those that the word takes, with those of all words."""
    assert {'--message', '--reply', '--server', '-m'} <= tab('secmsg', 'send', '-')
    assert tab('secmsg', 'send', '--o') == set() and tab('secmsg', 'read', '--o') == {'--output'}
    assert tab('secmsg', '--j') == {'--json'} and tab('secmsg-admin', 'check', '--r') == {'--repair'}


def test_values(tab):
    """Files where a file is wanted, directories for directories, and the two ways of --trust."""
    assert tab('secmsg', '--trust', '') == {'first-use', 'strict'}
    assert tab('secmsg', 'send', 'bob', '-f', 're') == {'report.txt', 'reports'} == tab('secmsg', 'verify', 're')
    assert tab('secmsg', '--home', 're') >= {'reports'} and tab('secmsg-admin', 'backup', 're') == {'reports'}
    assert tab('secmsg', 'send', '-m', 're') == set() == tab('secmsg', '--server', 're')


def test_users(tab, at_house):
    """Pinned identities are offered where a user is wanted; nothing is asked for it, though it isn't known where."""
    at_house('bob')
    alice = at_house('alice')
    alice.run('fingerprint', 'bob')
    known = alice.environment(SECMSG_USER='alice', SECMSG_EXEC=alice.target[1], SECMSG_JSON='yes')
    assert tab('secmsg', 'send', '', **known) == {'alice', 'bob'}
    assert tab('secmsg', 'fingerprint', 'b', **known) == {'bob'} and tab('secmsg', 'send', 'b') == set()


def test_every_option_with_a_value():
    """The three shells know which options take a value: those of the program's table."""
    known = {'--' + o for o in re.findall(r'\{"([a-z-]+)", required_argument', source('client', 'options.c'))}
    for name in ('bash-completion/secmsg', 'zsh/_secmsg'):
        rows = source('docs', 'completions', name).split('_secmsg_value() {')[1].split('*) return 1')[0]
        assert set(re.findall(r'--[a-z][a-z-]+', rows)) == known
    text = source('docs', 'completions', 'fish', 'secmsg.fish')
    listed = ' '.join(re.findall(r'^set -g __secmsg_\w+ (.*)$', text, re.M)).split()
    assert {'--' + o for o in listed + re.findall(r'^complete -c secmsg -l ([a-z]+) -xa', text, re.M)} == known


def test_make_installs_and_removes_them(tmp_path):
    """Manual pages and completions go where man and the shells look, and uninstall leaves nothing behind."""
    def make(target):
        done = subprocess.run(['make', '-s', 'BUILD=' + BUILD, 'DESTDIR=%s' % tmp_path, 'PREFIX=/usr', '-o', 'all', target],
                              cwd=REPO, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return {str(path.relative_to(tmp_path / 'usr' / 'share')) for path in tmp_path.rglob('*') if path.is_file()
                and 'share' in path.parts}
    wanted = {'man/man1/secmsg.1', 'man/man8/secmsg-admin.8', 'man/man8/secmsg-handler.8', 'man/man5/secmsg.conf.5',
              'man/man7/secmsg-protocol.7', 'doc/secmsg/protocol.md'}
    for name in ('secmsg', 'secmsg-admin'):
        wanted |= {'bash-completion/completions/' + name, 'zsh/site-functions/_' + name,
                   'fish/vendor_completions.d/%s.fish' % name}
    assert wanted <= make('install') and make('uninstall') == set()
