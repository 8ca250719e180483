# shellcheck shell=bash
# What is needed where a script of an evaluation fails, or might with its first line. Loaded function by function, as
# stdlib.bash is.
#
# SC2154: evaluate.bash sets these variables.
# shellcheck disable=SC2154

# Usage: __envr_hold_stderr
# For what is about to read a copy: until that is under way, what bash says goes to a file. If the copy's first line is no
# bash it would show the way back, which is none of the user's.
__envr_hold_stderr() {
	command exec 59>&2 2>|"${__envr_stage}/said"
	__envr_held=1
}

# Usage: __envr_release_stderr
# Part of the way back, and once more where that was not taken.
__envr_release_stderr() {
	command exec 2>&59 59>&-
	__envr_held=
	if [[ -s ${__envr_stage}/said ]]; then
		IFS= builtin read -r -d '' __envr_said <"${__envr_stage}/said" || builtin true
		__envr_said=${__envr_said//"${__envr_first_line}"/}
		builtin printf '%s' "${__envr_said//"${__envr_way_back}"$'\n'/}" >&2
	fi
}

# Usage: __envr_fail LINE FILE REASON
# Ends the evaluation, from a subshell, too: it waits for no answer, and whoever asks next is told to end.
__envr_fail() {
	builtin printf '%s\0' 4 failed "$@" >&"${__envr_question}"
	builtin exit 1
}

# Usage: __envr_unsourced LINE NAME
# A `source` in the script that bash calls NAME failed unhandled: ends the evaluation where there was nothing to read or
# it is no bash, not where its last command happened to be false.
__envr_unsourced() {
	local __envr_from=$2 __envr_index
	for ((__envr_index = ${#__envr_called[@]} - 1; __envr_index >= 0; __envr_index--)); do
		if [[ ${__envr_called[__envr_index]} == "$2" ]]; then
			__envr_from=${__envr_paths[__envr_index]}
			break
		fi
	done
	if [[ -n ${__envr_why} ]]; then
		__envr_fail "$1" "${__envr_from}" "could not source${__envr_wanted_name:+ \`${__envr_wanted_name}\`}: ${__envr_why}"
	elif [[ -r ${__envr_wanted-} ]]; then
		__envr_check_syntax "$1" "${__envr_from}" "${__envr_wanted}"
	fi
}

# Usage: __envr_check_syntax LINE FILE SCRIPT
# Ends the evaluation when SCRIPT is no bash. LINE and FILE say where it was sourced; LINE 0: it is FILE itself.
__envr_check_syntax() {
	local __envr_said
	__envr_said=$("${BASH}" -O extglob -n "$3" 2>&1) && return 0
	__envr_said=${__envr_said%%$'\n'*}
	if [[ ! ${__envr_said} =~ :\ line\ ([0-9]+):\ (.*)$ ]]; then
		__envr_fail "$1" "$2" "${__envr_said}"
	elif [[ $1 -eq 0 ]]; then
		__envr_fail "${BASH_REMATCH[1]}" "$2" "${BASH_REMATCH[2]}"
	else
		__envr_fail "$1" "$2" "could not source \`${__envr_wanted_name}\`: line ${BASH_REMATCH[1]}: ${BASH_REMATCH[2]}"
	fi
}
