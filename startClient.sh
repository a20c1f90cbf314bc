#!/bin/sh
# Starts the secmsg client's prompt against a server.
set -eu

usage() {
    cat <<'END'
Usage: ./startClient.sh HOSTNAME PORT

Connects to the secmsg server on that host and port (the usual port is 7325) and
asks what you want to do. Builds the client if that is missing.

For scripts, build/secmsg has subcommands: see build/secmsg --help.
END
}

fail() { # EXIT-STATUS MESSAGE
    echo "startClient.sh: $2" >&2
    exit "$1"
}

case ${1:-} in
-h | --help) usage && exit 0 ;;
esac
[ $# -eq 2 ] || fail 64 "which host and port? For example: ./startClient.sh localhost 7325"
host=$1
port=$2

case $host in
\[*:*\]) ;;
'' | -* | *[!A-Za-z0-9._:%-]*) fail 64 "'$host' is not a host name or an address" ;;
*:*) host="[$host]" ;;
esac
case $port in
'' | *[!0-9]* | 0* | ??????*) fail 64 "'$port' is not a port: a number from 1 to 65535" ;;
esac
[ "$port" -le 65535 ] || fail 64 "'$port' is not a port: a number from 1 to 65535"

here=$(cd "$(dirname "$0")" && pwd)
command -v make >/dev/null || fail 69 "make is missing. On Debian: sudo apt-get install make"
make -s -C "$here" setup-build >&2
make -s -j "$(nproc)" -C "$here" build/secmsg >&2

exec "$here/build/secmsg" --server "$host:$port"
