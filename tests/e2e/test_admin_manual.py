"""What README and the operating manual tell an operator to type, typed."""
import glob
import os
import re
import shlex
import subprocess

from conftest import BUILD, REPO, clean_environment, program
from test_admin import admin, plain, store, template  # noqa: F401  the fixtures

# A machine where every user may do everything, and where nothing has to be stopped.
MACHINE = r'''
set -eu
sudo() {
    case $1 in
    -u) shift 2 ;;
    systemctl) return 0 ;;
    install) set -- install -d -m 700 "${@: -1}" ;;
    esac
    "$@"
}
secmsg() {
    command secmsg --exec "$HANDLER" --password-fd 3 "$@" 3<<<password
}
'''


def section(name):
    with open(os.path.join(REPO, name), encoding='utf-8') as file:
        text = file.read().split('## Looking after it\n')[1].split('\n## ')[0]
    return re.findall(r'^    (.+)$', text, re.M)


def shell(script, path, cwd, **more):
    done = subprocess.run(['bash', '-c', script], cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
                          env={**clean_environment(str(cwd), STATE_DIRECTORY=str(path), **more),
                               'PATH': BUILD + ':' + os.environ['PATH']})
    assert done.returncode == 0, script + done.stdout + done.stderr
    return done


def test_operating(store, tmp_path):  # noqa: F811
    """Every line of "Looking after it", in its order, and what cron is given."""
    shard = os.path.basename(glob.glob(str(store / 'shards' / '[0-9]*'))[0])
    commands = [c.replace('/var/lib/secmsg.140', str(tmp_path / 'a-shard')).replace('/140', '/' + shard)
                .replace('/var/lib/secmsg', str(store)).replace('/var/backups', str(tmp_path))
                for c in section('docs/operating.md')]
    handler = shlex.join([program('secmsg-handler'), '--store', str(store), '--registration=invite'])
    typed = [c for c in commands if not re.match(r'PATH=|[0-9]', c)]
    assert len(typed) >= 15
    shell(MACHINE + '\n'.join(typed), store, tmp_path, HANDLER=handler + ' 2>/dev/null')
    assert 'two' in plain(store, 'LOGIN alice pw', 'READ', 'READ')
    assert 'reserved' in admin(store, 'users', 'show', 'bob').stdout
    config = tmp_path / 'conf'
    config.write_text('retention-days = 30\n')
    lines_of_cron = [re.match(r'[0-9*]+(?: [0-9*]+){4} +secmsg +(.*)', c) for c in commands]
    for line in filter(None, lines_of_cron):
        done = shell(line.group(1) + ' --config=%s' % config, store, tmp_path)
        assert done.stdout == '' and done.stderr == ''


def test_readme(store, tmp_path):  # noqa: F811
    """The same for README's."""
    os.makedirs(tmp_path / '.local' / 'state')
    os.rename(store, tmp_path / '.local' / 'state' / 'secmsg-server')
    os.symlink(BUILD, tmp_path / 'build')
    done = shell('set -eu\n' + '\n'.join(section('README.md')), 'none', tmp_path)
    assert re.search(r'^clean: ', done.stdout, re.M) and 'alice' in done.stdout
