# ~/.bashrc of the terminal tests: each prompt reports the exported environment and `prompt pid.number status`.
# shellcheck disable=SC1090,SC2154,SC2312 # the test makes the files and the variable; a hook that fails shows in it

_prompts=0
_report() {
	local code=$?
	/usr/bin/env -0 >|"${ENVR_TERMINAL}/env"
	printf 'prompt %s.%s %s\n' "$$" "$1" "${code}" >"${ENVR_TERMINAL}/events"
}
# shellcheck disable=SC2016 # expanded at each prompt
PS1='[$$.$((_prompts+=1))$(_report "${_prompts}")]\$ '
HISTFILE=

source ~/before
eval "$(envr hook bash)"
source ~/after
