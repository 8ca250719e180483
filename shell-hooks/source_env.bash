# shellcheck shell=bash
# What an evaluation has in place of standalone.bash. The rc itself, before any call of `source_env`, is run by that of
# evaluate.bash.
#
# SC2154: evaluate.bash sets these variables.  SC2128: an array without an index is its first element.
# SC2250: braces around a whole word say nothing.
# shellcheck disable=SC2128,SC2154,SC2250

# Usage: source_env FILE_OR_DIR …
# What runs are the bytes that envr judged.
source_env() {
	local __envr_file __envr_place __envr_judged __envr_status=0 __envr_rc
	# A script may have given PWD another value.
	builtin cd . 2>/dev/null || builtin true
	__envr_locate_rc "${1-}" || return 1
	watch_file "${__envr_rc}"
	if [[ ! -f ${__envr_rc} ]]; then
		__envr_log_path referenced "${__envr_rc}" "does not exist"
		return 0
	fi
	__envr_file=${__envr_rc##*/}
	builtin pushd . >/dev/null || return 1
	builtin pushd "${__envr_rc%/*}/" >/dev/null || return 1

	__envr_place=${PWD%/}/${__envr_file}
	__envr_judge execute "${__envr_place}"
	__envr_log_path loading "${__envr_rc}"
	__envr_judged=${__envr_copy:-.}/${__envr_file}
	__envr_known "./${__envr_file}" "${__envr_place}"
	if [[ -n ${__envr_copy} ]]; then
		builtin cd -- "${__envr_copy}" || return 1
		__envr_hold_stderr
	fi
	# Under `command` it hears that a failure is handled, which it would not under `builtin`.
	# shellcheck source=/dev/null
	command . "./${__envr_file}"
	__envr_status=$?
	[[ -z ${__envr_held-} ]] || __envr_release_stderr
	if [[ ${__envr_status} -ne 0 && ${__envr_voice} == envr ]]; then
		__envr_check_syntax 0 "${__envr_place}" "${__envr_judged}"
	fi
	builtin popd >/dev/null || return 1
	builtin popd >/dev/null || return 1
}

# Usage: __envr_is_replaced FUNCTION
# Succeeds where a script put its own function in the place of the library's. The text is in a file, for $(…) costs a fork.
__envr_is_replaced() {
	local text='' file=$__envr_stage/function.${BASHPID:-$$}
	if [[ -z $__envr_defines$__envr_users${__envr_called[1]-} ]]; then return 1; fi
	builtin declare -f "$1" 2>/dev/null >|"$file"
	IFS= builtin read -r -d '' text 2>/dev/null <"$file" || true
	[[ -n $text && $text != *__envr* ]]
}
