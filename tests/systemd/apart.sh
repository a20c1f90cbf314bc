#!/bin/sh
# Runs a command as root, apart from the rest of the machine: with mounts, processes, a network (of a loopback and
# nothing else), a control group and a place for systemd-nspawn's notes of its own. However it ends, also by a
# signal to this script, nothing of what it started or mounted is left. (After kill -9 it is an empty control group,
# until the next run.)
#
# Usage: tests/systemd/apart.sh COMMAND [ARGUMENT...]
set -eu

fail() {
    echo "apart.sh: $1" >&2
    exit 69
}

if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "booting a machine takes root, and there is no sudo here: run this as root"
    # shellcheck disable=SC2016
    exec sudo --preserve-env=SECMSG_BUILD "$0" "$@"
fi
for tool in unshare setpriv ip; do
    command -v "$tool" >/dev/null || fail "$tool is missing: make deps-systemd installs it"
done

# The top of each hierarchy in which systemd keeps its groups: cgroup 2, the old name=systemd, or both.
tops=
for top in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    [ ! -e "$top/cgroup.procs" ] || tops="$tops $top"
done
[ -n "$tops" ] || fail "no control groups are mounted on /sys/fs/cgroup, and systemd can't run without"

# Groups are removed from below. Those of a run that was killed outright are empty, and go as well.
remove_groups() {
    for top in $tops; do
        for group in "$top"/secmsg-apart-*; do
            [ -d "$group" ] || continue
            owner=${group##*-}
            [ "$owner" = $$ ] || [ ! -d "/proc/$owner" ] || continue
            find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || :
        done
    done
}

inner=
# unshare's end is the end of everything in its process name space.
end() { # STATUS
    trap '' INT TERM HUP
    if [ -n "$inner" ]; then
        kill -s KILL "$inner" 2>/dev/null || :
        wait "$inner" 2>/dev/null || :
    fi
    tries=0
    remove_groups
    while [ "$tries" -lt 50 ] && groups_left; do
        sleep 0.1
        remove_groups
        tries=$((tries + 1))
    done
    exit "$1"
}

groups_left() {
    for top in $tops; do
        [ ! -d "$top/secmsg-apart-$$" ] || return 0
    done
    return 1
}

trap 'end 130' INT
trap 'end 143' TERM HUP
remove_groups
for top in $tops; do
    mkdir "$top/secmsg-apart-$$" || fail "can't make a control group in $top"
done

# shellcheck disable=SC2016
setpriv --pdeathsig KILL sh -c '
    apart=$1 tops=$2; shift 2
    for top in $tops; do echo 0 >"$top/secmsg-apart-$apart/cgroup.procs"; done
    exec unshare --mount --net --ipc --uts --pid --fork --kill-child=KILL --mount-proc \
        sh -c "ip link set lo up; mkdir -p /run/systemd/nspawn; mount -t tmpfs tmpfs /run/systemd/nspawn; exec \"\$@\"" \
        sh "$@"' sh $$ "$tops" "$@" </dev/null &
inner=$!
status=0
wait "$inner" || status=$?
inner=
end "$status"
