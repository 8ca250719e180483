# shellcheck shell=bash
# What the bash lane runs: `bash -c THIS-FILE BASH ARGUMENT…`, followed by a stub for each function of stdlib.bash.
# It owns the conversation with the envr that waits for it, over three inherited pipes and a private directory.
#
# SC2016: what stands in single quotes is expanded later.  SC2034: scripts use these variables.
# shellcheck disable=SC2016,SC2034

builtin shopt -s gnu_errfmt nullglob extglob

direnv=$1
direnv_config_dir=$2
__envr_stage=$3
__envr_question=$4
__envr_answer=$5
__envr_dump=$6
__envr_voice=$7
__envr_strict=$8
__envr_rc=$9
__envr_began=
__envr_listed=
__envr_wanted=
__envr_wanted_name=

# Usage: __envr_ask VERB ARGUMENT…
# Asks envr; the reply, if there is one, is in REPLY. A subshell may run beside this shell and take its answers, so it
# asks nothing but what it must not do unasked. Not every bash counts the parts of a pipeline as subshells, and 3.2 has
# no BASHPID: hence both tests.
__envr_ask() {
	local __envr_code
	REPLY=
	[[ ${BASH_SUBSHELL} -eq 0 && ${BASHPID:-$$} == "$$" || $1 == execute || $1 == script ]] || return 1
	case $1 in
	watch | watch-dir) builtin printf '%s\0' "$(($# + 1))" "$@" "${DIRENV_WATCHES-}" >&"${__envr_question}" || return 1 ;;
	*) builtin printf '%s\0' "$#" "$@" >&"${__envr_question}" || return 1 ;;
	esac
	IFS= builtin read -r -u "${__envr_answer}" __envr_code || return 1
	case ${__envr_code} in
	done) return 0 ;;
	reply) IFS= builtin read -r -d '' REPLY <"${__envr_stage}/reply" || builtin true ;;
	refused) builtin exit 1 ;;
	*) return 1 ;;
	esac
}

# Usage: __envr_load FUNCTION
# Replaces a stub by the function itself.
__envr_load() {
	local REPLY __envr_posix=
	if [[ -o posix ]]; then
		# Some functions have names that POSIX does not allow.
		__envr_posix=1
		builtin set +o posix
	fi
	if __envr_ask function "$1"; then
		builtin eval "${REPLY}"
	else
		# shellcheck source=stdlib.bash
		builtin . "${__envr_stage}/stdlib"
	fi
	if [[ -n ${__envr_posix} ]]; then
		builtin set -o posix
	fi
}

# Usage: __envr_copy_of PATH
# Sets __envr_copy to the directory of the bytes that were judged; fails where envr lets the file itself run.
__envr_copy_of() {
	local REPLY
	__envr_ask execute "$1" || return 1
	__envr_copy=${REPLY}
}

# Usage: source_env FILE_OR_DIR …
# The library's function, but what runs are the bytes that envr judged, from a copy. The copy begins, before its first
# line, with the way back to $__envr_here, so that for the script only the bytes are ours: its directory, $BASH_SOURCE
# and line numbers are as they would be in place. The first call is for the rc itself.
source_env() {
	local __envr_file __envr_here __envr_back __envr_copy=. __envr_status=0
	if [[ -n ${__envr_began} ]]; then
		local __envr_rc
		__envr_locate_rc "${1-}" || return 1
		watch_file "${__envr_rc}"
		if [[ ! -f ${__envr_rc} ]]; then
			__envr_log_path referenced "${__envr_rc}" "does not exist"
			return 0
		fi
	fi
	__envr_file=${__envr_rc##*/}
	builtin pushd . >/dev/null || return 1
	builtin pushd "${__envr_rc%/*}/" >/dev/null || return 1

	__envr_here=${PWD} __envr_back=${OLDPWD-}
	if ! __envr_copy_of "${PWD%/}/${__envr_file}"; then
		__envr_copy=.
	fi
	if [[ -n ${__envr_began} ]]; then
		__envr_log_path loading "${__envr_rc}"
	fi
	__envr_began=1
	builtin cd -- "${__envr_copy}" || return 1
	if [[ ${__envr_voice} == envr ]]; then
		builtin trap '[[ ${BASH_COMMAND} != "return \"\${__envr_status}\"" || -z ${__envr_wanted} ]] || __envr_unsourced "${LINENO}"' ERR
	fi
	# shellcheck source=/dev/null
	builtin . "./${__envr_file}"
	__envr_status=$?
	builtin trap - ERR
	if [[ ${__envr_status} -ne 0 && ${__envr_voice} == envr ]]; then
		__envr_check_syntax 0 "${__envr_here%/}/${__envr_file}" "${__envr_copy}/${__envr_file}"
	fi
	builtin popd >/dev/null || return 1
	builtin popd >/dev/null || return 1
}

if [[ ${__envr_voice} == envr ]]; then
	# Usage: source [--] FILE [ARGUMENT…]
	# The builtin, but a file of the project is judged first. What it declares would be this function's own, and is
	# handed on, for the builtin would have left it to the caller.
	source() {
		local __envr_wanted_path='' __envr_here=${PWD} __envr_back=${OLDPWD-} __envr_copy=. __envr_status=0
		if [[ ${1-} == -- ]]; then
			shift
		fi
		__envr_locate_script "${1-}"
		__envr_wanted=
		if [[ $# -gt 0 && ! -e ${__envr_wanted_path} ]]; then
			# bash would name a line of ours.
			builtin printf '%s: %s: No such file or directory\n' "${__envr_file}" "$1" >&2
			__envr_status=1 __envr_wanted=${__envr_wanted_path} __envr_wanted_name=$1
			return "${__envr_status}"
		fi
		if __envr_judge_script "${__envr_wanted_path}" "${1-}"; then
			builtin cd -- "${__envr_copy}" || return 1
		fi
		# shellcheck source=/dev/null
		builtin source "$@"
		__envr_status=$?
		if [[ ${BASH_VERSINFO[0]} -ge 5 ]]; then
			builtin local -p >"${__envr_stage}/declared"
			__envr_hand_on
		fi
		if [[ ${__envr_status} -ne 0 ]]; then
			__envr_wanted=${__envr_wanted_path}
			__envr_wanted_name=$1
		fi
		return "${__envr_status}"
	}

	function . {
		# shellcheck source=/dev/null
		source "$@"
	}
fi

# Usage: __envr_locate_script NAME
# Sets __envr_wanted_path to the file that `source NAME` would read: a bare name is looked for on PATH first.
__envr_locate_script() {
	local __envr_entry IFS=:
	case $1 in
	/*) __envr_wanted_path=$1 ;;
	*/*) __envr_wanted_path=${PWD%/}/$1 ;;
	*)
		__envr_wanted_path=${PWD%/}/$1
		# shellcheck disable=SC2086
		for __envr_entry in ${PATH-}; do
			if [[ -f ${__envr_entry}/$1 ]]; then
				__envr_wanted_path=${__envr_entry}/$1
				break
			fi
		done
		;;
	esac
}

# Usage: __envr_judge_script PATH NAME
# Succeeds with __envr_copy set where the judged bytes stand ready under NAME; elsewhere the file itself runs.
__envr_judge_script() {
	local REPLY
	__envr_ask script "$1" "$2" && [[ -n ${REPLY} ]] || return 1
	__envr_copy=${REPLY}
}

# Declares for the whole shell what the last script declared in the function that ran it.
__envr_hand_on() {
	local __envr_line __envr_code=
	while IFS= builtin read -r __envr_line; do
		case ${__envr_line} in
		"declare "*" __envr_"*) ;;
		"declare -"*) __envr_code+="declare -g ${__envr_line#declare }"$'\n' ;;
		*) __envr_code+=${__envr_line}$'\n' ;;
		esac
	done <"${__envr_stage}/declared"
	builtin eval "${__envr_code}"
}

