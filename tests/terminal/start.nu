# config.nu of the terminal tests: each prompt reports the exported environment and `prompt pid.number status`.
$env.config.show_banner = false
$env.config.history.max_size = 0
$env.config.use_ansi_coloring = false
$env.PROMPTS = 0
$env.PROMPT_COMMAND = {|| $"[($nu.pid).($env.PROMPTS)]" }
$env.PROMPT_COMMAND_RIGHT = ""
$env.PROMPT_INDICATOR = "> "

source ~/hook.nu

$env.config.hooks.pre_prompt = ($env.config.hooks.pre_prompt | append {||
    $env.PROMPTS = ($env.PROMPTS | into int) + 1
    ^/usr/bin/env -0 o> $"($env.ENVR_TERMINAL)/env"
    $"prompt ($nu.pid).($env.PROMPTS) 0\n" | save --append $"($env.ENVR_TERMINAL)/events"
})
