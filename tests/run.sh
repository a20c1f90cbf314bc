#!/bin/sh
# Runs the unit tests and the end-to-end tests of a build directory and sums their results.
#
# Usage: tests/run.sh BUILD        (`make check` calls it)
#
# The last line is `N passed, N failed`; skipped tests are in neither. Fails if a test failed, or if none
# ran. A unit test program that dies counts as one failed test beside those that it reported; so does each
# report of a sanitizer, also one from a program whose end no test looks at.
set -eu

build=$1
logs=$build/tests
passed=0
failed=0

# The tests call make themselves: it is to begin anew there.
unset MAKEFLAGS MFLAGS MAKELEVEL

rm -rf "$logs/reports"
mkdir -p "$logs/unit" "$logs/reports"
reports=$(cd "$logs/reports" && pwd)
if [ -n "${SANITIZE:-}" ]; then
    export ASAN_OPTIONS="detect_leaks=1:handle_sigill=1:log_path=$reports/asan"
fi

count() { # PATTERN: lines of $log that match
    grep -cE "$1" "$log" || :
}

run_unit() { # NAME
    log=$logs/unit/$1.log
    status=0
    CMOCKA_MESSAGE_OUTPUT=TAP timeout 120 "$build/tests/unit/$1" >"$log" 2>&1 </dev/null || status=$?
    good=$(count '^ok ')
    bad=$(count '^not ok [0-9]+ - ') # a skipped one is `not ok N # SKIP`
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    if [ "$status" -eq 0 ] && [ "$bad" -eq 0 ]; then
        echo "ok      $1 ($good)"
    else
        cat "$log"
        echo "FAILED  $1 (status $status)"
    fi
}

count_pytest() { # WORD: the number before it in pytest's last line, or 0
    tail -n 1 "$log" | grep -oE "[0-9]+ $1" | grep -oE '^[0-9]+' || echo 0
}

run_e2e() {
    log=$logs/e2e.log
    status=0
    SECMSG_BUILD=$(cd "$build" && pwd) PYTHONDONTWRITEBYTECODE=1 \
        /usr/bin/python3 -m pytest -q -n 2 -p no:cacheprovider --color=no tests/e2e \
        >"$log" 2>&1 </dev/null || status=$?
    cat "$log"
    good=$(count_pytest passed)
    bad=$(($(count_pytest failed) + $(count_pytest error)))
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
}

for source in tests/unit/test_*.c; do
    if [ -e "$source" ]; then
        run_unit "$(basename "$source" .c)"
    fi
done

if ls tests/e2e/test_*.py >/dev/null 2>&1; then
    run_e2e
fi

# Faults in the store, a fixed number of each kind; `make check-crash` goes on for as long as asked.
run_crash() {
    log=$logs/crash.log
    CRASH_PRELOAD=${SANITIZE:+$(cc -print-file-name=libasan.so)} \
        /usr/bin/python3 tests/crash/run.py "$build" >"$log" 2>&1 </dev/null || :
    cat "$log"
    good=$(count_pytest passed)
    bad=$(count_pytest failed)
    if [ "$good" -eq 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
}

if [ -e tests/crash/run.py ]; then
    run_crash
fi

# Whoever is killed while the leak check looks at him, as many are here, leaves an empty report, or one that says only
# that he was gone.
is_finding() { # REPORT
    grep -qvE '^==[0-9]+==Unable to get registers from thread [0-9]+\.$' "$1"
}

for report in "$reports"/*; do
    if [ -e "$report" ] && is_finding "$report"; then
        cat "$report"
        failed=$((failed + 1))
    fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
