# ~/.zshrc of the terminal tests: each prompt reports the exported environment and `prompt pid.number status`.

integer -g _prompts=0
_report() {
	local code=$?
	/usr/bin/env -0 >|"$ENVR_TERMINAL/env"
	printf 'prompt %s.%s %s\n' "$$" "$1" "$code" >"$ENVR_TERMINAL/events"
}
setopt prompt_subst
PS1='[$$.$((_prompts+=1))$(_report "$_prompts")]%# '

source ~/before
eval "$(envr hook zsh)"
source ~/after
