# config.fish of the terminal tests: each prompt reports the exported environment and `prompt pid.number status`.
# fish draws a prompt as often as it likes: only the first drawing reports.

set -g fish_greeting
set -g _prompts 0
set -g _reported 0
function _count --on-event fish_prompt
    set -g _prompts (math $_prompts + 1)
end
function fish_prompt
    set -l code $status
    if test $_prompts -ne $_reported
        set -g _reported $_prompts
        /usr/bin/env -0 >$ENVR_TERMINAL/env
        printf 'prompt %s.%s %s\n' $fish_pid $_prompts $code >$ENVR_TERMINAL/events
    end
    echo -n "[$fish_pid.$_prompts]> "
end

source ~/before
envr hook fish | source
source ~/after
