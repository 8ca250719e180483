# shellcheck shell=bash
# What the bash lane runs: `bash -c THIS-FILE BASH ARGUMENT…`, followed by a stub for each function of stdlib.bash and
# failure.bash. It owns the conversation with the envr that waits for it, over three inherited descriptors and a private
# directory. What stands here bash reads before each rc that it runs, so it is no more than each needs.
#
# SC2016: what stands in single quotes is expanded later.  SC2034: scripts use these variables.  SC2142: these aliases
# want the caller's parameters.  SC2128, SC2178: an array without an index is its first element.
# shellcheck disable=SC2016,SC2034,SC2128,SC2142,SC2178

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
__envr_loading=${10}
__envr_library=${11}
__envr_defines=${12}
__envr_begins_plain=${13}
__envr_began=
# What a stub does here: replaces itself by its function and calls that.
__envr_stub='__envr_load "$FUNCNAME" 2>/dev/null || { unset -f "$FUNCNAME"; eval "$(direnv stdlib)"; }; "$FUNCNAME" "$@"'
if [[ ${__envr_voice} == envr ]]; then
	# What is here before us: functions from outside.
	builtin declare -F >&"${__envr_dump}"
fi
__envr_listed=
__envr_users=
# Each copy of a judged file begins with this line, which takes bash back to where the file stands.
__envr_first_line='\builtin eval "$__envr_way_back"; '
__envr_way_back='\builtin cd -- "$__envr_here" || return; OLDPWD=$__envr_back; [[ -z ${__envr_held-} ]] || __envr_release_stderr'
# What a `source` leaves in the scope of its caller: arrays, for `set -a` would export a plain variable.
__envr_here=() __envr_back=() __envr_copy=() __envr_given=() __envr_result=()
__envr_names=() __envr_files=() __envr_wanted=() __envr_wanted_name=() __envr_why=() __envr_says=() __envr_frame=() __envr_handled=() __envr_said=() __envr_held=()
# The scripts that ran: what bash calls them, and where they are.
__envr_called=() __envr_paths=()

# Usage: __envr_ask VERB ARGUMENT…
# Asks envr; the reply, if there is one, is in REPLY. A subshell may run beside this shell and take its answers, so it
# asks nothing but what it must not do unasked. Not every bash counts the parts of a pipeline as subshells, and 3.2 has
# no BASHPID: hence both tests.
__envr_ask() {
	local __envr_code
	REPLY=
	[[ ${BASH_SUBSHELL} -eq 0 && ${BASHPID:-$$} == "$$" || $1 == execute || $1 == script || $1 == secrets || $1 == nix ]] || return 1
	case $1 in
	nix) { builtin printf '%s\0' "$(($# + 1))" "$@" && builtin declare -px && builtin printf '\0'; } >&"${__envr_question}" || return 1 ;;
	watch | watch-dir) builtin printf '%s\0' "$(($# + 1))" "$@" "${DIRENV_WATCHES-}" >&"${__envr_question}" || return 1 ;;
	*) builtin printf '%s\0' "$#" "$@" >&"${__envr_question}" || return 1 ;;
	esac
	IFS= builtin read -r -u "${__envr_answer}" __envr_code || return 1
	case ${__envr_code} in
	done) return 0 ;;
	reply) IFS= builtin read -r -d '' REPLY <"${__envr_stage}/reply" || builtin true ;;
	secret) IFS= builtin read -r -d '' -u "${__envr_answer}" REPLY || builtin true ;;
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

# Usage: __envr_judge VERB PATH [NAME]
# Asks envr whether a file may run, and ends here if not. Sets __envr_copy to the directory of the bytes that were judged,
# or to nothing where the file itself runs. The copy begins, before its first line, with the way back to $__envr_here, so
# that for the script only the bytes are ours: its directory, $BASH_SOURCE and line numbers are as they would be in place.
__envr_judge() {
	local REPLY=
	__envr_here=${PWD} __envr_back=${OLDPWD-} __envr_copy=
	__envr_ask "$@" || builtin true
	__envr_copy=${REPLY}
}

