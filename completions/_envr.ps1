
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'envr' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'envr'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'envr' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('hook', 'hook', [CompletionResultType]::ParameterValue, 'Print the code that a shell''s start file evaluates')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print what a shell has to do to be as its directory wants it')
            [CompletionResult]::new('allow', 'allow', [CompletionResultType]::ParameterValue, 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes')
            [CompletionResult]::new('permit', 'permit', [CompletionResultType]::ParameterValue, 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes')
            [CompletionResult]::new('grant', 'grant', [CompletionResultType]::ParameterValue, 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes')
            [CompletionResult]::new('deny', 'deny', [CompletionResultType]::ParameterValue, 'Refuse the `.envrc` or `envr.toml`, whatever it will hold')
            [CompletionResult]::new('block', 'block', [CompletionResultType]::ParameterValue, 'Refuse the `.envrc` or `envr.toml`, whatever it will hold')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Refuse the `.envrc` or `envr.toml`, whatever it will hold')
            [CompletionResult]::new('disallow', 'disallow', [CompletionResultType]::ParameterValue, 'Refuse the `.envrc` or `envr.toml`, whatever it will hold')
            [CompletionResult]::new('review', 'review', [CompletionResultType]::ParameterValue, 'Show what an approval would cover, against what was approved last')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Open the `.envrc` in your editor and approve what you wrote')
            [CompletionResult]::new('exec', 'exec', [CompletionResultType]::ParameterValue, 'Run a command in the environment of a directory')
            [CompletionResult]::new('reload', 'reload', [CompletionResultType]::ParameterValue, 'Load the `.envrc` again at the next prompt')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show what is loaded, what was found, and why')
            [CompletionResult]::new('setup', 'setup', [CompletionResultType]::ParameterValue, 'Put the hook into the start files of your shells')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look for what is broken in the set-up, and say what mends it')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Tell which file and line set a variable; runs the `.envrc` once more')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Forget the approvals of files that are gone or changed')
            [CompletionResult]::new('dotenv', 'dotenv', [CompletionResultType]::ParameterValue, 'Print a `.env` file as code for a shell')
            [CompletionResult]::new('secret', 'secret', [CompletionResultType]::ParameterValue, 'Read secrets that sops or age encrypted')
            [CompletionResult]::new('nix', 'nix', [CompletionResultType]::ParameterValue, 'Look after the nix shells that are kept')
            [CompletionResult]::new('stdlib', 'stdlib', [CompletionResultType]::ParameterValue, 'Print the functions that an `.envrc` can use')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions for a shell')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Print the version, or fail when direnv''s is older than one')
            [CompletionResult]::new('up', 'up', [CompletionResultType]::ParameterValue, 'Start the project''s services, supervised')
            [CompletionResult]::new('attach', 'attach', [CompletionResultType]::ParameterValue, 'Show the services in the terminal, with their logs and keys to restart them')
            [CompletionResult]::new('down', 'down', [CompletionResultType]::ParameterValue, 'Stop the services and their supervisor')
            [CompletionResult]::new('ps', 'ps', [CompletionResultType]::ParameterValue, 'List the services')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start services, and what they need')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop services, after those that need them')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop services, start them again, and wait until they are back')
            [CompletionResult]::new('signal', 'signal', [CompletionResultType]::ParameterValue, 'Send a signal to the main process of services')
            [CompletionResult]::new('services', 'services', [CompletionResultType]::ParameterValue, 'Look after the definitions of services')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show what services said')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait for services')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'envr;hook' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;export' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;allow' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;permit' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;grant' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;deny' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;block' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;revoke' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;disallow' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;review' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;edit' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;exec' {
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Show `[secret]` in the command''s output where it prints a value of a secrets file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;reload' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;status' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, as direnv does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;setup' {
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--from-direnv', '--from-direnv', [CompletionResultType]::ParameterName, 'Replace direnv''s hook, and have the command `direnv` be envr')
            [CompletionResult]::new('--undo', '--undo', [CompletionResultType]::ParameterName, 'Take everything back')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Take back what was changed since, too')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;doctor' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;why' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;prune' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;dotenv' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('decrypt', 'decrypt', [CompletionResultType]::ParameterValue, 'Print a sops or age file in the clear, if all of it is as it was written')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Print the variables that a file stands for')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print the names in a file, which needs no key')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Set a value, which is typed unseen or comes from standard input')
            [CompletionResult]::new('unset', 'unset', [CompletionResultType]::ParameterValue, 'Take a value out')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Open a file in your editor; the plaintext stays in memory')
            [CompletionResult]::new('encrypt', 'encrypt', [CompletionResultType]::ParameterValue, 'Encrypt a whole file with sops''s format')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Encrypt all values anew, with another key')
            [CompletionResult]::new('updatekeys', 'updatekeys', [CompletionResultType]::ParameterValue, 'Encrypt the key for those whom `.sops.yaml` names now')
            [CompletionResult]::new('recipients', 'recipients', [CompletionResultType]::ParameterValue, 'Show or change who can read a file')
            [CompletionResult]::new('forget', 'forget', [CompletionResultType]::ParameterValue, 'Drop the keys that `secrets.cache` keeps')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Print one value')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'envr;secret;decrypt' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('--output-type', '--output-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default as the file is')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;env' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('-0', '-0', [CompletionResultType]::ParameterName, 'End each variable with a NUL byte in place of a line end')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'End each variable with a NUL byte in place of a line end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;list' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;init' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;set' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'The value is JSON: a number, a map, a list')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;unset' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;edit' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;encrypt' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'For whom, in place of what `.sops.yaml` says: an age or ssh key, a PGP fingerprint, an ARN, a file of keys')
            [CompletionResult]::new('--recipient', '--recipient', [CompletionResultType]::ParameterName, 'For whom, in place of what `.sops.yaml` says: an age or ssh key, a PGP fingerprint, an ARN, a file of keys')
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Replace the file; otherwise it is printed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;rotate' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;updatekeys' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;recipients' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print who can read a file')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Let others read it, too')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Let them read it no more, and encrypt all values anew')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'envr;secret;recipients;list' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;recipients;add' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;recipients;remove' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;recipients;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print who can read a file')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Let others read it, too')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Let them read it no more, and encrypt all values anew')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'envr;secret;recipients;help;list' {
            break
        }
        'envr;secret;recipients;help;add' {
            break
        }
        'envr;secret;recipients;help;remove' {
            break
        }
        'envr;secret;recipients;help;help' {
            break
        }
        'envr;secret;forget' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;get' {
            [CompletionResult]::new('--input-type', '--input-type', [CompletionResultType]::ParameterName, 'yaml, json, dotenv, ini or binary; by default what the file''s name says')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file of age or ssh keys; those of the usual places are not looked at then')
            [CompletionResult]::new('--filename-override', '--filename-override', [CompletionResultType]::ParameterName, 'A name to go by in place of the file''s: for its type, and for the rule of `.sops.yaml`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;secret;help' {
            [CompletionResult]::new('decrypt', 'decrypt', [CompletionResultType]::ParameterValue, 'Print a sops or age file in the clear, if all of it is as it was written')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Print the variables that a file stands for')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print the names in a file, which needs no key')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Set a value, which is typed unseen or comes from standard input')
            [CompletionResult]::new('unset', 'unset', [CompletionResultType]::ParameterValue, 'Take a value out')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Open a file in your editor; the plaintext stays in memory')
            [CompletionResult]::new('encrypt', 'encrypt', [CompletionResultType]::ParameterValue, 'Encrypt a whole file with sops''s format')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Encrypt all values anew, with another key')
            [CompletionResult]::new('updatekeys', 'updatekeys', [CompletionResultType]::ParameterValue, 'Encrypt the key for those whom `.sops.yaml` names now')
            [CompletionResult]::new('recipients', 'recipients', [CompletionResultType]::ParameterValue, 'Show or change who can read a file')
            [CompletionResult]::new('forget', 'forget', [CompletionResultType]::ParameterValue, 'Drop the keys that `secrets.cache` keeps')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Print one value')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'envr;secret;help;decrypt' {
            break
        }
        'envr;secret;help;env' {
            break
        }
        'envr;secret;help;list' {
            break
        }
        'envr;secret;help;init' {
            break
        }
        'envr;secret;help;set' {
            break
        }
        'envr;secret;help;unset' {
            break
        }
        'envr;secret;help;edit' {
            break
        }
        'envr;secret;help;encrypt' {
            break
        }
        'envr;secret;help;rotate' {
            break
        }
        'envr;secret;help;updatekeys' {
            break
        }
        'envr;secret;help;recipients' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print who can read a file')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Let others read it, too')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Let them read it no more, and encrypt all values anew')
            break
        }
        'envr;secret;help;recipients;list' {
            break
        }
        'envr;secret;help;recipients;add' {
            break
        }
        'envr;secret;help;recipients;remove' {
            break
        }
        'envr;secret;help;forget' {
            break
        }
        'envr;secret;help;get' {
            break
        }
        'envr;secret;help;help' {
            break
        }
        'envr;nix' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'List the shells that are kept, whether they are current, and what they hold of the store')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show what nix says and does for this project')
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Have nix make the shells of this project anew, whatever is kept')
            [CompletionResult]::new('gc', 'gc', [CompletionResultType]::ParameterValue, 'Let the shells of projects that are gone go')
            [CompletionResult]::new('copy', 'copy', [CompletionResultType]::ParameterValue, 'Copy this project''s shells to a binary cache')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Have shells made anew as soon as they are out of date')
            [CompletionResult]::new('evaluate', 'evaluate', [CompletionResultType]::ParameterValue, 'Make the shell that a directory of the cache asks for')
            [CompletionResult]::new('attend', 'attend', [CompletionResultType]::ParameterValue, 'Evaluate, and say so where that is ended from outside')
            [CompletionResult]::new('print', 'print', [CompletionResultType]::ParameterValue, 'Print the code of `use flake` or `use nix`')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'envr;nix;status' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;nix;log' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;nix;refresh' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;nix;gc' {
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'And those that were not loaded for so long: 12h, 30d, 8w')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;nix;copy' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'As `nix copy` names it: `file:///srv/cache`, `s3://bucket`, `ssh://host`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;nix;watch' {
            [CompletionResult]::new('--in-background', '--in-background', [CompletionResultType]::ParameterName, 'in-background')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;nix;evaluate' {
            [CompletionResult]::new('--in-background', '--in-background', [CompletionResultType]::ParameterName, 'in-background')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;nix;attend' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;nix;print' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;nix;help' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'List the shells that are kept, whether they are current, and what they hold of the store')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show what nix says and does for this project')
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Have nix make the shells of this project anew, whatever is kept')
            [CompletionResult]::new('gc', 'gc', [CompletionResultType]::ParameterValue, 'Let the shells of projects that are gone go')
            [CompletionResult]::new('copy', 'copy', [CompletionResultType]::ParameterValue, 'Copy this project''s shells to a binary cache')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Have shells made anew as soon as they are out of date')
            [CompletionResult]::new('evaluate', 'evaluate', [CompletionResultType]::ParameterValue, 'Make the shell that a directory of the cache asks for')
            [CompletionResult]::new('attend', 'attend', [CompletionResultType]::ParameterValue, 'Evaluate, and say so where that is ended from outside')
            [CompletionResult]::new('print', 'print', [CompletionResultType]::ParameterValue, 'Print the code of `use flake` or `use nix`')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'envr;nix;help;status' {
            break
        }
        'envr;nix;help;log' {
            break
        }
        'envr;nix;help;refresh' {
            break
        }
        'envr;nix;help;gc' {
            break
        }
        'envr;nix;help;copy' {
            break
        }
        'envr;nix;help;watch' {
            break
        }
        'envr;nix;help;evaluate' {
            break
        }
        'envr;nix;help;attend' {
            break
        }
        'envr;nix;help;print' {
            break
        }
        'envr;nix;help;help' {
            break
        }
        'envr;stdlib' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;completions' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;version' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;up' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up waiting after this time, such as 30s')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Leave the services running in the background')
            [CompletionResult]::new('--detach', '--detach', [CompletionResultType]::ParameterName, 'Leave the services running in the background')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Leave them running, and return when they are ready')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Leave them running, and return when they are ready')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;attach' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;down' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;ps' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;start' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;stop' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;restart' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up waiting after this time, such as 30s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;signal' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;services' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Print the services of a process-compose.yaml, docker-compose.yml or Procfile as tables of an `envr.toml`')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'envr;services;import' {
            [CompletionResult]::new('--write', '--write', [CompletionResultType]::ParameterName, 'Add them to the `envr.toml` beside the file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;services;help' {
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Print the services of a process-compose.yaml, docker-compose.yml or Procfile as tables of an `envr.toml`')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'envr;services;help;import' {
            break
        }
        'envr;services;help;help' {
            break
        }
        'envr;logs' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The last lines only')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'The last lines only')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'What is no older than this, such as 10m, or 2026-01-31T12:00 in UTC')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on with what comes')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on with what comes')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Show when each line came, in UTC')
            [CompletionResult]::new('--time', '--time', [CompletionResultType]::ParameterName, 'Show when each line came, in UTC')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;wait' {
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'What they have to be')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after this time, such as 30s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'envr;help' {
            [CompletionResult]::new('hook', 'hook', [CompletionResultType]::ParameterValue, 'Print the code that a shell''s start file evaluates')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print what a shell has to do to be as its directory wants it')
            [CompletionResult]::new('allow', 'allow', [CompletionResultType]::ParameterValue, 'Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes')
            [CompletionResult]::new('deny', 'deny', [CompletionResultType]::ParameterValue, 'Refuse the `.envrc` or `envr.toml`, whatever it will hold')
            [CompletionResult]::new('review', 'review', [CompletionResultType]::ParameterValue, 'Show what an approval would cover, against what was approved last')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Open the `.envrc` in your editor and approve what you wrote')
            [CompletionResult]::new('exec', 'exec', [CompletionResultType]::ParameterValue, 'Run a command in the environment of a directory')
            [CompletionResult]::new('reload', 'reload', [CompletionResultType]::ParameterValue, 'Load the `.envrc` again at the next prompt')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show what is loaded, what was found, and why')
            [CompletionResult]::new('setup', 'setup', [CompletionResultType]::ParameterValue, 'Put the hook into the start files of your shells')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look for what is broken in the set-up, and say what mends it')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Tell which file and line set a variable; runs the `.envrc` once more')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Forget the approvals of files that are gone or changed')
            [CompletionResult]::new('dotenv', 'dotenv', [CompletionResultType]::ParameterValue, 'Print a `.env` file as code for a shell')
            [CompletionResult]::new('secret', 'secret', [CompletionResultType]::ParameterValue, 'Read secrets that sops or age encrypted')
            [CompletionResult]::new('nix', 'nix', [CompletionResultType]::ParameterValue, 'Look after the nix shells that are kept')
            [CompletionResult]::new('stdlib', 'stdlib', [CompletionResultType]::ParameterValue, 'Print the functions that an `.envrc` can use')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions for a shell')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Print the version, or fail when direnv''s is older than one')
            [CompletionResult]::new('up', 'up', [CompletionResultType]::ParameterValue, 'Start the project''s services, supervised')
            [CompletionResult]::new('attach', 'attach', [CompletionResultType]::ParameterValue, 'Show the services in the terminal, with their logs and keys to restart them')
            [CompletionResult]::new('down', 'down', [CompletionResultType]::ParameterValue, 'Stop the services and their supervisor')
            [CompletionResult]::new('ps', 'ps', [CompletionResultType]::ParameterValue, 'List the services')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start services, and what they need')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop services, after those that need them')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop services, start them again, and wait until they are back')
            [CompletionResult]::new('signal', 'signal', [CompletionResultType]::ParameterValue, 'Send a signal to the main process of services')
            [CompletionResult]::new('services', 'services', [CompletionResultType]::ParameterValue, 'Look after the definitions of services')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show what services said')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait for services')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'envr;help;hook' {
            break
        }
        'envr;help;export' {
            break
        }
        'envr;help;allow' {
            break
        }
        'envr;help;deny' {
            break
        }
        'envr;help;review' {
            break
        }
        'envr;help;edit' {
            break
        }
        'envr;help;exec' {
            break
        }
        'envr;help;reload' {
            break
        }
        'envr;help;status' {
            break
        }
        'envr;help;setup' {
            break
        }
        'envr;help;doctor' {
            break
        }
        'envr;help;why' {
            break
        }
        'envr;help;prune' {
            break
        }
        'envr;help;dotenv' {
            break
        }
        'envr;help;secret' {
            [CompletionResult]::new('decrypt', 'decrypt', [CompletionResultType]::ParameterValue, 'Print a sops or age file in the clear, if all of it is as it was written')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Print the variables that a file stands for')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print the names in a file, which needs no key')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Set a value, which is typed unseen or comes from standard input')
            [CompletionResult]::new('unset', 'unset', [CompletionResultType]::ParameterValue, 'Take a value out')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Open a file in your editor; the plaintext stays in memory')
            [CompletionResult]::new('encrypt', 'encrypt', [CompletionResultType]::ParameterValue, 'Encrypt a whole file with sops''s format')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Encrypt all values anew, with another key')
            [CompletionResult]::new('updatekeys', 'updatekeys', [CompletionResultType]::ParameterValue, 'Encrypt the key for those whom `.sops.yaml` names now')
            [CompletionResult]::new('recipients', 'recipients', [CompletionResultType]::ParameterValue, 'Show or change who can read a file')
            [CompletionResult]::new('forget', 'forget', [CompletionResultType]::ParameterValue, 'Drop the keys that `secrets.cache` keeps')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Print one value')
            break
        }
        'envr;help;secret;decrypt' {
            break
        }
        'envr;help;secret;env' {
            break
        }
        'envr;help;secret;list' {
            break
        }
        'envr;help;secret;init' {
            break
        }
        'envr;help;secret;set' {
            break
        }
        'envr;help;secret;unset' {
            break
        }
        'envr;help;secret;edit' {
            break
        }
        'envr;help;secret;encrypt' {
            break
        }
        'envr;help;secret;rotate' {
            break
        }
        'envr;help;secret;updatekeys' {
            break
        }
        'envr;help;secret;recipients' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print who can read a file')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Let others read it, too')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Let them read it no more, and encrypt all values anew')
            break
        }
        'envr;help;secret;recipients;list' {
            break
        }
        'envr;help;secret;recipients;add' {
            break
        }
        'envr;help;secret;recipients;remove' {
            break
        }
        'envr;help;secret;forget' {
            break
        }
        'envr;help;secret;get' {
            break
        }
        'envr;help;nix' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'List the shells that are kept, whether they are current, and what they hold of the store')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show what nix says and does for this project')
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Have nix make the shells of this project anew, whatever is kept')
            [CompletionResult]::new('gc', 'gc', [CompletionResultType]::ParameterValue, 'Let the shells of projects that are gone go')
            [CompletionResult]::new('copy', 'copy', [CompletionResultType]::ParameterValue, 'Copy this project''s shells to a binary cache')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Have shells made anew as soon as they are out of date')
            [CompletionResult]::new('evaluate', 'evaluate', [CompletionResultType]::ParameterValue, 'Make the shell that a directory of the cache asks for')
            [CompletionResult]::new('attend', 'attend', [CompletionResultType]::ParameterValue, 'Evaluate, and say so where that is ended from outside')
            [CompletionResult]::new('print', 'print', [CompletionResultType]::ParameterValue, 'Print the code of `use flake` or `use nix`')
            break
        }
        'envr;help;nix;status' {
            break
        }
        'envr;help;nix;log' {
            break
        }
        'envr;help;nix;refresh' {
            break
        }
        'envr;help;nix;gc' {
            break
        }
        'envr;help;nix;copy' {
            break
        }
        'envr;help;nix;watch' {
            break
        }
        'envr;help;nix;evaluate' {
            break
        }
        'envr;help;nix;attend' {
            break
        }
        'envr;help;nix;print' {
            break
        }
        'envr;help;stdlib' {
            break
        }
        'envr;help;completions' {
            break
        }
        'envr;help;version' {
            break
        }
        'envr;help;up' {
            break
        }
        'envr;help;attach' {
            break
        }
        'envr;help;down' {
            break
        }
        'envr;help;ps' {
            break
        }
        'envr;help;start' {
            break
        }
        'envr;help;stop' {
            break
        }
        'envr;help;restart' {
            break
        }
        'envr;help;signal' {
            break
        }
        'envr;help;services' {
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Print the services of a process-compose.yaml, docker-compose.yml or Procfile as tables of an `envr.toml`')
            break
        }
        'envr;help;services;import' {
            break
        }
        'envr;help;logs' {
            break
        }
        'envr;help;wait' {
            break
        }
        'envr;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
