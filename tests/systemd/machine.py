"""A throw-away machine that boots this one's systemd: an overlay of `/` on a tmpfs, in systemd-nspawn.

    with Machine(directory) as machine:             # an empty directory to mount it on
        machine.write('/etc/hello', 'there\\n')      # before or after boot; machine.root is its `/`
        machine.boot()
        machine.run('systemctl', 'enable', '--now', 'secmsg.socket')

Nothing of it touches the real files. It shares the network of the process that boots it, so that one just connects
to its ports. Run that process by apart.sh: there the network is a loopback alone, and everything is gone at the
end. Starts none of what is enabled on the real machine: only what systemd itself needs, and what a test enables."""
import contextlib
import glob
import os
import shutil
import socket
import subprocess
import time

DEADLINE = 60  # how long to wait for what must come
# What makes the real machine itself: its file systems, and what it starts.
NOT_TAKEN_OVER = ['etc/fstab', 'etc/systemd/system/*.wants', 'etc/systemd/system/*.requires', 'var/log/journal',
                  'etc/systemd/system/secmsg*', 'usr/local/lib/systemd/system/secmsg*', 'var/lib/secmsg', 'etc/secmsg',
                  'usr/sbin/policy-rc.d']
# Nobody is asked for anything there. (Those that watch for questions fail where the real machine's root has used up
# its inotify instances.)
MASKED = ['console-getty.service', 'systemd-ask-password-console.path', 'systemd-ask-password-wall.path']
# Kept in memory, whole and at once: tests read it.
JOURNAL = '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n'
MANAGER = '[Manager]\nDefaultTimeoutStopSec=10\n'
# What IPAddressDeny= is made of, and what the handler confines itself by; nspawn keeps both from its machines.
SYSTEM_CALLS = 'bpf landlock_create_ruleset landlock_add_rule landlock_restrict_self'
ENVIRONMENT = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root',
               'LANG': 'C.UTF-8', 'TERM': 'dumb', 'SYSTEMD_PAGER': '', 'DEBIAN_FRONTEND': 'noninteractive'}


class Machine:
    """One such machine; `run` and `systemctl` are for after boot."""

    def __init__(self, directory, name='secmsg-test', size='1g'):
        self.directory, self.name, self.nspawn, self.leader = directory, name, None, None
        self.root = os.path.join(directory, 'root')
        with contextlib.ExitStack() as stack:
            mount('-t', 'tmpfs', '-o', 'size=%s,mode=755' % size, 'tmpfs', directory)
            stack.callback(unmount, directory)
            for part in ('upper', 'work', 'root'):
                os.mkdir(os.path.join(directory, part))
            mount('-t', 'overlay', '-o', 'lowerdir=/,upperdir={0}/upper,workdir={0}/work'.format(directory), 'overlay',
                  self.root)
            stack.callback(unmount, self.root)
            for pattern in NOT_TAKEN_OVER:
                for path in glob.glob(os.path.join(glob.escape(self.root), pattern)):
                    remove(path)
            self.write('/etc/systemd/journald.conf.d/test.conf', JOURNAL)
            self.write('/etc/systemd/system.conf.d/test.conf', MANAGER)
            self.mounted = stack.pop_all()

    # ---- files ----

    def path(self, path):
        """Where a file of the machine lies for a process outside it."""
        return os.path.join(self.root, path.lstrip('/'))

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), 'wb') as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(self.path(path), mode)

    # ---- life ----

    def boot(self):
        """Starts its systemd, and returns when that has started what is enabled."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            address = os.path.join(self.directory, 'notify')
            ready.bind(address)
            ready.settimeout(DEADLINE)
            self.log = os.path.join(self.directory, 'console')
            with open(self.log, 'wb') as log:
                self.nspawn = subprocess.Popen(
                    ['systemd-nspawn', '--quiet', '--directory=' + self.root, '--boot', '--register=no', '--keep-unit',
                     '--machine=' + self.name, '--link-journal=no', '--resolv-conf=off', '--timezone=off',
                     '--console=pipe', '--notify-ready=yes', '--capability=CAP_NET_ADMIN',
                     '--system-call-filter=' + SYSTEM_CALLS,
                     'systemd.unit=multi-user.target', *('systemd.mask=' + unit for unit in MASKED)],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env={**os.environ, 'NOTIFY_SOCKET': address, **hierarchy()})
            try:
                self._await_ready(ready)
            except (socket.timeout, AssertionError):
                self.stop()
                raise AssertionError('the machine does not boot; its console:\n' + self.console) from None
            finally:
                os.unlink(address)
        return self

    def _await_ready(self, ready):
        end = time.monotonic() + DEADLINE
        ready.settimeout(0.5)
        while time.monotonic() < end:
            assert self.nspawn.poll() is None
            try:
                words = ready.recv(4096).decode().split('\n')
            except socket.timeout:
                continue
            for word in words:
                if word.startswith('X_NSPAWN_LEADER_PID='):
                    self.leader = int(word.split('=')[1])
            if 'READY=1' in words and self.leader:
                return
        raise AssertionError

    @property
    def console(self):
        with open(self.log, 'rb') as file:
            return file.read().decode(errors='replace')

    def stop(self):
        """Shuts it down, as its own `poweroff` would."""
        if self.nspawn is None:
            return
        self.nspawn.terminate()
        try:
            self.nspawn.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.nspawn.kill()
            self.nspawn.wait()
        self.nspawn, self.leader = None, None

    def close(self):
        """Stops it, and takes its files away."""
        self.stop()
        self.mounted.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- commands ----

    def inside(self, *words, user=None):
        """The command line that runs another inside."""
        enter = ['nsenter', '--target=%d' % self.leader, '--mount', '--uts', '--ipc', '--pid', '--cgroup', '--root',
                 '--wd']
        become = ['setpriv', '--reuid=' + user, '--regid=' + user, '--init-groups', '--'] if user else []
        return [*enter, '--', *become, *words]

    def run(self, *words, status=0, user=None, input=b'', timeout=DEADLINE, env=None):
        """Runs a command inside and insists on its exit status (a tuple: one of them; None: any). Returns it, with
        `out` and `err`."""
        done = subprocess.run(self.inside(*words, user=user), input=input, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout, check=False, env={**ENVIRONMENT, **(env or {})})
        done.out, done.err = done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace')
        expected = status if isinstance(status, tuple) else (status,)
        assert status is None or done.returncode in expected, '%s: status %d\n%s%s' % (
            ' '.join(words), done.returncode, done.out, done.err)
        return done

    def systemctl(self, *words, **more):
        return self.run('systemctl', '--no-ask-password', *words, **more).out

    def property(self, unit, name):
        return self.systemctl('show', '--property=' + name, '--value', unit).strip()


def hierarchy():
    """Control groups of version 2, as Debian has them, also where the real machine has both."""
    return {'SYSTEMD_NSPAWN_UNIFIED_HIERARCHY': '1'} if os.path.exists('/sys/fs/cgroup/unified') else {}


def mount(*words):
    subprocess.run(['mount', *words], check=True)


def unmount(path):
    subprocess.run(['umount', '--lazy', path], check=True)


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
