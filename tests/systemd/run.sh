#!/bin/sh
# Boots machines with the real systemd and tests the service on them. The last line is `N passed, N failed`.
#
# Usage: tests/systemd/run.sh BUILD [PYTEST-OPTION...]        (`make check-systemd` calls it)
set -eu

build=$(cd "$1" && pwd)
shift
here=$(dirname "$0")
log=$build/tests/systemd.log
mkdir -p "$build/tests/machine"

# The tests call make themselves: it is to begin anew there.
unset MAKEFLAGS MFLAGS MAKELEVEL

count() { # WORD: the number before it in pytest's last line, or 0
    tail -n 1 "$log" | grep -oE "[0-9]+ $1" | grep -oE '^[0-9]+' || echo 0
}

# In the background, so that a signal is passed on at once, this script's own end too: apart.sh clears everything away.
inner=
trap '[ -z "$inner" ] || { kill -s TERM "$inner" 2>/dev/null; wait "$inner" || :; }; exit 143' INT TERM HUP
SECMSG_BUILD=$build setpriv --pdeathsig TERM "$here/apart.sh" /usr/bin/python3 -B -m pytest -q -p no:cacheprovider -p no:xdist --color=no \
    --durations=5 "$@" "$here" >"$log" 2>&1 &
inner=$!
status=0
wait "$inner" || status=$?
inner=
cat "$log"

passed=$(count passed)
failed=$(($(count failed) + $(count error) + $(count skipped)))
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    failed=1
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
