# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_envr_global_optspecs
    string join \n h/help V/version
end

function __fish_envr_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_envr_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_envr_using_subcommand
    set -l cmd (__fish_envr_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c envr -n "__fish_envr_needs_command" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_needs_command" -s V -l version -d 'Print version'
complete -c envr -n "__fish_envr_needs_command" -f -a "hook" -d 'Print the code that a shell\'s start file evaluates'
complete -c envr -n "__fish_envr_needs_command" -f -a "export" -d 'Print what a shell has to do to be as its directory wants it'
complete -c envr -n "__fish_envr_needs_command" -f -a "allow" -d 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes'
complete -c envr -n "__fish_envr_needs_command" -f -a "permit" -d 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes'
complete -c envr -n "__fish_envr_needs_command" -f -a "grant" -d 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes'
complete -c envr -n "__fish_envr_needs_command" -f -a "deny" -d 'Refuse the `.envrc` or `envr.toml`, whatever it will hold'
complete -c envr -n "__fish_envr_needs_command" -f -a "block" -d 'Refuse the `.envrc` or `envr.toml`, whatever it will hold'
complete -c envr -n "__fish_envr_needs_command" -f -a "revoke" -d 'Refuse the `.envrc` or `envr.toml`, whatever it will hold'
complete -c envr -n "__fish_envr_needs_command" -f -a "disallow" -d 'Refuse the `.envrc` or `envr.toml`, whatever it will hold'
complete -c envr -n "__fish_envr_needs_command" -f -a "review" -d 'Show what an approval would cover, against what was approved last'
complete -c envr -n "__fish_envr_needs_command" -f -a "edit" -d 'Open the `.envrc` in your editor and approve what you wrote'
complete -c envr -n "__fish_envr_needs_command" -f -a "exec" -d 'Run a command in the environment of a directory'
complete -c envr -n "__fish_envr_needs_command" -f -a "reload" -d 'Load the `.envrc` again at the next prompt'
complete -c envr -n "__fish_envr_needs_command" -f -a "status" -d 'Show what is loaded, what was found, and why'
complete -c envr -n "__fish_envr_needs_command" -f -a "setup" -d 'Put the hook into the start files of your shells'
complete -c envr -n "__fish_envr_needs_command" -f -a "doctor" -d 'Look for what is broken in the set-up, and say what mends it'
complete -c envr -n "__fish_envr_needs_command" -f -a "why" -d 'Tell which file and line set a variable; runs the `.envrc` once more'
complete -c envr -n "__fish_envr_needs_command" -f -a "prune" -d 'Forget the approvals of files that are gone or changed'
complete -c envr -n "__fish_envr_needs_command" -f -a "dotenv" -d 'Print a `.env` file as code for a shell'
complete -c envr -n "__fish_envr_needs_command" -f -a "secret" -d 'Read secrets that sops or age encrypted'
complete -c envr -n "__fish_envr_needs_command" -f -a "nix" -d 'Look after the nix shells that are kept'
complete -c envr -n "__fish_envr_needs_command" -f -a "stdlib" -d 'Print the functions that an `.envrc` can use'
complete -c envr -n "__fish_envr_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c envr -n "__fish_envr_needs_command" -f -a "version" -d 'Print the version, or fail when direnv\'s is older than one'
complete -c envr -n "__fish_envr_needs_command" -f -a "up" -d 'Start the project\'s services, supervised'
complete -c envr -n "__fish_envr_needs_command" -f -a "attach" -d 'Show the services in the terminal, with their logs and keys to restart them'
complete -c envr -n "__fish_envr_needs_command" -f -a "down" -d 'Stop the services and their supervisor'
complete -c envr -n "__fish_envr_needs_command" -f -a "ps" -d 'List the services'
complete -c envr -n "__fish_envr_needs_command" -f -a "start" -d 'Start services, and what they need'
complete -c envr -n "__fish_envr_needs_command" -f -a "stop" -d 'Stop services, after those that need them'
complete -c envr -n "__fish_envr_needs_command" -f -a "restart" -d 'Stop services, start them again, and wait until they are back'
complete -c envr -n "__fish_envr_needs_command" -f -a "signal" -d 'Send a signal to the main process of services'
complete -c envr -n "__fish_envr_needs_command" -f -a "services" -d 'Look after the definitions of services'
complete -c envr -n "__fish_envr_needs_command" -f -a "logs" -d 'Show what services said'
complete -c envr -n "__fish_envr_needs_command" -f -a "wait" -d 'Wait for services'
complete -c envr -n "__fish_envr_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c envr -n "__fish_envr_using_subcommand hook" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand export" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand allow" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand permit" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand grant" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand deny" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand block" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand revoke" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand disallow" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand review" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand edit" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand exec" -l redact -d 'Show `[secret]` in the command\'s output where it prints a value of a secrets file'
complete -c envr -n "__fish_envr_using_subcommand exec" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand reload" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand status" -l json -d 'Print JSON, as direnv does'
complete -c envr -n "__fish_envr_using_subcommand status" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand setup" -l yes -d 'Do not ask'
complete -c envr -n "__fish_envr_using_subcommand setup" -l from-direnv -d 'Replace direnv\'s hook, and have the command `direnv` be envr'
complete -c envr -n "__fish_envr_using_subcommand setup" -l undo -d 'Take everything back'
complete -c envr -n "__fish_envr_using_subcommand setup" -l force -d 'Take back what was changed since, too'
complete -c envr -n "__fish_envr_using_subcommand setup" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand why" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand prune" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand dotenv" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "decrypt" -d 'Print a sops or age file in the clear, if all of it is as it was written'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "env" -d 'Print the variables that a file stands for'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "list" -d 'Print the names in a file, which needs no key'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "init" -d 'Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "set" -d 'Set a value, which is typed unseen or comes from standard input'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "unset" -d 'Take a value out'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "edit" -d 'Open a file in your editor; the plaintext stays in memory'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "encrypt" -d 'Encrypt a whole file with sops\'s format'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "rotate" -d 'Encrypt all values anew, with another key'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "updatekeys" -d 'Encrypt the key for those whom `.sops.yaml` names now'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "recipients" -d 'Show or change who can read a file'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "forget" -d 'Drop the keys that `secrets.cache` keeps'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "get" -d 'Print one value'
complete -c envr -n "__fish_envr_using_subcommand secret; and not __fish_seen_subcommand_from decrypt env list init set unset edit encrypt rotate updatekeys recipients forget get help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from decrypt" -l input-type -d 'yaml, json, dotenv, ini or binary; by default what the file\'s name says' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from decrypt" -s i -l identity -d 'A file of age or ssh keys; those of the usual places are not looked at then' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from decrypt" -l filename-override -d 'A name to go by in place of the file\'s: for its type, and for the rule of `.sops.yaml`' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from decrypt" -l output-type -d 'yaml, json, dotenv, ini or binary; by default as the file is' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from decrypt" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from env" -l input-type -d 'yaml, json, dotenv, ini or binary; by default what the file\'s name says' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from env" -s i -l identity -d 'A file of age or ssh keys; those of the usual places are not looked at then' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from env" -l filename-override -d 'A name to go by in place of the file\'s: for its type, and for the rule of `.sops.yaml`' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from env" -s 0 -l null -d 'End each variable with a NUL byte in place of a line end'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from env" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from list" -l input-type -d 'yaml, json, dotenv, ini or binary; by default what the file\'s name says' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from list" -s i -l identity -d 'A file of age or ssh keys; those of the usual places are not looked at then' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from list" -l filename-override -d 'A name to go by in place of the file\'s: for its type, and for the rule of `.sops.yaml`' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from set" -l input-type -d 'yaml, json, dotenv, ini or binary; by default what the file\'s name says' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from set" -s i -l identity -d 'A file of age or ssh keys; those of the usual places are not looked at then' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from set" -l filename-override -d 'A name to go by in place of the file\'s: for its type, and for the rule of `.sops.yaml`' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from set" -l json -d 'The value is JSON: a number, a map, a list'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from unset" -l input-type -d 'yaml, json, dotenv, ini or binary; by default what the file\'s name says' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from unset" -s i -l identity -d 'A file of age or ssh keys; those of the usual places are not looked at then' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from unset" -l filename-override -d 'A name to go by in place of the file\'s: for its type, and for the rule of `.sops.yaml`' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from unset" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from edit" -l input-type -d 'yaml, json, dotenv, ini or binary; by default what the file\'s name says' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from edit" -s i -l identity -d 'A file of age or ssh keys; those of the usual places are not looked at then' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from edit" -l filename-override -d 'A name to go by in place of the file\'s: for its type, and for the rule of `.sops.yaml`' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from encrypt" -s r -l recipient -d 'For whom, in place of what `.sops.yaml` says: an age or ssh key, a PGP fingerprint, an ARN, a file of keys' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from encrypt" -l input-type -d 'yaml, json, dotenv, ini or binary; by default what the file\'s name says' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from encrypt" -s i -l identity -d 'A file of age or ssh keys; those of the usual places are not looked at then' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from encrypt" -l filename-override -d 'A name to go by in place of the file\'s: for its type, and for the rule of `.sops.yaml`' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from encrypt" -l in-place -d 'Replace the file; otherwise it is printed'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from encrypt" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from rotate" -l input-type -d 'yaml, json, dotenv, ini or binary; by default what the file\'s name says' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from rotate" -s i -l identity -d 'A file of age or ssh keys; those of the usual places are not looked at then' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from rotate" -l filename-override -d 'A name to go by in place of the file\'s: for its type, and for the rule of `.sops.yaml`' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from updatekeys" -l input-type -d 'yaml, json, dotenv, ini or binary; by default what the file\'s name says' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from updatekeys" -s i -l identity -d 'A file of age or ssh keys; those of the usual places are not looked at then' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from updatekeys" -l filename-override -d 'A name to go by in place of the file\'s: for its type, and for the rule of `.sops.yaml`' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from updatekeys" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from recipients" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from recipients" -f -a "list" -d 'Print who can read a file'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from recipients" -f -a "add" -d 'Let others read it, too'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from recipients" -f -a "remove" -d 'Let them read it no more, and encrypt all values anew'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from recipients" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from get" -l input-type -d 'yaml, json, dotenv, ini or binary; by default what the file\'s name says' -r
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from get" -s i -l identity -d 'A file of age or ssh keys; those of the usual places are not looked at then' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from get" -l filename-override -d 'A name to go by in place of the file\'s: for its type, and for the rule of `.sops.yaml`' -r -F
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "decrypt" -d 'Print a sops or age file in the clear, if all of it is as it was written'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "env" -d 'Print the variables that a file stands for'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print the names in a file, which needs no key'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "init" -d 'Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "set" -d 'Set a value, which is typed unseen or comes from standard input'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "unset" -d 'Take a value out'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "edit" -d 'Open a file in your editor; the plaintext stays in memory'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "encrypt" -d 'Encrypt a whole file with sops\'s format'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Encrypt all values anew, with another key'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "updatekeys" -d 'Encrypt the key for those whom `.sops.yaml` names now'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "recipients" -d 'Show or change who can read a file'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "forget" -d 'Drop the keys that `secrets.cache` keeps'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "get" -d 'Print one value'
complete -c envr -n "__fish_envr_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -f -a "status" -d 'List the shells that are kept, whether they are current, and what they hold of the store'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -f -a "log" -d 'Show what nix says and does for this project'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -f -a "refresh" -d 'Have nix make the shells of this project anew, whatever is kept'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -f -a "gc" -d 'Let the shells of projects that are gone go'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -f -a "copy" -d 'Copy this project\'s shells to a binary cache'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -f -a "watch" -d 'Have shells made anew as soon as they are out of date'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -f -a "evaluate" -d 'Make the shell that a directory of the cache asks for'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -f -a "attend" -d 'Evaluate, and say so where that is ended from outside'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -f -a "print" -d 'Print the code of `use flake` or `use nix`'
complete -c envr -n "__fish_envr_using_subcommand nix; and not __fish_seen_subcommand_from status log refresh gc copy watch evaluate attend print help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from gc" -l older-than -d 'And those that were not loaded for so long: 12h, 30d, 8w' -r
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from gc" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from copy" -l to -d 'As `nix copy` names it: `file:///srv/cache`, `s3://bucket`, `ssh://host`' -r
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from copy" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from watch" -l in-background
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from evaluate" -l in-background
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from evaluate" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from attend" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from print" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from help" -f -a "status" -d 'List the shells that are kept, whether they are current, and what they hold of the store'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from help" -f -a "log" -d 'Show what nix says and does for this project'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from help" -f -a "refresh" -d 'Have nix make the shells of this project anew, whatever is kept'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from help" -f -a "gc" -d 'Let the shells of projects that are gone go'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from help" -f -a "copy" -d 'Copy this project\'s shells to a binary cache'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Have shells made anew as soon as they are out of date'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from help" -f -a "evaluate" -d 'Make the shell that a directory of the cache asks for'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from help" -f -a "attend" -d 'Evaluate, and say so where that is ended from outside'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from help" -f -a "print" -d 'Print the code of `use flake` or `use nix`'
complete -c envr -n "__fish_envr_using_subcommand nix; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c envr -n "__fish_envr_using_subcommand stdlib" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand completions" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand version" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand up" -l timeout -d 'Give up waiting after this time, such as 30s' -r
complete -c envr -n "__fish_envr_using_subcommand up" -s d -l detach -d 'Leave the services running in the background'
complete -c envr -n "__fish_envr_using_subcommand up" -s w -l wait -d 'Leave them running, and return when they are ready'
complete -c envr -n "__fish_envr_using_subcommand up" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand attach" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand down" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand ps" -l json -d 'Print JSON'
complete -c envr -n "__fish_envr_using_subcommand ps" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand start" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand stop" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand restart" -l timeout -d 'Give up waiting after this time, such as 30s' -r
complete -c envr -n "__fish_envr_using_subcommand restart" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand signal" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand services; and not __fish_seen_subcommand_from import help" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand services; and not __fish_seen_subcommand_from import help" -f -a "import" -d 'Print the services of a process-compose.yaml, docker-compose.yml or Procfile as tables of an `envr.toml`'
complete -c envr -n "__fish_envr_using_subcommand services; and not __fish_seen_subcommand_from import help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c envr -n "__fish_envr_using_subcommand services; and __fish_seen_subcommand_from import" -l write -d 'Add them to the `envr.toml` beside the file'
complete -c envr -n "__fish_envr_using_subcommand services; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand services; and __fish_seen_subcommand_from help" -f -a "import" -d 'Print the services of a process-compose.yaml, docker-compose.yml or Procfile as tables of an `envr.toml`'
complete -c envr -n "__fish_envr_using_subcommand services; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c envr -n "__fish_envr_using_subcommand logs" -s n -l lines -d 'The last lines only' -r
complete -c envr -n "__fish_envr_using_subcommand logs" -l since -d 'What is no older than this, such as 10m, or 2026-01-31T12:00 in UTC' -r
complete -c envr -n "__fish_envr_using_subcommand logs" -s f -l follow -d 'Go on with what comes'
complete -c envr -n "__fish_envr_using_subcommand logs" -s t -l time -d 'Show when each line came, in UTC'
complete -c envr -n "__fish_envr_using_subcommand logs" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand wait" -l for -d 'What they have to be' -r -f -a "ready\t''
completed\t''"
complete -c envr -n "__fish_envr_using_subcommand wait" -l timeout -d 'Give up after this time, such as 30s' -r
complete -c envr -n "__fish_envr_using_subcommand wait" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "hook" -d 'Print the code that a shell\'s start file evaluates'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "export" -d 'Print what a shell has to do to be as its directory wants it'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "allow" -d 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "deny" -d 'Refuse the `.envrc` or `envr.toml`, whatever it will hold'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "review" -d 'Show what an approval would cover, against what was approved last'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "edit" -d 'Open the `.envrc` in your editor and approve what you wrote'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "exec" -d 'Run a command in the environment of a directory'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "reload" -d 'Load the `.envrc` again at the next prompt'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "status" -d 'Show what is loaded, what was found, and why'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "setup" -d 'Put the hook into the start files of your shells'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "doctor" -d 'Look for what is broken in the set-up, and say what mends it'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "why" -d 'Tell which file and line set a variable; runs the `.envrc` once more'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "prune" -d 'Forget the approvals of files that are gone or changed'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "dotenv" -d 'Print a `.env` file as code for a shell'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "secret" -d 'Read secrets that sops or age encrypted'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "nix" -d 'Look after the nix shells that are kept'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "stdlib" -d 'Print the functions that an `.envrc` can use'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "completions" -d 'Print the completions for a shell'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "version" -d 'Print the version, or fail when direnv\'s is older than one'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "up" -d 'Start the project\'s services, supervised'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "attach" -d 'Show the services in the terminal, with their logs and keys to restart them'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "down" -d 'Stop the services and their supervisor'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "ps" -d 'List the services'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "start" -d 'Start services, and what they need'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "stop" -d 'Stop services, after those that need them'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "restart" -d 'Stop services, start them again, and wait until they are back'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "signal" -d 'Send a signal to the main process of services'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "services" -d 'Look after the definitions of services'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "logs" -d 'Show what services said'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "wait" -d 'Wait for services'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv secret nix stdlib completions version up attach down ps start stop restart signal services logs wait help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "decrypt" -d 'Print a sops or age file in the clear, if all of it is as it was written'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "env" -d 'Print the variables that a file stands for'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "list" -d 'Print the names in a file, which needs no key'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "init" -d 'Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "set" -d 'Set a value, which is typed unseen or comes from standard input'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "unset" -d 'Take a value out'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "edit" -d 'Open a file in your editor; the plaintext stays in memory'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "encrypt" -d 'Encrypt a whole file with sops\'s format'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "rotate" -d 'Encrypt all values anew, with another key'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "updatekeys" -d 'Encrypt the key for those whom `.sops.yaml` names now'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "recipients" -d 'Show or change who can read a file'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "forget" -d 'Drop the keys that `secrets.cache` keeps'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "get" -d 'Print one value'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from nix" -f -a "status" -d 'List the shells that are kept, whether they are current, and what they hold of the store'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from nix" -f -a "log" -d 'Show what nix says and does for this project'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from nix" -f -a "refresh" -d 'Have nix make the shells of this project anew, whatever is kept'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from nix" -f -a "gc" -d 'Let the shells of projects that are gone go'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from nix" -f -a "copy" -d 'Copy this project\'s shells to a binary cache'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from nix" -f -a "watch" -d 'Have shells made anew as soon as they are out of date'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from nix" -f -a "evaluate" -d 'Make the shell that a directory of the cache asks for'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from nix" -f -a "attend" -d 'Evaluate, and say so where that is ended from outside'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from nix" -f -a "print" -d 'Print the code of `use flake` or `use nix`'
complete -c envr -n "__fish_envr_using_subcommand help; and __fish_seen_subcommand_from services" -f -a "import" -d 'Print the services of a process-compose.yaml, docker-compose.yml or Procfile as tables of an `envr.toml`'
