# shellcheck shell=bash
# What `source FILE ARGUMENT…` reads in place of FILE, called as `source THIS COUNT PARAMETER… FILE ARGUMENT…`, where the
# COUNT parameters are the caller's. It is sourced, too, so that FILE runs in the scope of its caller.
#
# SC2034: evaluate.bash uses these variables.  SC2128: an array without an index is its first element.
# shellcheck disable=SC2034,SC2128

__envr_read 2>/dev/null
# A script may have aliases for the words of what follows.
\builtin shopt -q expand_aliases && __envr_aliases=(-s) || __envr_aliases=(-u)
\builtin shopt -u expand_aliases

# Usage: __envr_find_script [--] FILE [ARGUMENT…]
# Has FILE judged, goes to where it is to be read, and sets what the lines below want to know. Fails where there is
# nothing to read: $__envr_why is the reason, and $__envr_says what bash would say.
__envr_find_script() {
	# The place of this `source` in the lists, for FILE may use `source` itself.
	local __envr_place_in=$((${#BASH_SOURCE[@]} - 1)) __envr_path __envr_rest
	if [[ ${1-} == -- ]]; then
		shift
	fi
	__envr_wanted_name=${1-} __envr_given=$(($# - 1))
	if [[ ${__envr_wanted_name} != */* ]] && builtin shopt -q sourcepath; then
		__envr_rest=${PATH-}:
		while [[ -n ${__envr_rest} ]]; do
			__envr_path=${__envr_rest%%:*}
			__envr_path=${__envr_path:-.}/${__envr_wanted_name}
			if [[ -f ${__envr_path} && -r ${__envr_path} ]]; then
				__envr_wanted_name=${__envr_path}
				break
			fi
			__envr_rest=${__envr_rest#*:}
		done
	fi
	__envr_path=${__envr_wanted_name}
	if [[ ${__envr_path} != /* ]]; then
		__envr_path=${PWD%/}/${__envr_path}
	fi

	__envr_why=
	if [[ -z ${__envr_wanted_name} ]]; then
		__envr_why="no file is named" __envr_says="LINE: : No such file or directory"
		if [[ $# -eq 0 ]]; then
			__envr_says=" line LINE: source: filename argument required"
		fi
	elif [[ -d ${__envr_path} ]]; then
		__envr_why="is a directory" __envr_says=" line LINE: source: ${__envr_wanted_name}: is a directory"
	elif [[ ! -e ${__envr_path} ]]; then
		__envr_why="no such file or directory" __envr_says="LINE: ${__envr_wanted_name}: No such file or directory"
	elif [[ ! -r ${__envr_path} ]]; then
		__envr_why="permission denied" __envr_says="LINE: ${__envr_wanted_name}: Permission denied"
	fi
	if [[ -n ${__envr_why} ]]; then
		return 1
	fi

	__envr_judge script "${__envr_path}" "${__envr_wanted_name}"
	__envr_names[__envr_place_in]=${__envr_wanted_name}
	__envr_files[__envr_place_in]=${__envr_path}
	__envr_known "${__envr_wanted_name}" "${__envr_path}"
	if [[ -n ${__envr_copy} ]]; then
		__envr_files[__envr_place_in]=${__envr_copy}/${__envr_wanted_name}
		builtin cd -- "${__envr_copy}" || return 1
	fi
}
# `set -a` has exported it.
builtin export -nf __envr_find_script

{
	__envr_result=1
	__envr_find_script "${@:$1+2}" && __envr_result=0
	builtin shopt "${__envr_aliases}" expand_aliases
	if [[ ${__envr_result} -eq 0 ]]; then
		if [[ ${__envr_given} -gt 0 ]]; then
			builtin shift "$(($# - __envr_given))"
		else
			builtin set -- "${@:2:$1}"
		fi
		[[ -z ${__envr_copy} ]] || __envr_hold_stderr
		# That it failed is for the caller's `set -e` and ERR trap to hear, once.
		# shellcheck source=/dev/null
		! builtin source -- "${__envr_names[${#BASH_SOURCE[@]}]}"
		__envr_result=${PIPESTATUS[0]}
		[[ -z ${__envr_held-} ]] || __envr_release_stderr
		__envr_why=
		__envr_wanted_name=${__envr_names[${#BASH_SOURCE[@]}]}
		__envr_wanted=${__envr_files[${#BASH_SOURCE[@]}]}
	fi
	if [[ ${__envr_result} -ne 0 ]]; then
		# The caller, but for functions of ours.
		__envr_frame=1
		while [[ ${BASH_SOURCE[__envr_frame]-} == environment ]]; do
			__envr_frame=$((__envr_frame + 1))
		done
		# Whether the failure is handled, as by `||` or `if`, bash does not tell, but there `set -e` has no effect, not even
		# one that is said here. No trap has a part in it: one for the end would have bash speak of its own contexts.
		(
			builtin trap - DEBUG ERR EXIT RETURN
			builtin set +e
			(
				builtin set -e
				builtin false
				builtin exit 2
			)
			[[ $? -ne 2 ]]
		)
		__envr_handled=$?
		if [[ ${__envr_handled} -eq 0 ]]; then
			__envr_unsourced "${BASH_LINENO[__envr_frame - 1]}" "${BASH_SOURCE[__envr_frame]-}"
		elif [[ -n ${__envr_why} ]]; then
			# bash would name a line of ours.
			builtin printf '%s:%s\n' "${BASH_SOURCE[__envr_frame]-}" "${__envr_says/LINE/${BASH_LINENO[__envr_frame - 1]}}" >&2
		fi
	fi
	builtin return "${__envr_result}"
}
