# shellcheck shell=bash
# What an evaluation needs once a script asks for something, or ends otherwise than most. evaluate.bash has it as text,
# and reads it when the first function of it is called: under whatever `set` and `shopt` the script chose.
#
# SC2016, SC2154: evaluate.bash sets these variables.  SC2128, SC2178: an array without an index is its first element.
# SC2034: source.bash and failure.bash use these.
# shellcheck disable=SC2016,SC2034,SC2128,SC2154,SC2178

# `set -a` would export these functions.
__envr_options=("$-")
builtin set +a
builtin eval "${__envr_others}"

# What a `source` leaves in the scope of its caller: arrays, for `set -a` would export a plain variable.
__envr_copy=() __envr_given=() __envr_result=() __envr_names=() __envr_files=() __envr_wanted=() __envr_wanted_name=()
__envr_aliases=() __envr_why=() __envr_says=() __envr_frame=() __envr_handled=() __envr_said=() __envr_real=()
# The line that each copy of a judged file begins with.
__envr_first_line='\builtin eval "$__envr_way_back"; '

# Usage: __envr_ask VERB ARGUMENT…
# Asks envr; the reply, if there is one, is in REPLY. A subshell may run beside this shell and take its answers, so it
# asks nothing but what it must not do unasked. Not every bash counts the parts of a pipeline as subshells, and 3.2 has
# no BASHPID: hence both tests.
__envr_ask() {
	local __envr_code
	REPLY=
	[[ ${BASH_SUBSHELL} -eq 0 && ${BASHPID:-$$} == "$$" || $1 == execute || $1 == script || $1 == secrets || $1 == nix ]] || builtin return 1
	case $1 in
	nix) { builtin printf '%s\0' "$(($# + 1))" "$@" && builtin declare -px && builtin printf '\0'; } >&"${__envr_question}" || builtin return 1 ;;
	watch | watch-dir) builtin printf '%s\0' "$(($# + 1))" "$@" "${DIRENV_WATCHES-}" >&"${__envr_question}" || builtin return 1 ;;
	*) builtin printf '%s\0' "$#" "$@" >&"${__envr_question}" || builtin return 1 ;;
	esac
	IFS= builtin read -r -u "${__envr_answer}" __envr_code || builtin return 1
	case ${__envr_code} in
	done) builtin return 0 ;;
	reply) IFS= builtin read -r -d '' REPLY <"${__envr_stage}/reply" || builtin true ;;
	secret) IFS= builtin read -r -d '' -u "${__envr_answer}" REPLY || builtin true ;;
	refused) builtin exit 1 ;;
	*) builtin return 1 ;;
	esac
}

# Usage: __envr_load NUMBER STUB CALLER…
# Replaces a stub, or a copy of one under another name, by the function itself, and sets __envr_real to what is to be called.
# A stub that calls itself was not replaced, for a script made it readonly.
__envr_load() {
	local REPLY __envr_posix="" __envr_expands="" __envr_options=$-
	# The one would export the function, the other ends bash at one that is readonly.
	builtin set +ae
	if builtin shopt -q expand_aliases; then
		__envr_expands=1
	fi
	if [[ -o posix ]]; then
		# Some functions have names that POSIX does not allow.
		__envr_posix=1
		builtin set +o posix
	fi
	builtin shopt -u expand_aliases
	__envr_real=("$2")
	if [[ ${3-} == __envr && $2 == "${4-}" ]]; then
		__envr_real=("__envr_real_$2")
	fi
	__envr_ask function "$1" || __envr_read_function "$1"
	# Where a script unset FUNCNAME nobody knows what was called.
	__envr_real=("${__envr_real:-${REPLY%%(*}}")
	builtin eval "${__envr_real}(${REPLY#*\(}"
	if [[ -n ${__envr_posix} ]]; then
		builtin set -o posix
	fi
	if [[ -n ${__envr_expands} ]]; then
		builtin shopt -s expand_aliases
	fi
	if [[ ${__envr_options} == *a* ]]; then
		builtin set -a
	fi
	if [[ ${__envr_options} == *e* ]]; then
		builtin set -e
	fi
	[[ -n ${REPLY} ]]
}

# Usage: __envr_read_function NUMBER
# For a subshell, which can ask for nothing, leaves the text in REPLY.
__envr_read_function() {
	local __envr_index
	for ((__envr_index = 0; __envr_index <= $1; __envr_index++)); do
		IFS= builtin read -r -d '' REPLY || builtin return 1
	done <"${__envr_stage}/functions"
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

# Usage: __envr_known NAME PATH
# Remembers which file it is that bash calls NAME.
__envr_known() {
	__envr_called+=("$1")
	__envr_paths+=("$2")
}

# Usage: __envr_look_into_failure DIR
# For the copy of the rc in DIR, which failed.
__envr_look_into_failure() {
	[[ -z ${__envr_held-} ]] || __envr_release_stderr
	if [[ ${__envr_voice} == envr ]]; then
		__envr_check_syntax 0 "${__envr_paths}" "$1/${__envr_rc##*/}"
	fi
}

# Usage: __envr_alias ARGUMENT…
# `alias` while a script's own aliases are dead: each stands for itself.
__envr_alias() {
	local __envr_alias
	for __envr_alias in "$@"; do
		if [[ ${__envr_alias} == *=* ]]; then
			__envr_alias=${__envr_alias%%=*}=${__envr_alias%%=*}
		fi
		set -- "${@:2}" "${__envr_alias}"
	done
	builtin alias "$@"
}

# Usage: __envr_shopt ARGUMENT…
# `shopt` while they are.
__envr_shopt() {
	if [[ $* == *expand_aliases* ]]; then
		builtin unset -f alias shopt
	fi
	builtin shopt "$@"
}

# The rest of the report, where the script may have defined something.
__envr_report_definitions() {
	# Each line is a system call.
	builtin eval "builtin unset -f ${__envr_library}" 2>/dev/null
	builtin declare -F
	builtin printf '\0'
	builtin unalias source . 2>/dev/null
	builtin alias
	builtin printf '\0end'
}

# The report of a script that left POSIX mode on, or could not be read at all.
__envr_finish_otherwise() {
	local __envr_posix=
	if [[ -o posix ]]; then
		# This variable goes with the mode.
		__envr_posix=$(builtin declare -p POSIXLY_CORRECT 2>/dev/null)
		builtin set +o posix
	fi
	[[ -z ${__envr_held-} ]] || __envr_release_stderr
	[[ ${__envr_posix} != declare\ -*x*\ POSIXLY_CORRECT=* ]] || __envr_more=${__envr_posix}
	__envr_report
}

# For a script that closed our descriptors: the one who waits has them open, too.
__envr_reopen() {
	builtin eval "command exec ${__envr_dump}>>/proc/${PPID}/fd/${__envr_dump} ${__envr_question}>>/proc/${PPID}/fd/${__envr_question}"
}

[[ ${__envr_options} != *a* ]] || builtin set -a
__envr_asking=()
