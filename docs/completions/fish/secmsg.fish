# Completion of secmsg for fish. Words and options are asked of the program itself, so that they are those of the one
# that is typed. Users are those whose identities are pinned; nothing that wants a password or a server is run.

set -g __secmsg_files password-file new-password-file invite-file file output home
set -g __secmsg_values server user password-fd new-password-fd timeout remember invite yes message number reply drop host

function __secmsg_words
    secmsg help </dev/null 2>/dev/null | sed -n '/^Options/q; s/^  \([a-z][a-z-]*\)  *\(.*\)/\1\t\2/p'
end

# The word that stands before the cursor, if there is one yet.
function __secmsg_word
    set -l known (__secmsg_words | string split -f 1 \t)
    set -l is_value 0
    for typed in (commandline -opc)[2..]
        if test $is_value = 1
            set is_value 0
        else if contains -- $typed -m -f -o -n --exec --trust --$__secmsg_files --$__secmsg_values
            set is_value 1
        else if contains -- $typed $known
            echo $typed
            return
        end
    end
    return 1
end

function __secmsg_word_is
    contains -- (__secmsg_word; or echo none) $argv
end

function __secmsg_options
    secmsg help (__secmsg_word) </dev/null 2>/dev/null |
        string match -arg '(?:^|[^[:alnum:]-])(-(?:-[a-z][a-z-]+|[a-z]))\b' | sort -u
end

function __secmsg_contacts
    env SECMSG_JSON=no secmsg contacts </dev/null 2>/dev/null | string match -rg '^([a-z0-9][a-z0-9._-]*) '
end

complete -c secmsg -f
complete -c secmsg -n 'not __secmsg_word >/dev/null; or __secmsg_word_is help' -a '(__secmsg_words)'
complete -c secmsg -n 'string match -q -- "-*" (commandline -ct)' -a '(__secmsg_options)'
complete -c secmsg -n '__secmsg_word_is send history fingerprint trust seal' -a '(__secmsg_contacts)'
complete -c secmsg -n '__secmsg_word_is keys' -a 'backup restore'
complete -c secmsg -n '__secmsg_word_is verify open save keys' -F
for name in $__secmsg_files
    complete -c secmsg -n "contains -- --$name (__secmsg_options)" -l $name -rF
end
for name in $__secmsg_values
    complete -c secmsg -n "contains -- --$name (__secmsg_options)" -l $name -x
end
complete -c secmsg -l trust -xa 'first-use strict'
complete -c secmsg -l exec -xa '(__fish_complete_command)'
complete -c secmsg -n '__secmsg_word_is send reply seal' -s f -rF
complete -c secmsg -n '__secmsg_word_is read' -s o -rF
complete -c secmsg -n '__secmsg_word_is send reply seal' -s m -x
complete -c secmsg -n '__secmsg_word_is read history' -s n -x
