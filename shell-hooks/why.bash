# shellcheck shell=bash
# What `envr why` has bash read before everything else, through BASH_ENV: after each command it compares one variable
# with what it was, and writes down where it changed: file, line and the command, each ended by a NUL.

# The user's own, which this one stands in for.
BASH_ENV=${__envr_own_bash_env-}
if [[ -n ${BASH_ENV} && -r ${BASH_ENV} ]]; then
	# shellcheck source=/dev/null
	builtin source "${BASH_ENV}"
fi
__envr_watched=${__envr_watch:?}
__envr_record=${__envr_record:?}
__envr_was=${!__envr_watched+set}${!__envr_watched-}
__envr_where=()
builtin unset __envr_watch __envr_own_bash_env
builtin export -n __envr_record

# Usage: __envr_compare COMMAND
__envr_compare() {
	[[ ${BASH_SUBSHELL} -eq 0 ]] || return 0
	local __envr_now=${!__envr_watched+set}${!__envr_watched-} __envr_frame=1
	if [[ ${__envr_now} != "${__envr_was}" ]]; then
		if [[ ${#__envr_where[@]} -gt 0 ]]; then
			builtin printf '%s\0' "${__envr_where[@]}" >>"${__envr_record}"
		fi
		__envr_was=${__envr_now}
	fi
	# The nearest caller that is a file: the library and what was passed to `eval` are none.
	while [[ -n ${BASH_SOURCE[__envr_frame]-} ]]; do
		if [[ ${BASH_SOURCE[__envr_frame]} == */* && -f ${BASH_SOURCE[__envr_frame]} ]]; then
			__envr_where=("${BASH_SOURCE[__envr_frame]}" "${BASH_LINENO[__envr_frame - 1]}" "${PWD}")
			return 0
		fi
		__envr_frame=$((__envr_frame + 1))
	done
	return 0
}
builtin set -o functrace
builtin trap __envr_compare DEBUG
