# ~/.tcshrc of the terminal tests: each prompt reports the exported environment and `prompt pid.number status`.
set _prompts = 0
set history = 0
alias _report '/usr/bin/env -0 >! "$ENVR_TERMINAL/env" ; echo prompt $$.$_prompts $_code > "$ENVR_TERMINAL/events"'
alias precmd 'set _code = $status ; @ _prompts++ ; set prompt = "[$$.$_prompts]> " ; _report'

source ~/before
eval `envr hook tcsh`
source ~/after
