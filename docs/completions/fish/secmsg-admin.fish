# Completion of secmsg-admin for fish. Words and options are asked of the program itself. The names of accounts aren't
# completed: the store is its owner's, who is seldom the one that types.

function __secmsg_admin_given
    set -l is_value 0
    for typed in (commandline -opc)[2..]
        if test $is_value = 1
            set is_value 0
        else if contains -- $typed --store --config --days --expires --uses --note --output
            set is_value 1
        else if not string match -q -- '-*' $typed
            echo $typed
        end
    end
end

function __secmsg_admin_is
    test "$(__secmsg_admin_given)" = "$argv[1]"
end

function __secmsg_admin_help
    secmsg-admin --help </dev/null 2>/dev/null
end

complete -c secmsg-admin -f
complete -c secmsg-admin -n '__secmsg_admin_is ""' -a '(__secmsg_admin_help | string match -rg "^  ([a-z]+)" | sort -u)'
complete -c secmsg-admin -n '__secmsg_admin_is users' -a '(__secmsg_admin_help | string match -arg "users:? +([a-z]+)")'
complete -c secmsg-admin -n '__secmsg_admin_is penalties' -a clear
complete -c secmsg-admin -n '__secmsg_admin_is "penalties
clear"' -a all
complete -c secmsg-admin -n '__secmsg_admin_is invite' -a '(__secmsg_admin_help | string match -rg "^ +invite +([a-z]+)")'
complete -c secmsg-admin -n '__secmsg_admin_is backup; or __secmsg_admin_is restore' -a '(__fish_complete_directories)'
complete -c secmsg-admin -l store -xa '(__fish_complete_directories)'
complete -c secmsg-admin -l config -rF
complete -c secmsg-admin -l output -rF
complete -c secmsg-admin -l days -x
complete -c secmsg-admin -l expires -x
complete -c secmsg-admin -l uses -x
complete -c secmsg-admin -l note -x
complete -c secmsg-admin -n 'string match -q -- "-*" (commandline -ct)' -a '(__secmsg_admin_help | string match -arg "(--[a-z]+)" | sort -u)'
