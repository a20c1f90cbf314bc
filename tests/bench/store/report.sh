#!/bin/sh
# Runs the store's benchmark, with the machine and the command above its numbers, and keeps what it prints.
#
# Usage: tests/bench/store/report.sh DIRECTORY MESSAGES [SUBJECT...]
#
# DIRECTORY has the program bench-store; stores are made in DIRECTORY/data and removed, numbers for the picture go
# to DIRECTORY/results.
set -eu
directory=$1
messages=$2
shift 2

data=$directory/data
results=$directory/results
trap 'rm -rf "$data"' EXIT

version() { # PACKAGE
    dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo unknown
}

kind_of_disk() {
    source=$(df --output=source "$data" | tail -n 1)
    name=$(basename "$source")
    rotational=$(cat "/sys/class/block/$name/queue/rotational" "/sys/class/block/$name/../queue/rotational" \
        2>/dev/null | head -n 1)
    case $name in vd*) kind='virtual disk' ;; nvme*) kind='NVMe' ;; sd*) kind='SATA or SAS' ;; *) kind='other' ;; esac
    [ "$rotational" = 1 ] && kind="$kind, said to rotate"
    options=$(awk -v d="$source" '$1 == d { print $3 " " $4; exit }' /proc/mounts)
    echo "$kind, $options"
}

# As it was typed: make tells its overrides behind `--`, with spaces escaped as a shell wants them.
typed() {
    policy=$(chrt -p $$ 2>/dev/null | sed -n 's/.*policy: //p')
    priority=$(chrt -p $$ 2>/dev/null | sed -n 's/.*priority: //p')
    case $policy in SCHED_FIFO*) printf 'chrt -f %s ' "$priority" ;; SCHED_RR*) printf 'chrt -r %s ' "$priority" ;; esac
    printf 'make bench-store'
    case ${MAKEFLAGS-} in *'-- '*) printf ' %s' "${MAKEFLAGS#*-- }" ;; esac
}

{
    echo "date      $(date +%Y-%m-%d)"
    echo "machine   $(nproc) cores ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), Linux $(uname -r)"
    echo "disk      $(kind_of_disk)"
    echo "libraries gdbm $(version libgdbm6), libgcrypt $(version libgcrypt20)"
    echo "command   $(typed)"
    echo "scheduler $(chrt -p $$ 2>/dev/null | sed -n 's/.*policy: //p')"
    echo "load      $(cut -d ' ' -f 1 /proc/loadavg) before the first measurement"
    echo
} | tee "$results/report.txt"
# A pipe would lose the exit status, and stdout in a file comes late.
stdbuf -oL "$directory/bench-store" "$data" "$results" "$messages" "$@" >"$results/numbers.txt" &
program=$!
tail -n +1 -f --pid=$program "$results/numbers.txt"
wait $program
cat "$results/numbers.txt" >>"$results/report.txt"
