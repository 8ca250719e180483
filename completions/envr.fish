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
complete -c envr -n "__fish_envr_needs_command" -f -a "allow" -d 'Approve the `.envrc` as it is now, with the files that it executes'
complete -c envr -n "__fish_envr_needs_command" -f -a "permit" -d 'Approve the `.envrc` as it is now, with the files that it executes'
complete -c envr -n "__fish_envr_needs_command" -f -a "grant" -d 'Approve the `.envrc` as it is now, with the files that it executes'
complete -c envr -n "__fish_envr_needs_command" -f -a "deny" -d 'Refuse the `.envrc`, whatever it will hold'
complete -c envr -n "__fish_envr_needs_command" -f -a "block" -d 'Refuse the `.envrc`, whatever it will hold'
complete -c envr -n "__fish_envr_needs_command" -f -a "revoke" -d 'Refuse the `.envrc`, whatever it will hold'
complete -c envr -n "__fish_envr_needs_command" -f -a "disallow" -d 'Refuse the `.envrc`, whatever it will hold'
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
complete -c envr -n "__fish_envr_needs_command" -f -a "stdlib" -d 'Print the functions that an `.envrc` can use'
complete -c envr -n "__fish_envr_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c envr -n "__fish_envr_needs_command" -f -a "version" -d 'Print the version, or fail when direnv\'s is older than one'
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
complete -c envr -n "__fish_envr_using_subcommand exec" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand reload" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand status" -l json -d 'Print JSON, as direnv does'
complete -c envr -n "__fish_envr_using_subcommand status" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand setup" -l yes -d 'Do not ask'
complete -c envr -n "__fish_envr_using_subcommand setup" -l from-direnv -d 'Replace direnv\'s hook, and have the command `direnv` be envr'
complete -c envr -n "__fish_envr_using_subcommand setup" -l undo -d 'Take everything back'
complete -c envr -n "__fish_envr_using_subcommand setup" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand why" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand prune" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand dotenv" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand stdlib" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand completions" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand version" -s h -l help -d 'Print help'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "hook" -d 'Print the code that a shell\'s start file evaluates'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "export" -d 'Print what a shell has to do to be as its directory wants it'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "allow" -d 'Approve the `.envrc` as it is now, with the files that it executes'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "deny" -d 'Refuse the `.envrc`, whatever it will hold'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "review" -d 'Show what an approval would cover, against what was approved last'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "edit" -d 'Open the `.envrc` in your editor and approve what you wrote'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "exec" -d 'Run a command in the environment of a directory'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "reload" -d 'Load the `.envrc` again at the next prompt'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "status" -d 'Show what is loaded, what was found, and why'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "setup" -d 'Put the hook into the start files of your shells'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "doctor" -d 'Look for what is broken in the set-up, and say what mends it'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "why" -d 'Tell which file and line set a variable; runs the `.envrc` once more'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "prune" -d 'Forget the approvals of files that are gone or changed'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "dotenv" -d 'Print a `.env` file as code for a shell'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "stdlib" -d 'Print the functions that an `.envrc` can use'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "completions" -d 'Print the completions for a shell'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "version" -d 'Print the version, or fail when direnv\'s is older than one'
complete -c envr -n "__fish_envr_using_subcommand help; and not __fish_seen_subcommand_from hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
