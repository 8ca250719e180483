# envr for fish: before each prompt, follow what the directory asks for.
# The functions have the names of direnv's, so that the one sourced last takes over.
#
# direnv_fish_mode says what happens when keys such as Alt-Left change the directory under the prompt:
#   eval_on_arrow     follow at once (as when it is not set)
#   eval_after_arrow  follow before the next command runs
#   disable_arrow     follow at the next prompt

# Whether nothing changed. envr defines it anew with each answer, in tests that need no process.
function __envr_is_current
    builtin false
end

function __envr_follow
    if __envr_is_current
        return
    end
    # The answer holds for ten seconds at most, by the one clock that fish can read.
    if builtin test -r /proc/uptime
        builtin read --local --delimiter . now rest </proc/uptime
        builtin set --global __envr_until (builtin math $now + 10)
    end
    # Ctrl-C is not for this shell while it waits: envr ends the load and prints what the shell is to remember of it.
    # fish would drop that and start the load again at the next prompt, except that it leaves SIGINT alone while a
    # function handles it. A handler of the user's runs, too.
    function __envr_interrupt --on-signal INT
    end
    # fish_trace would show the values.
    builtin set --local fish_trace
    # Before 3.6 `test` does not compare files, and fish always asks.
    builtin set --local quiet
    if builtin test . -ef . 2>/dev/null
        builtin set quiet --hook
    end
    command @ENVR@ export fish $quiet | builtin source
    builtin functions --erase __envr_interrupt
end

function __direnv_export_eval --on-event fish_prompt
    __envr_follow

    if builtin test "$direnv_fish_mode" != disable_arrow
        function __direnv_cd_hook --on-variable PWD
            if builtin status is-command-substitution
                # A completion looks around.
            else if builtin test "$direnv_fish_mode" = eval_after_arrow
                builtin set --global __direnv_export_again
            else
                __envr_follow
            end
        end
    end
end

function __direnv_export_eval_2 --on-event fish_preexec
    # The second is still there if SIGINT killed envr itself, and fish dropped the rest of the function for it.
    builtin functions --erase __direnv_cd_hook __envr_interrupt
    if builtin set --query __direnv_export_again
        builtin set --erase __direnv_export_again
        __envr_follow
    end
end
