
use builtin;
use str;

set edit:completion:arg-completer[envr] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'envr'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'envr'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand hook 'Print the code that a shell''s start file evaluates'
            cand export 'Print what a shell has to do to be as its directory wants it'
            cand allow 'Approve the `.envrc` as it is now, with the files that it executes'
            cand permit 'Approve the `.envrc` as it is now, with the files that it executes'
            cand grant 'Approve the `.envrc` as it is now, with the files that it executes'
            cand deny 'Refuse the `.envrc`, whatever it will hold'
            cand block 'Refuse the `.envrc`, whatever it will hold'
            cand revoke 'Refuse the `.envrc`, whatever it will hold'
            cand disallow 'Refuse the `.envrc`, whatever it will hold'
            cand review 'Show what an approval would cover, against what was approved last'
            cand edit 'Open the `.envrc` in your editor and approve what you wrote'
            cand exec 'Run a command in the environment of a directory'
            cand reload 'Load the `.envrc` again at the next prompt'
            cand status 'Show what is loaded, what was found, and why'
            cand setup 'Put the hook into the start files of your shells'
            cand doctor 'Look for what is broken in the set-up, and say what mends it'
            cand why 'Tell which file and line set a variable; runs the `.envrc` once more'
            cand prune 'Forget the approvals of files that are gone or changed'
            cand dotenv 'Print a `.env` file as code for a shell'
            cand stdlib 'Print the functions that an `.envrc` can use'
            cand completions 'Print the completions for a shell'
            cand version 'Print the version, or fail when direnv''s is older than one'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'envr;hook'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;export'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;allow'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;permit'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;grant'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;deny'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;block'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;revoke'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;disallow'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;review'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;edit'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;exec'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;reload'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;status'= {
            cand --json 'Print JSON, as direnv does'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;setup'= {
            cand --yes 'Do not ask'
            cand --from-direnv 'Replace direnv''s hook, and have the command `direnv` be envr'
            cand --undo 'Take everything back'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;doctor'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;why'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;prune'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;dotenv'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;stdlib'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;completions'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;version'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;help'= {
            cand hook 'Print the code that a shell''s start file evaluates'
            cand export 'Print what a shell has to do to be as its directory wants it'
            cand allow 'Approve the `.envrc` as it is now, with the files that it executes'
            cand deny 'Refuse the `.envrc`, whatever it will hold'
            cand review 'Show what an approval would cover, against what was approved last'
            cand edit 'Open the `.envrc` in your editor and approve what you wrote'
            cand exec 'Run a command in the environment of a directory'
            cand reload 'Load the `.envrc` again at the next prompt'
            cand status 'Show what is loaded, what was found, and why'
            cand setup 'Put the hook into the start files of your shells'
            cand doctor 'Look for what is broken in the set-up, and say what mends it'
            cand why 'Tell which file and line set a variable; runs the `.envrc` once more'
            cand prune 'Forget the approvals of files that are gone or changed'
            cand dotenv 'Print a `.env` file as code for a shell'
            cand stdlib 'Print the functions that an `.envrc` can use'
            cand completions 'Print the completions for a shell'
            cand version 'Print the version, or fail when direnv''s is older than one'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'envr;help;hook'= {
        }
        &'envr;help;export'= {
        }
        &'envr;help;allow'= {
        }
        &'envr;help;deny'= {
        }
        &'envr;help;review'= {
        }
        &'envr;help;edit'= {
        }
        &'envr;help;exec'= {
        }
        &'envr;help;reload'= {
        }
        &'envr;help;status'= {
        }
        &'envr;help;setup'= {
        }
        &'envr;help;doctor'= {
        }
        &'envr;help;why'= {
        }
        &'envr;help;prune'= {
        }
        &'envr;help;dotenv'= {
        }
        &'envr;help;stdlib'= {
        }
        &'envr;help;completions'= {
        }
        &'envr;help;version'= {
        }
        &'envr;help;help'= {
        }
    ]
    $completions[$command]
}
