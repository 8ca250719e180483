# envr for nushell: before each prompt, follow what the directory asks for.

$env.config.hooks.pre_prompt = ($env.config.hooks.pre_prompt? | default [] | append {||
    # Where envr itself failed, it has said why.
    let answer = (do --ignore-errors { ^@ENVR@ export nu --hook | collect } | default "")
    for change in ($answer | str trim | if ($in | is-empty) { [] } else { $in | from json | transpose name value }) {
        if $change.value == null {
            hide-env --ignore-errors $change.name
        } else {
            # PATH, for one, is a list here.
            let read = ($env.ENV_CONVERSIONS? | default {} | get --optional $change.name | get --optional from_string)
            load-env { $change.name: (if $read == null { $change.value } else { do $read $change.value }) }
        }
    }
})
