
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
            cand allow 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes'
            cand permit 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes'
            cand grant 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes'
            cand deny 'Refuse the `.envrc` or `envr.toml`, whatever it will hold'
            cand block 'Refuse the `.envrc` or `envr.toml`, whatever it will hold'
            cand revoke 'Refuse the `.envrc` or `envr.toml`, whatever it will hold'
            cand disallow 'Refuse the `.envrc` or `envr.toml`, whatever it will hold'
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
            cand secret 'Read secrets that sops or age encrypted'
            cand nix 'Look after the nix shells that are kept'
            cand stdlib 'Print the functions that an `.envrc` can use'
            cand completions 'Print the completions for a shell'
            cand version 'Print the version, or fail when direnv''s is older than one'
            cand up 'Start the project''s services, supervised'
            cand attach 'Show the services in the terminal, with their logs and keys to restart them'
            cand down 'Stop the services and their supervisor'
            cand ps 'List the services'
            cand start 'Start services, and what they need'
            cand stop 'Stop services, after those that need them'
            cand restart 'Stop services, start them again, and wait until they are back'
            cand signal 'Send a signal to the main process of services'
            cand services 'Look after the definitions of services'
            cand logs 'Show what services said'
            cand wait 'Wait for services'
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
            cand --redact 'Show `[secret]` in the command''s output where it prints a value of a secrets file'
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
            cand --force 'Take back what was changed since, too'
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
        &'envr;secret'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand decrypt 'Print a sops or age file in the clear, if all of it is as it was written'
            cand env 'Print the variables that a file stands for'
            cand list 'Print the names in a file, which needs no key'
            cand init 'Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none'
            cand set 'Set a value, which is typed unseen or comes from standard input'
            cand unset 'Take a value out'
            cand edit 'Open a file in your editor; the plaintext stays in memory'
            cand encrypt 'Encrypt a whole file with sops''s format'
            cand rotate 'Encrypt all values anew, with another key'
            cand updatekeys 'Encrypt the key for those whom `.sops.yaml` names now'
            cand recipients 'Show or change who can read a file'
            cand forget 'Drop the keys that `secrets.cache` keeps'
            cand get 'Print one value'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'envr;secret;decrypt'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand --output-type 'yaml, json, dotenv, ini or binary; by default as the file is'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;env'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand -0 'End each variable with a NUL byte in place of a line end'
            cand --null 'End each variable with a NUL byte in place of a line end'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;list'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;init'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;set'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand --json 'The value is JSON: a number, a map, a list'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;unset'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;edit'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;encrypt'= {
            cand -r 'For whom, in place of what `.sops.yaml` says: an age or ssh key, a PGP fingerprint, an ARN, a file of keys'
            cand --recipient 'For whom, in place of what `.sops.yaml` says: an age or ssh key, a PGP fingerprint, an ARN, a file of keys'
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand --in-place 'Replace the file; otherwise it is printed'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;rotate'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;updatekeys'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;recipients'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'Print who can read a file'
            cand add 'Let others read it, too'
            cand remove 'Let them read it no more, and encrypt all values anew'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'envr;secret;recipients;list'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;recipients;add'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;recipients;remove'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;recipients;help'= {
            cand list 'Print who can read a file'
            cand add 'Let others read it, too'
            cand remove 'Let them read it no more, and encrypt all values anew'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'envr;secret;recipients;help;list'= {
        }
        &'envr;secret;recipients;help;add'= {
        }
        &'envr;secret;recipients;help;remove'= {
        }
        &'envr;secret;recipients;help;help'= {
        }
        &'envr;secret;forget'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;get'= {
            cand --input-type 'yaml, json, dotenv, ini or binary; by default what the file''s name says'
            cand -i 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --identity 'A file of age or ssh keys; those of the usual places are not looked at then'
            cand --filename-override 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;secret;help'= {
            cand decrypt 'Print a sops or age file in the clear, if all of it is as it was written'
            cand env 'Print the variables that a file stands for'
            cand list 'Print the names in a file, which needs no key'
            cand init 'Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none'
            cand set 'Set a value, which is typed unseen or comes from standard input'
            cand unset 'Take a value out'
            cand edit 'Open a file in your editor; the plaintext stays in memory'
            cand encrypt 'Encrypt a whole file with sops''s format'
            cand rotate 'Encrypt all values anew, with another key'
            cand updatekeys 'Encrypt the key for those whom `.sops.yaml` names now'
            cand recipients 'Show or change who can read a file'
            cand forget 'Drop the keys that `secrets.cache` keeps'
            cand get 'Print one value'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'envr;secret;help;decrypt'= {
        }
        &'envr;secret;help;env'= {
        }
        &'envr;secret;help;list'= {
        }
        &'envr;secret;help;init'= {
        }
        &'envr;secret;help;set'= {
        }
        &'envr;secret;help;unset'= {
        }
        &'envr;secret;help;edit'= {
        }
        &'envr;secret;help;encrypt'= {
        }
        &'envr;secret;help;rotate'= {
        }
        &'envr;secret;help;updatekeys'= {
        }
        &'envr;secret;help;recipients'= {
            cand list 'Print who can read a file'
            cand add 'Let others read it, too'
            cand remove 'Let them read it no more, and encrypt all values anew'
        }
        &'envr;secret;help;recipients;list'= {
        }
        &'envr;secret;help;recipients;add'= {
        }
        &'envr;secret;help;recipients;remove'= {
        }
        &'envr;secret;help;forget'= {
        }
        &'envr;secret;help;get'= {
        }
        &'envr;secret;help;help'= {
        }
        &'envr;nix'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand status 'List the shells that are kept, whether they are current, and what they hold of the store'
            cand log 'Show what nix says and does for this project'
            cand refresh 'Have nix make the shells of this project anew, whatever is kept'
            cand gc 'Let the shells of projects that are gone go'
            cand copy 'Copy this project''s shells to a binary cache'
            cand watch 'Have shells made anew as soon as they are out of date'
            cand evaluate 'Make the shell that a directory of the cache asks for'
            cand attend 'Evaluate, and say so where that is ended from outside'
            cand print 'Print the code of `use flake` or `use nix`'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'envr;nix;status'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;nix;log'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;nix;refresh'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;nix;gc'= {
            cand --older-than 'And those that were not loaded for so long: 12h, 30d, 8w'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;nix;copy'= {
            cand --to 'As `nix copy` names it: `file:///srv/cache`, `s3://bucket`, `ssh://host`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;nix;watch'= {
            cand --in-background 'in-background'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;nix;evaluate'= {
            cand --in-background 'in-background'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;nix;attend'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;nix;print'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;nix;help'= {
            cand status 'List the shells that are kept, whether they are current, and what they hold of the store'
            cand log 'Show what nix says and does for this project'
            cand refresh 'Have nix make the shells of this project anew, whatever is kept'
            cand gc 'Let the shells of projects that are gone go'
            cand copy 'Copy this project''s shells to a binary cache'
            cand watch 'Have shells made anew as soon as they are out of date'
            cand evaluate 'Make the shell that a directory of the cache asks for'
            cand attend 'Evaluate, and say so where that is ended from outside'
            cand print 'Print the code of `use flake` or `use nix`'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'envr;nix;help;status'= {
        }
        &'envr;nix;help;log'= {
        }
        &'envr;nix;help;refresh'= {
        }
        &'envr;nix;help;gc'= {
        }
        &'envr;nix;help;copy'= {
        }
        &'envr;nix;help;watch'= {
        }
        &'envr;nix;help;evaluate'= {
        }
        &'envr;nix;help;attend'= {
        }
        &'envr;nix;help;print'= {
        }
        &'envr;nix;help;help'= {
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
        &'envr;up'= {
            cand --timeout 'Give up waiting after this time, such as 30s'
            cand -d 'Leave the services running in the background'
            cand --detach 'Leave the services running in the background'
            cand -w 'Leave them running, and return when they are ready'
            cand --wait 'Leave them running, and return when they are ready'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;attach'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;down'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;ps'= {
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;start'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;stop'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;restart'= {
            cand --timeout 'Give up waiting after this time, such as 30s'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;signal'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;services'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand import 'Print the services of a process-compose.yaml, docker-compose.yml or Procfile as tables of an `envr.toml`'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'envr;services;import'= {
            cand --write 'Add them to the `envr.toml` beside the file'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;services;help'= {
            cand import 'Print the services of a process-compose.yaml, docker-compose.yml or Procfile as tables of an `envr.toml`'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'envr;services;help;import'= {
        }
        &'envr;services;help;help'= {
        }
        &'envr;logs'= {
            cand -n 'The last lines only'
            cand --lines 'The last lines only'
            cand --since 'What is no older than this, such as 10m, or 2026-01-31T12:00 in UTC'
            cand -f 'Go on with what comes'
            cand --follow 'Go on with what comes'
            cand -t 'Show when each line came, in UTC'
            cand --time 'Show when each line came, in UTC'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;wait'= {
            cand --for 'What they have to be'
            cand --timeout 'Give up after this time, such as 30s'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'envr;help'= {
            cand hook 'Print the code that a shell''s start file evaluates'
            cand export 'Print what a shell has to do to be as its directory wants it'
            cand allow 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes'
            cand deny 'Refuse the `.envrc` or `envr.toml`, whatever it will hold'
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
            cand secret 'Read secrets that sops or age encrypted'
            cand nix 'Look after the nix shells that are kept'
            cand stdlib 'Print the functions that an `.envrc` can use'
            cand completions 'Print the completions for a shell'
            cand version 'Print the version, or fail when direnv''s is older than one'
            cand up 'Start the project''s services, supervised'
            cand attach 'Show the services in the terminal, with their logs and keys to restart them'
            cand down 'Stop the services and their supervisor'
            cand ps 'List the services'
            cand start 'Start services, and what they need'
            cand stop 'Stop services, after those that need them'
            cand restart 'Stop services, start them again, and wait until they are back'
            cand signal 'Send a signal to the main process of services'
            cand services 'Look after the definitions of services'
            cand logs 'Show what services said'
            cand wait 'Wait for services'
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
        &'envr;help;secret'= {
            cand decrypt 'Print a sops or age file in the clear, if all of it is as it was written'
            cand env 'Print the variables that a file stands for'
            cand list 'Print the names in a file, which needs no key'
            cand init 'Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none'
            cand set 'Set a value, which is typed unseen or comes from standard input'
            cand unset 'Take a value out'
            cand edit 'Open a file in your editor; the plaintext stays in memory'
            cand encrypt 'Encrypt a whole file with sops''s format'
            cand rotate 'Encrypt all values anew, with another key'
            cand updatekeys 'Encrypt the key for those whom `.sops.yaml` names now'
            cand recipients 'Show or change who can read a file'
            cand forget 'Drop the keys that `secrets.cache` keeps'
            cand get 'Print one value'
        }
        &'envr;help;secret;decrypt'= {
        }
        &'envr;help;secret;env'= {
        }
        &'envr;help;secret;list'= {
        }
        &'envr;help;secret;init'= {
        }
        &'envr;help;secret;set'= {
        }
        &'envr;help;secret;unset'= {
        }
        &'envr;help;secret;edit'= {
        }
        &'envr;help;secret;encrypt'= {
        }
        &'envr;help;secret;rotate'= {
        }
        &'envr;help;secret;updatekeys'= {
        }
        &'envr;help;secret;recipients'= {
            cand list 'Print who can read a file'
            cand add 'Let others read it, too'
            cand remove 'Let them read it no more, and encrypt all values anew'
        }
        &'envr;help;secret;recipients;list'= {
        }
        &'envr;help;secret;recipients;add'= {
        }
        &'envr;help;secret;recipients;remove'= {
        }
        &'envr;help;secret;forget'= {
        }
        &'envr;help;secret;get'= {
        }
        &'envr;help;nix'= {
            cand status 'List the shells that are kept, whether they are current, and what they hold of the store'
            cand log 'Show what nix says and does for this project'
            cand refresh 'Have nix make the shells of this project anew, whatever is kept'
            cand gc 'Let the shells of projects that are gone go'
            cand copy 'Copy this project''s shells to a binary cache'
            cand watch 'Have shells made anew as soon as they are out of date'
            cand evaluate 'Make the shell that a directory of the cache asks for'
            cand attend 'Evaluate, and say so where that is ended from outside'
            cand print 'Print the code of `use flake` or `use nix`'
        }
        &'envr;help;nix;status'= {
        }
        &'envr;help;nix;log'= {
        }
        &'envr;help;nix;refresh'= {
        }
        &'envr;help;nix;gc'= {
        }
        &'envr;help;nix;copy'= {
        }
        &'envr;help;nix;watch'= {
        }
        &'envr;help;nix;evaluate'= {
        }
        &'envr;help;nix;attend'= {
        }
        &'envr;help;nix;print'= {
        }
        &'envr;help;stdlib'= {
        }
        &'envr;help;completions'= {
        }
        &'envr;help;version'= {
        }
        &'envr;help;up'= {
        }
        &'envr;help;attach'= {
        }
        &'envr;help;down'= {
        }
        &'envr;help;ps'= {
        }
        &'envr;help;start'= {
        }
        &'envr;help;stop'= {
        }
        &'envr;help;restart'= {
        }
        &'envr;help;signal'= {
        }
        &'envr;help;services'= {
            cand import 'Print the services of a process-compose.yaml, docker-compose.yml or Procfile as tables of an `envr.toml`'
        }
        &'envr;help;services;import'= {
        }
        &'envr;help;logs'= {
        }
        &'envr;help;wait'= {
        }
        &'envr;help;help'= {
        }
    ]
    $completions[$command]
}