# Usage: source_env FILE_OR_DIR …
# The library's function, but what runs are the bytes that envr judged. The first call is for the rc itself, of which the
# first copy is.
source_env() {
	local __envr_file __envr_place __envr_judged __envr_status=0
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

	__envr_place=${PWD%/}/${__envr_file}
	if [[ -n ${__envr_began} ]]; then
		__envr_judge execute "${__envr_place}"
		__envr_log_path loading "${__envr_rc}"
	else
		__envr_here=${PWD} __envr_back=${OLDPWD-} __envr_copy=${__envr_stage}/0
		[[ -z ${__envr_loading} ]] || builtin printf '%s\n' "${__envr_loading}" >&2
	fi
	__envr_judged=${__envr_copy:-.}/${__envr_file}
	__envr_began=1
	__envr_known "./${__envr_file}" "${__envr_place}"
	if [[ -n ${__envr_copy} ]]; then
		builtin cd -- "${__envr_copy}" || return 1
	fi
	# A first line that is words has no mistake to show.
	[[ -z ${__envr_copy} || -n ${__envr_begins_plain-} ]] || __envr_hold_stderr
	__envr_begins_plain=()
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

if [[ ${__envr_voice} == envr ]]; then
	# `source` and `.` are aliases, which put the judgement before FILE: no function could run it in the scope, and with
	# the parameters, of its caller. A function that was exported finds the bare builtin in another bash. Where no alias is
	# looked for (`\source`, `>log source`), functions of the same name see to it that the file is judged all the same.
	function source { command source "${__envr_stage}/source" 0 "$@"; }
	function . { command source "${__envr_stage}/source" 0 "$@"; }
	if ! builtin shopt -q expand_aliases; then
		# A script's own aliases stay as dead as bash has them: each stands for itself, unless the script wants otherwise.
		alias() {
			local __envr_alias
			for __envr_alias in "$@"; do
				if [[ ${__envr_alias} == *=* ]]; then
					__envr_alias=${__envr_alias%%=*}=${__envr_alias%%=*}
				fi
				set -- "${@:2}" "${__envr_alias}"
			done
			builtin alias "$@"
		}
		shopt() {
			if [[ $* == *expand_aliases* ]]; then
				builtin unset -f alias shopt
			fi
			builtin shopt "$@"
		}
		for __envr_alias in "${!BASH_ALIASES[@]}"; do
			# shellcheck disable=SC2139
			alias "${__envr_alias}="
		done
		builtin shopt -s expand_aliases
	fi
	builtin alias source='command source ${__envr_stage+"${__envr_stage}/source"} ${__envr_stage+"$#"} ${__envr_stage+"$@"}'
	builtin alias .='command . ${__envr_stage+"${__envr_stage}/source"} ${__envr_stage+"$#"} ${__envr_stage+"$@"}'
fi

# Usage: __envr_known NAME PATH
# Remembers which file it is that bash calls NAME.
__envr_known() {
	__envr_called+=("$1")
	__envr_paths+=("$2")
}

# Reports the environment. `declare` is a builtin: no process, and no limit on the size of a variable.
__envr_finish() {
	{ builtin set +aeux; } 2>/dev/null
	local __envr_posix=
	if [[ -o posix ]]; then
		# This variable goes with the mode.
		__envr_posix=$(builtin declare -p POSIXLY_CORRECT 2>/dev/null)
		builtin set +o posix
	fi
	[[ -z ${__envr_held-} ]] || __envr_release_stderr
	{
		[[ -n ${__envr_listed} ]] || builtin printf '\0'
		builtin declare -px
		[[ ${__envr_posix} != declare\ -*x*\ POSIXLY_CORRECT=* ]] || builtin printf '%s\n' "${__envr_posix}"
		builtin printf '\0'
		if [[ ${__envr_voice} == envr ]]; then
			if [[ -n ${__envr_defines} || -n ${__envr_users} || ${#__envr_called[@]} -gt 1 ]]; then
				# Each line is a system call.
				builtin eval "builtin unset -f ${__envr_library}"
				builtin declare -F
			fi
			builtin printf '\0'
			builtin unalias source . 2>/dev/null
			builtin alias
		else
			builtin printf '\0'
		fi
		builtin printf '\0end'
	} >&"${__envr_dump}"
}

# Loads the user's own functions, then the rc.
__main__() {
	local __envr_lib
	if [[ -n ${__envr_strict} ]]; then
		builtin set -euo pipefail
	fi
	for __envr_lib in "${direnv_config_dir}/lib/"*.sh; do
		# shellcheck source=/dev/null
		builtin . "${__envr_lib}"
		__envr_users=1
	done
	if [[ -f ${direnv_config_dir}/direnvrc ]]; then
		__envr_users=1
		# shellcheck source=/dev/null
		builtin . "${direnv_config_dir}/direnvrc"
	elif [[ -f ${HOME-}/.direnvrc ]]; then
		__envr_users=1
		# shellcheck source=/dev/null
		builtin . "${HOME}/.direnvrc"
	fi
	if [[ ${__envr_voice} == envr && -n ${__envr_users} ]]; then
		builtin declare -F >&"${__envr_dump}"
	fi
	builtin printf '\0' >&"${__envr_dump}"
	__envr_listed=1
	source_env "$@"
}

builtin trap __envr_finish EXIT
