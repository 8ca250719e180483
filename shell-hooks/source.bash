# shellcheck shell=bash
# What `source FILE ARGUMENT…` reads in place of FILE, called as `source THIS COUNT PARAMETER… FILE ARGUMENT…`, where the
# COUNT parameters are the caller's. It is sourced, too, so that FILE runs in the scope of its caller.
#
# SC2034: evaluate.bash uses these variables.
# shellcheck disable=SC2034

# Usage: __envr_find_script [--] FILE [ARGUMENT…]
# Has FILE judged, goes to where it is to be read, and sets what the lines below want to know. Fails, in bash's words,
# where there is no such file.
__envr_find_script() {
	# The place of this `source` in the lists, for FILE may use `source` itself.
	local __envr_place_in=$((${#BASH_SOURCE[@]} - 1)) __envr_path __envr_rest __envr_says=
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
	if [[ $# -eq 0 ]]; then
		__envr_why="no file is named" __envr_says=" line ${BASH_LINENO[1]}: source: filename argument required"
	elif [[ -d ${__envr_path} ]]; then
		__envr_why="it is a directory" __envr_says=" line ${BASH_LINENO[1]}: source: ${__envr_wanted_name}: is a directory"
	elif [[ ! -e ${__envr_path} ]]; then
		__envr_why="there is no such file" __envr_says="${BASH_LINENO[1]}: ${__envr_wanted_name}: No such file or directory"
	elif [[ ! -r ${__envr_path} ]]; then
		__envr_why="it is not readable" __envr_says="${BASH_LINENO[1]}: ${__envr_wanted_name}: Permission denied"
	fi
	if [[ -n ${__envr_why} ]]; then
		# bash would name a line of ours.
		builtin printf '%s:%s\n' "${BASH_SOURCE[2]}" "${__envr_says}" >&2
		return 1
	fi

	__envr_judge script "${__envr_path}" "${__envr_wanted_name}"
	__envr_names[__envr_place_in]=${__envr_wanted_name}
	__envr_files[__envr_place_in]=${__envr_path}
	if [[ -n ${__envr_copy} ]]; then
		__envr_files[__envr_place_in]=${__envr_copy}/${__envr_wanted_name}
		builtin cd -- "${__envr_copy}" || return 1
	fi
}

__envr_result=1
if __envr_find_script "${@:$1+2}"; then
	if [[ ${__envr_given} -gt 0 ]]; then
		shift "$(($# - __envr_given))"
	else
		set -- "${@:2:$1}"
	fi
	# That it failed is for the caller's `set -e` and ERR trap to hear, once.
	# shellcheck source=/dev/null
	! builtin source -- "${__envr_names[${#BASH_SOURCE[@]}]}"
	__envr_result=${PIPESTATUS[0]}
	__envr_why=
	__envr_wanted_name=${__envr_names[${#BASH_SOURCE[@]}]}
	__envr_wanted=${__envr_files[${#BASH_SOURCE[@]}]}
fi
return "${__envr_result}"