# Usage: __envr_unsourced LINE
# A `source` failed unhandled: ends the evaluation where the file is missing or no bash, not where its last command
# happened to be false.
__envr_unsourced() {
	local __envr_at="${__envr_here%/}/${__envr_file}" REPLY
	if [[ -d ${__envr_wanted} ]]; then
		__envr_ask failed "$1" "${__envr_at}" "could not source \`${__envr_wanted_name}\`: it is a directory" || builtin true
	elif [[ -r ${__envr_wanted} ]]; then
		__envr_check_syntax "$1" "${__envr_at}" "${__envr_wanted}"
		return 0
	elif [[ -e ${__envr_wanted} ]]; then
		__envr_ask failed "$1" "${__envr_at}" "could not source \`${__envr_wanted_name}\`: it is not readable" || builtin true
	else
		__envr_ask failed "$1" "${__envr_at}" "could not source \`${__envr_wanted_name}\`: there is no such file" || builtin true
	fi
	builtin exit 1
}

# Usage: __envr_check_syntax LINE FILE SCRIPT
# Ends the evaluation when SCRIPT is no bash. LINE and FILE say where it was sourced; LINE 0: it is FILE itself.
__envr_check_syntax() {
	local __envr_said REPLY
	__envr_said=$("${BASH}" -O extglob -n "$3" 2>&1) && return 0
	__envr_said=${__envr_said%%$'\n'*}
	if [[ ${__envr_said} =~ :\ line\ ([0-9]+):\ (.*)$ ]]; then
		if [[ $1 -eq 0 ]]; then
			__envr_ask failed "${BASH_REMATCH[1]}" "$2" "${BASH_REMATCH[2]}" || builtin true
		else
			__envr_ask failed "$1" "$2" "could not source \`${__envr_wanted_name}\`: line ${BASH_REMATCH[1]}: ${BASH_REMATCH[2]}" || builtin true
		fi
	else
		__envr_ask failed "$1" "$2" "${__envr_said}" || builtin true
	fi
	builtin exit 1
}

# Reports the environment. `declare` is a builtin: no process, and no limit on the size of a variable.
__envr_finish() {
	{ builtin set +aeux; } 2>/dev/null
	builtin set +o posix
	{
		[[ -n ${__envr_listed} ]] || builtin printf '\0'
		builtin declare -px
		builtin printf '\0'
		if [[ ${__envr_voice} == envr ]]; then
			builtin declare -F
			builtin printf '\0'
			builtin alias
		else
			builtin printf '\0'
		fi
		builtin printf '\0end'
	} >&"${__envr_dump}"
}

# Loads the user's own functions, then the rc.
__envr_main() {
	local __envr_lib
	if [[ -n ${__envr_strict} ]]; then
		builtin set -euo pipefail
	fi
	for __envr_lib in "${direnv_config_dir}/lib/"*.sh; do
		# shellcheck source=/dev/null
		builtin . "${__envr_lib}"
	done
	if [[ -f ${direnv_config_dir}/direnvrc ]]; then
		# shellcheck source=/dev/null
		builtin . "${direnv_config_dir}/direnvrc"
	elif [[ -f ${HOME-}/.direnvrc ]]; then
		# shellcheck source=/dev/null
		builtin . "${HOME}/.direnvrc"
	fi
	if [[ ${__envr_voice} == envr ]]; then
		builtin declare -F >&"${__envr_dump}"
	fi
	builtin printf '\0' >&"${__envr_dump}"
	__envr_listed=1
	source_env "$@" || builtin exit
}

builtin trap __envr_finish EXIT
