#!/bin/sh
# Runs fuzzers one after the other, and sums their executions; the last line is `N passed, N failed`.
#
# Usage: tests/fuzz/run.sh fuzz|check|merge PROGRAMS SECONDS [TARGET...]     (`make fuzz` and `make check-fuzz` call it)
#
# fuzz: each target for so many seconds, from what is kept and what earlier runs found. A finding is kept in
# PROGRAMS/found/<target>/, and shown. check: each kept input once. merge: of what was found, whatever reaches new
# code goes to tests/fuzz/corpus/<target>, as small as can be.
set -eu

mode=$1
programs=$2
seconds=$3
shift 3
kept=tests/fuzz
passed=0
failed=0
executions=0

# The targets' stores and files are in memory, where there is room for that.
base=/dev/shm
[ -w $base ] || base=/tmp
TMPDIR=$(mktemp -d $base/secmsg-fuzz-XXXXXX)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM HUP
# Their own directory, which is small, is removed by whoever made it.
export ASAN_OPTIONS="detect_leaks=1:handle_abort=1:allocator_may_return_null=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1"
export TZ=UTC LC_ALL=C.UTF-8

if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046
    set -- $(basename -s .c $kept/targets/*.c)
fi

run() { # TARGET LIBFUZZER'S ARGUMENTS...
    log=$TMPDIR/$1.log
    program=$programs/$1
    shift
    status=0
    nice -n 10 "$program" -close_fd_mask=3 -rss_limit_mb=3000 -timeout=30 -max_len=16384 -print_final_stats=1 \
        "$@" >"$log" 2>&1 </dev/null || status=$?
}

# What libFuzzer counted; of a run that was ended by a finding there is no such line.
count() {
    sed -n 's/^stat::number_of_executed_units: *//p;s/^#\([0-9]*\)[[:blank:]]*DONE.*/\1/p' "$log" | tail -n 1
}

settle() { # TARGET
    done=$(count)
    executions=$((executions + ${done:-0}))
    if [ "$status" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok      $1 (${done:-0} executions)"
    else
        failed=$((failed + 1))
        tail -n 60 "$log"
        echo "FAILED  $1 (status $status); found: $(ls -d "$programs/found/$1" 2>/dev/null)"
    fi
}

for target in "$@"; do
    if [ ! -x "$programs/$target" ]; then
        echo "there is no target $target; there are: $(basename -s .c $kept/targets/*.c | tr '\n' ' ')" >&2
        exit 2
    fi
    mkdir -p "$programs/corpus/$target" "$programs/found/$target"
    seeds=
    for directory in "$kept/corpus/$target" "$kept/regressions/$target"; do
        [ ! -d "$directory" ] || seeds="$seeds $directory"
    done
    dictionary=$kept/dictionaries/$target.dict
    [ ! -f "$dictionary" ] || set_dictionary=-dict=$dictionary
    case $mode in
    fuzz)
        # shellcheck disable=SC2086
        run "$target" "-artifact_prefix=$programs/found/$target/" "-max_total_time=$seconds" ${set_dictionary:-} \
            "$programs/corpus/$target" $seeds
        ;;
    check)
        # shellcheck disable=SC2086
        run "$target" "-artifact_prefix=$programs/found/$target/" -runs=0 ${seeds:-"$programs/corpus/$target"}
        ;;
    merge)
        mkdir -p "$TMPDIR/merged/$target"
        # shellcheck disable=SC2086
        run "$target" -merge=1 "$TMPDIR/merged/$target" $seeds "$programs/corpus/$target"
        if [ "$status" -eq 0 ]; then
            rm -rf "$kept/corpus/$target"
            cp -r "$TMPDIR/merged/$target" "$kept/corpus/$target"
        fi
        ;;
    esac
    unset set_dictionary
    settle "$target"
done

echo "$executions executions"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
