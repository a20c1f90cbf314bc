#!/bin/sh
# Starts a secmsg server in the foreground: one secmsg-handler for each connection, until Ctrl-C.
#
# For a service that starts with the machine see docs/operating.md.
set -eu

usage() {
    cat <<'END'
Usage: ./startServer.sh PORT [OPTION...]

Listens on TCP port PORT (the usual one is 7325) until Ctrl-C. Builds, and on
Debian installs, what is missing. The log goes to the terminal.

An OPTION is one of the handler's settings, written --NAME=VALUE, for example:
  --store=DIR              the store's directory (default: $SECMSG_STORE, else
                           $XDG_STATE_HOME/secmsg-server, else
                           ~/.local/state/secmsg-server)
  --registration=closed    nobody may register any more (default: open)
  --log-level=debug        see build/secmsg-handler --help for all
END
}

fail() { # EXIT-STATUS MESSAGE
    echo "startServer.sh: $2" >&2
    exit "$1"
}

# Whether any socket of this machine listens on the port. Looking is enough: a trial connection would be a
# session for whoever listens there.
is_listening() {
    grep -qsE "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$port") [0-9A-F]+:[0-9A-F]+ 0A " \
        /proc/net/tcp /proc/net/tcp6
}

# Whether any process of the server's group lives. kill -0 would also find those that are dead and that
# nobody has waited for.
is_group_alive() {
    grep -qsE "^[0-9]+ \(.*\) [^ZX] [0-9]+ $server " /proc/[0-9]*/stat
}

is_server_alive() {
    grep -qsE '^[0-9]+ \(.*\) [^ZX] ' "/proc/$server/stat"
}

# Ends the listener and all handlers. A handler that is asked to end says so to its peer, which takes
# two seconds at most.
stop() {
    trap '' INT TERM HUP
    if [ -n "$server" ]; then
        kill -s TERM -- "-$server" 2>/dev/null || kill -s TERM "$server" 2>/dev/null || :
        wait "$server" 2>/dev/null || :
        tries=0
        while is_group_alive && [ "$tries" -lt 50 ]; do
            sleep 0.1
            tries=$((tries + 1))
        done
        kill -s KILL -- "-$server" 2>/dev/null || :
    fi
}

# The listener leads a session of its own, so that Ctrl-C reaches this script alone and stop() reaches
# everybody; if this script is killed, the kernel ends the listener.
listen() {
    if command -v systemd-socket-activate >/dev/null; then
        set -- systemd-socket-activate --accept --inetd --listen="$port" "$@"
        export SYSTEMD_LOG_LEVEL=warning # else four lines for each connection
    else
        set -- tcpserver -HRl0 -c 512 -b 512 0 "$port" "$@"
    fi
    setsid setpriv --pdeathsig TERM "$@" </dev/null &
    server=$!
}

# ---- arguments ----

port=
server=
state=${XDG_STATE_HOME:-${HOME:+$HOME/.local/state}}
store=${SECMSG_STORE:-${state:+$state/secmsg-server}}
for argument in "$@"; do
    shift
    case $argument in
    -h | --help) usage && exit 0 ;;
    --store=?*) store=${argument#--store=} ;;
    --?*=?*) set -- "$@" "$argument" ;;
    -*) fail 64 "'$argument' is no setting: write --NAME=VALUE. See --help." ;;
    *)
        [ -z "$port" ] || fail 64 "one port only, please: '$port' or '$argument'? See --help."
        port=$argument
        ;;
    esac
done

case $port in
'') fail 64 "on which port? For example: ./startServer.sh 7325" ;;
*[!0-9]* | 0* | ??????*) fail 64 "'$port' is not a port: a number from 1 to 65535" ;;
esac
[ "$port" -le 65535 ] || fail 64 "'$port' is not a port: a number from 1 to 65535"
if is_listening; then
    fail 69 "port $port is taken: another program listens on it"
fi

[ -n "$store" ] || fail 64 "where is the store to be? HOME isn't set: give --store=DIR"

# ---- set-up ----

here=$(cd "$(dirname "$0")" && pwd)
handler=$here/build/secmsg-handler
command -v make >/dev/null || fail 69 "make is missing. On Debian: sudo apt-get install make"
make -s -C "$here" setup-build >&2
make -s -j "$(nproc)" -C "$here" build/secmsg-handler build/secmsg build/secmsg-admin >&2

mkdir -p "$(dirname "$store")" || fail 73 "can't make a directory for the store; give another, --store=DIR"
fingerprint=$("$handler" --store "$store" "$@" --log-level=warning --fingerprint) # makes a missing store
store=$(cd "$store" && pwd)

# ---- serving ----

trap 'stop; echo "secmsg server stopped" 2>/dev/null || :; exit 0' INT TERM HUP
listen "$handler" --store "$store" "$@"

tries=0
until is_listening; do
    tries=$((tries + 1))
    if ! is_server_alive || [ "$tries" -gt 50 ]; then
        stop
        fail 69 "could not listen on port $port"
    fi
    sleep 0.1
done

addresses=$(hostname -I 2>/dev/null || :)
cat <<END
secmsg server, port $port, addresses: localhost $addresses
host key:        $fingerprint
store:           $store
start a client:  ./startClient.sh localhost $port
END
for address in $addresses; do
    echo "from elsewhere:  ./startClient.sh $address $port"
    break
done
echo "Ctrl-C stops the server."

wait "$server" || :
stop
fail 70 "the listening process ended by itself"
