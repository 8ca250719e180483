
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
            [CompletionResult]::new('allow', 'allow', [CompletionResultType]::ParameterValue, 'Approve the `.envrc` as it is now, with the files that it executes')
            [CompletionResult]::new('permit', 'permit', [CompletionResultType]::ParameterValue, 'Approve the `.envrc` as it is now, with the files that it executes')
            [CompletionResult]::new('grant', 'grant', [CompletionResultType]::ParameterValue, 'Approve the `.envrc` as it is now, with the files that it executes')
            [CompletionResult]::new('deny', 'deny', [CompletionResultType]::ParameterValue, 'Refuse the `.envrc`, whatever it will hold')
            [CompletionResult]::new('block', 'block', [CompletionResultType]::ParameterValue, 'Refuse the `.envrc`, whatever it will hold')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Refuse the `.envrc`, whatever it will hold')
            [CompletionResult]::new('disallow', 'disallow', [CompletionResultType]::ParameterValue, 'Refuse the `.envrc`, whatever it will hold')
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
            [CompletionResult]::new('stdlib', 'stdlib', [CompletionResultType]::ParameterValue, 'Print the functions that an `.envrc` can use')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions for a shell')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Print the version, or fail when direnv''s is older than one')
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
        'envr;help' {
            [CompletionResult]::new('hook', 'hook', [CompletionResultType]::ParameterValue, 'Print the code that a shell''s start file evaluates')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print what a shell has to do to be as its directory wants it')
            [CompletionResult]::new('allow', 'allow', [CompletionResultType]::ParameterValue, 'Approve the `.envrc` as it is now, with the files that it executes')
            [CompletionResult]::new('deny', 'deny', [CompletionResultType]::ParameterValue, 'Refuse the `.envrc`, whatever it will hold')
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
            [CompletionResult]::new('stdlib', 'stdlib', [CompletionResultType]::ParameterValue, 'Print the functions that an `.envrc` can use')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions for a shell')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Print the version, or fail when direnv''s is older than one')
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
        'envr;help;stdlib' {
            break
        }
        'envr;help;completions' {
            break
        }
        'envr;help;version' {
            break
        }
        'envr;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
