#!/bin/sh
# The rules of the house that a machine can check. Each finding is a line `file:line: rule: what`.
#
# Usage: tests/lint.sh C_FILE...        (`make lint` calls it, with all there are)
set -eu
cd "$(dirname "$0")/.."

# Prints the findings that a check wrote to stdin, and counts them.
report() { # RULE
    while IFS= read -r line; do
        echo "$line" | sed "s/^\([^:]*:[0-9]*\):* */\1: $1: /"
        echo x >>"$counted"
    done
}

if [ $# -eq 0 ]; then
    echo "tests/lint.sh wants to be told the C files: use make lint" >&2
    exit 2
fi

counted=$(mktemp)
trap 'rm -f "$counted"' EXIT

for tool in clang-format cppcheck shellcheck systemd-analyze; do
    if ! command -v "$tool" >/dev/null; then
        echo "make lint needs $tool: make deps-lint installs it" >&2
        exit 1
    fi
done

c_files=$*
sources=$(printf '%s\n' "$@" | grep -E '^(src|client)/.*\.c$')
headers=$(printf '%s\n' "$@" | grep -E '^(src|client)/.*\.h$')
scripts=$(grep -lE '^#(!/bin/(ba)?sh| shellcheck shell=bash)' ./*.sh .ci/* tests/*.sh tests/*/*.sh tests/*/*/*.sh docs/completions/*/* systemd/debian/* 2>/dev/null || :)

# Prints the line number and name of every file that a file includes.
includes() { # FILE
    sed -nE '/^#include/{=;s/^#include ["<]([^">]*)[">].*/\1/p}' "$1" | paste -d ' ' - -
}

# What stands at the top is what a visitor sees first. (A copy without git has nothing to ask.)
check_top() {
    git ls-files 2>/dev/null | cut -d/ -f1 | sort -u |
        grep -vxE 'Makefile|README\.md|LICENSE|src|client|systemd|startServer\.sh|startClient\.sh|tests|docs|\..*' |
        sed 's/$/:1: does not belong at the top level/' || :
}

check_sizes() {
    # shellcheck disable=SC2086
    for file in $sources $headers; do
        lines=$(wc -l <"$file")
        [ "$lines" -le 400 ] || echo "$file:$lines: has $lines lines, 400 are allowed"
    done
    # shellcheck disable=SC2086
    awk -f tests/lint/functions.awk $sources </dev/null
}

check_opening() {
    for file in $sources; do
        [ "$(head -n 1 "$file")" = '/* SPDX-License-Identifier: GPL-3.0-or-later */' ] ||
            echo "$file:1: does not begin with its licence"
        sed -n 2,3p "$file" | grep -q '^/\* ' || echo "$file:2: does not say what its job is"
    done
}

check_banned() {
    for file in $sources; do
        last=$(includes "$file" | tail -n 1)
        [ "${last#* }" = base/banned.h ] ||
            echo "$file:${last%% *}: the last #include is not \"base/banned.h\""
    done
}

# Which room may include which: base <- crypto <- wire <- {handler, client},
# base <- crypto <- store <- {handler, admin}, base <- crypto <- guard <- {handler, admin}.
rooms_below() { # FILE
    case $1 in
    src/base/*) echo base ;;
    src/crypto/*) echo base crypto ;;
    src/wire/*) echo base crypto wire ;;
    src/store/*) echo base crypto store ;;
    src/guard/*) echo base crypto guard ;;
    src/handler/*) echo base crypto wire store guard handler ;;
    src/admin/*) echo base crypto wire store guard admin ;;
    client/*) echo base crypto wire client ;;
    esac
}

check_directions() {
    for file in $sources $headers; do
        allowed=$(rooms_below "$file")
        includes "$file" | while read -r line name; do
            case $name in
            base/* | crypto/* | wire/* | store/* | guard/* | handler/* | admin/* | client/*)
                case " $allowed " in
                *" ${name%%/*} "*) ;;
                *) echo "$file:$line: this room may not include $name" ;;
                esac
                ;;
            esac
            case $name:$file in
            gcrypt.h:src/crypto/* | gdbm.h:src/store/gdbm/* | libpq-fe.h:src/store/postgres/*) ;;
            readline/*:client/* | jansson.h:client/json.c | keyutils.h:client/remember.c) ;;
            gcrypt.h:* | gdbm.h:* | libpq-fe.h:* | readline/* | jansson.h:* | keyutils.h:*)
                echo "$file:$line: <$name> belongs to another room"
                ;;
            esac
        done
    done
    # Handed bytes and times, these two do no I/O and read no clock. (crypto.c asks for the page size when it
    # sets locked memory aside.)
    find src/crypto src/wire -name '*.[ch]' | while read -r file; do
        includes "$file" | grep -E \
            ' (time|unistd|fcntl|poll|sys/(socket|stat|time|file)|base/(clock|file|stream|conf))\.h$' |
            while read -r line name; do
                [ "$file $name" != 'src/crypto/crypto.c unistd.h' ] || continue
                echo "$file:$line: crypto and wire do no I/O and read no clock, but this is $name"
            done
    done
}

check_layout() {
    # shellcheck disable=SC2086
    clang-format --dry-run -Werror $c_files 2>&1 | sed -nE 's/^([^ ]+:[0-9]+):[0-9]+: .*/\1: make format mends it/p'
}

check_white_space() {
    find . \( -path ./.git -o -path ./build -o -path ./tests/vectors -o -path ./tests/fuzz/corpus -o -path ./tests/fuzz/regressions -o -name __pycache__ -o -name LICENSE \) -prune \
        -o -type f -exec grep -nE '[[:blank:]]+$' /dev/null {} + |
        sed -E 's/^\.\/([^:]*:[0-9]+):.*/\1: at the end of the line/'
}

# Uninitialized variables are left to the compilers: cppcheck doesn't see that a function of another file
# sets what it is handed.
check_cppcheck() {
    # shellcheck disable=SC2086
    cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr -Isrc -I. -D_GNU_SOURCE \
        -D__linux__ --suppress=missingIncludeSystem --suppress=uninitvar --suppress=uninitStructMember \
        --template='{file}:{line}: {id}: {message}' $sources 2>&1
}

check_scripts() {
    # shellcheck disable=SC2086
    shellcheck -f gcc $scripts | sed -E 's/^(\.\/)?([^:]*:[0-9]+):[0-9]+:/\2:/'
}

# systemd-analyze wants to find the program where the unit says: it is given one that is there.
check_units() {
    units=$(mktemp -d)
    for unit in secmsg.socket secmsg@.service secmsg-metrics.service secmsg-metrics.timer; do
        sed "s|=-/usr/local/bin/secmsg-handler|=-$(command -v true)|; s|=/usr/local/bin/secmsg-admin|=$(command -v true)|" "systemd/$unit" >"$units/$unit"
    done
    SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$units/secmsg.socket" \
        "$units/secmsg@.service" "$units/secmsg-metrics.timer" 2>&1 | sed -nE "s,^$units/([^:]+:[0-9]+),systemd/\1,p;s,^secmsg,systemd/secmsg.socket:1: &,p"
    rm -rf "$units"
}

check_top | report top-level
check_sizes | report size
check_opening | report opening
check_banned | report banned
check_directions | report direction
check_layout | sort -u | report layout
check_white_space | report white-space
check_cppcheck | report cppcheck
check_scripts | report shellcheck
check_units | report units

findings=$(wc -l <"$counted")
if [ "$findings" -gt 0 ]; then
    echo "lint: $findings findings"
    exit 1
fi
echo "lint: nothing found"
