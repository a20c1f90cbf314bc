#!/bin/sh
# Checks the model of the store: every scenario holds, and each rule that is left out is missed.
#
# Usage: tests/model/run.sh BUILD        (`make model` calls it)
#
# The last line is `N passed, N failed`.
set -u

if ! command -v spin >/dev/null || ! command -v cc >/dev/null; then
    echo 'make model needs a C compiler and spin: apt-get install gcc libc6-dev spin' >&2
    exit 1
fi
model=$(cd "$(dirname "$0")" && pwd)/store.pml
mkdir -p "$1/model"
cd "$1/model" || exit 1
number=0

# Everything that the processes can do; sets $outcome to `holds`, `broken` or `too large`.
check() { # OPTIMIZE FIRST SECOND THIRD [DEFINE...]       THIRD may be `nobody`
    rm -f ./store.pml.trail pan pan.log
    outcome='does not compile'
    optimize=$1
    {
        printf '#define FIRST %s\n#define SECOND %s\n' "$2" "$3"
        [ "$4" = nobody ] || printf '#define THIRD %s\n' "$4"
        shift 4
        for define; do
            printf '#define %s\n' "$define"
        done
        cat "$model"
    } >store.pml
    # NOREDUCE: partial orders can't be reduced where a process can be interrupted at any step.
    spin -a store.pml >spin.log 2>&1 &&
        cc "$optimize" -w -DSAFETY -DCOLLAPSE -DNOREDUCE -DMEMLIM=1800 -o pan pan.c || return
    timeout 300 ./pan -m10000 >pan.log 2>&1
    if ! grep -q 'errors: ' pan.log; then
        outcome='too large'
    elif grep -q 'errors: 0' pan.log; then
        outcome=holds
        grep -qE 'max search depth too small|out of memory|MEMLIM' pan.log && outcome='too large'
    else
        outcome=broken
    fi
    states=$(sed -nE 's/^ *([0-9.e+]+) states, stored.*/\1/p' pan.log)
}

is_mine() {
    number=$((number + 1))
    [ $((number % 2)) -eq "$worker" ]
}

tell() { # WANTED TITLE
    if [ "$outcome" = "$1" ]; then
        echo "ok      $2: $outcome ($states states)"
    else
        echo "FAILED  $2: $outcome"
        tail -n 3 spin.log pan.log
    fi
}

holds() { # TITLE FIRST SECOND THIRD [DEFINE...]
    is_mine || return
    title=$1
    shift
    check -O2 "$@"
    tell holds "$title"
}

# Small, so compiled in a hurry.
breaks() { # TITLE FIRST SECOND THIRD DEFINE...
    is_mine || return
    title=$1
    shift
    check -O0 "$@"
    tell broken "$title"
}

cases() {
    holds 'three writers, one message twice' 'put(1)' 'put(1)' 'put(2)' 'POWERS 0'
    holds 'a writer, a reader, a writer' 'put(1)' 'take()' 'put(2)' 'POWERS 0' 'FAILURES 0'
    holds 'a disk that goes on failing' 'take(); take()' 'put(2)' nobody HELD 'POWERS 0' 'FAILURES 2'
    holds 'two frames at once, and no room for an index' put_both 'put(1)' 'put(2)' 'POWERS 0' 'TROUBLES 1'
    holds 'a compaction, a writer, a reader' 'compact()' 'put(2)' 'take()' HELD 'POWERS 0' 'FAILURES 0'
    holds 'a compaction and two writers, a sync fails' 'compact()' 'put(2)' 'put(2)' HELD 'POWERS 0'
    holds 'three compactions, a sync fails' 'compact()' 'compact()' 'compact()' HELD 'POWERS 0'
    holds 'a new shard in two boots' 'put(1)' 'put(2)' nobody NEW
    holds 'a compaction and a writer in two boots, a sync fails' 'compact()' 'put(2)' nobody HELD
    holds 'a compaction and a reader in two boots' 'compact()' 'take()' nobody HELD 'FAILURES 0'
    holds 'whoever was killed, nobody waits for ever' 'compact()' 'put(2)' 'put(2)' HELD CALM 'POWERS 0' 'FAILURES 0'

    breaks 'rule 1: answering before the sync' 'put(1)' 'put(2)' nobody BREAK_SETTLE 'POWERS 0'
    breaks 'rule 1: a reader who answers before the sync' 'put(1)' 'take()' nobody BREAK_READER 'POWERS 0'
    breaks 'rule 1: raising the durable end before the sync' 'put(1)' 'put(1)' nobody BREAK_EARLY 'POWERS 0'
    breaks 'rule 1: raising it to an end seen after the sync' 'put(1)' 'put(2)' 'put(2)' BREAK_END 'POWERS 0'
    breaks 'rule 1: settling a log that is closed' put_both 'put(2)' nobody BREAK_CLOSED 'POWERS 0' 'TROUBLES 1'
    breaks 'rule 2: not writing again what a failed sync dropped' 'put(1)' 'put(1)' nobody BREAK_REWRITE 'POWERS 0'
    breaks 'rule 2: a descriptor that is new, and bytes that are not' put_both 'put(1)' 'put(2)' \
        BREAK_REOPENED 'POWERS 0' 'TROUBLES 1'
    breaks 'rule 2: without the failed flag' 'put(1); put(2)' skip nobody BREAK_FAILED 'POWERS 0'
    breaks 'rule 5: switching before the new log is synced' 'compact()' 'put(2)' nobody HELD BREAK_COPY 'POWERS 0'
    breaks 'rule 5: switching before the directory is synced' 'compact()' 'put(2)' nobody HELD BREAK_DIRECTORY 'POWERS 0'
    breaks 'rule 5: removing the old log before that' 'compact()' 'put(2)' nobody HELD BREAK_OLD 'POWERS 0'
    breaks 'rule 5: publishing under a marker that is trusted' 'compact()' 'put(2)' nobody HELD BREAK_DOUBT 'POWERS 0'
    breaks 'rule 5: leaving a higher log beside the one that goes on' 'compact()' 'put(2)' nobody HELD \
        BREAK_REMOVE_HIGHER 'POWERS 0'
    breaks 'rule 5: syncing only what one has removed oneself' 'compact()' 'put(2)' 'put(2)' HELD \
        BREAK_ONCE_REMOVED 'POWERS 0' 'FAILURES 0'
    breaks 'rule 5: the lowest log after a loss of power' 'compact(); put(2)' 'take()' nobody HELD BREAK_HIGHEST
    breaks 'rule 6: trusting an index that its writer left half-way' 'put(1)' 'put(1)' 'put(2)' BREAK_TRUST 'POWERS 0'
    breaks 'rule 6: the marker of another boot' 'put(1)' 'put(2)' nobody BREAK_BOOT
    breaks 'rule 10: a lock that outlives its holder' 'put(1)' 'put(2)' nobody CALM BREAK_FLOCK 'POWERS 0' 'FAILURES 0'
    breaks 'giving up a new log by a name that is somebody else'\''s' 'compact()' 'compact()' 'compact()' HELD \
        BREAK_ABANDON 'POWERS 0'
}

# On two processors: each takes every other case, in a directory of its own.
for worker in 0 1; do
    rm -rf "$worker" && mkdir "$worker"
    (cd "$worker" && { cases >result || :; } && echo "$number" >cases) &
done
wait
cat 0/result 1/result
passed=$(cat 0/result 1/result | grep -c '^ok ')
failed=$(($(cat 0/cases) - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
