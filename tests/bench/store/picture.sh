#!/bin/sh
# Makes bench.md and bench-store.svg of what the store's benchmark measured last.
#
# Usage: tests/bench/store/picture.sh RESULTS DOCS
set -eu
results=$1
docs=$2
if ! command -v gnuplot >/dev/null; then
    echo 'bench-picture needs gnuplot: apt-get install gnuplot-nox' >&2
    exit 1
fi
for file in report.txt writers.dat stock.dat; do
    if [ ! -s "$results/$file" ]; then
        echo "bench-picture: there is no $file yet: make bench-store" >&2
        exit 1
    fi
done
gnuplot -e "results='$results'; output='$docs/bench-store.svg'; \
            date='$(sed -n 's/^date *//p' "$results/report.txt")'" "$(dirname "$0")/picture.gp"
sed -i 's/[[:space:]]*$//' "$docs/bench-store.svg"
{
    cat <<'EOF'
# The store's numbers

What `make bench-store` printed, side by side in one run on the machine that its first lines name, and what
it drew (`make bench-picture` made this page of it). Ratios count: times belong to the machine. A goal stands beside
each number that has one; it isn't a test, since other work on the machine can spoil a run.

![Rate against writers, and cost against stored messages](bench-store.svg)

EOF
    echo '```text'
    cat "$results/report.txt"
    echo '```'
    cat <<'EOF'

## How it is measured

* **Writers.** A bare appender does one `write` of the same 1,500 bytes with O_APPEND and one `fdatasync`
  for each message, and nothing else: no names, no index, no checksum, no lock. Writers to mailboxes of their own
  stand beside appenders to files of their own, so that on neither side anybody waits for anybody; writers to one
  mailbox beside appenders to one file; writers to 10,000 mailboxes (256 shards) beside appenders to 256 open files.
  The two sides run by turns of 0.4 s, the number is the median of seven ratios of neighbouring turns, and the least
  and the greatest stand in parentheses. Sixteen writers on few cores are bound by the processor: where other
  programs want it too, the store's share falls (to 0.4 and 0.5 with a load of 10), and `chrt -f 10` keeps them out.
* **Waiting messages.** Two stores are used by turns, one of which keeps 1,000 messages. Each operation goes
  to a mailbox at random, is settled, and mostly finds a shard that its handle hasn't open, as a session's first does.
* **Bytes written** are counted in `write`, `pwrite` and their sisters, GDBM's too, by the name of the file. What a
  compaction writes to memory (a copy of the index, and the new one until it is whole) is told apart: what goes from
  there to a file is counted there.
* **After a crash**: a writer kills itself between index and marker, with SIGKILL.
EOF
} >"$docs/bench.md"
