# shellcheck shell=bash
# What the bash lane runs: `bash -c THIS-FILE BASH ARGUMENT…`, followed by a stub for each function of stdlib.bash. It
# owns the conversation with the envr that waits for it, over three inherited descriptors and a private directory. What
# stands here bash reads before each rc that it runs, at its own slow pace: so it is no more than each needs, and the
# rest comes as text in two arguments.
#
# SC2016: what stands in single quotes is expanded later.  SC2034: scripts use these variables.  SC2142: these aliases
# want the caller's parameters.  SC2128, SC2178: an array without an index is its first element.  SC2154: asking.bash
# sets these variables.
# shellcheck disable=SC2016,SC2034,SC2128,SC2142,SC2154,SC2178

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
# What loads the user's own functions, where there may be some.
__envr_users=${14}
# asking.bash, until it is read.
__envr_asking=("${15}")
# What each copy of a judged file evaluates first.
__envr_way_back=${16}
# Stubs of the functions that the rc itself does not call.
__envr_others=${17}
__envr_began=
__envr_listed=
# The scripts that ran: what bash calls them, and where they are.
__envr_called=() __envr_paths=()
# Arrays, for `set -a` would export a plain variable.
__envr_here=() __envr_back=() __envr_status=() __envr_held=()

# Usage: __envr_read 2>/dev/null
# Defines the functions of asking.bash, unseen by `set -x`, and by the aliases of a script.
__envr_read() {
	builtin set -- -u
	if builtin shopt -q expand_aliases; then builtin set -- -s; fi
	builtin shopt -u expand_aliases
	# A `[[` with a mistake in it bash takes for open until the next mistake.
	builtin eval "${__envr_asking-}" || builtin eval "${__envr_asking-}"
	builtin shopt "$1" expand_aliases
}

# What is here of the function there, which is read once.
__envr_load() {
	__envr_read
	[[ -z ${__envr_asking-} ]] && __envr_load "$@"
}

# Usage: __envr NUMBER ARGUMENT…
# What a stub does: has itself replaced by its function, and calls that. Exported into another bash, with its stub, it finds
# the library through `direnv`, and the stub is gone before it could call itself.
__envr() {
	__envr_load "$1" "${FUNCNAME[@]:1}" 2>/dev/null || eval "unset -f ${FUNCNAME[1]}; $(direnv stdlib)" || return
	"${__envr_real:-${FUNCNAME[1]}}" "${@:2}"
}

# Runs the rc: the first call is for it, and its copy is there. Any other is for the function of this name in
# source_env.bash. Under `command` the rc hears that a failure is handled, which it would not under `builtin`.
source_env() {
	if [[ -n ${__envr_began} ]]; then
		__envr 0 "$@"
		builtin return
	fi
	__envr_began=1
	{ builtin pushd . && builtin pushd "${__envr_rc%/*}/"; } >/dev/null || return 1
	__envr_here=("${PWD}") __envr_back=("${OLDPWD-}")
	__envr_called=("./${__envr_rc##*/}") __envr_paths=("${PWD%/}/${__envr_rc##*/}")
	[[ -z ${__envr_loading} ]] || builtin printf '%s\n' "${__envr_loading}" >&2
	builtin cd -- "${__envr_stage}/0" || return 1
	# A first line that is words has no mistake to show.
	[[ -n ${__envr_begins_plain} ]] || { __envr_read 2>/dev/null && __envr_hold_stderr; }
	# shellcheck source=/dev/null
	command . "${__envr_called}"
	__envr_status=("$?")
	[[ ${__envr_status} -eq 0 ]] || { __envr_read 2>/dev/null && __envr_look_into_failure "${__envr_stage}/0"; }
	{ builtin popd && builtin popd; } >/dev/null || return 1
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
			__envr_read 2>/dev/null
			__envr_alias "$@"
		}
		shopt() {
			__envr_read 2>/dev/null
			__envr_shopt "$@"
		}
		for __envr_alias in "${!BASH_ALIASES[@]}"; do
			# shellcheck disable=SC2139
			alias "${__envr_alias}="
		done
		builtin shopt -s expand_aliases
	fi
	builtin alias source='\command source ${__envr_stage+"${__envr_stage}/source"} ${__envr_stage+"$#"} ${__envr_stage+"$@"}'
	builtin alias .='\command . ${__envr_stage+"${__envr_stage}/source"} ${__envr_stage+"$#"} ${__envr_stage+"$@"}'
fi

# Reports the environment. `declare` is a builtin: no process, and no limit on the size of a variable.
__envr_finish() {
	{
		# No more of the script runs.
		unset -f builtin
		builtin set +aeux
		builtin true >&"${__envr_dump}" || { __envr_read && __envr_reopen; }
	} 2>/dev/null
	if [[ -o posix || -n ${__envr_held-} ]]; then
		__envr_read
		__envr_finish_otherwise
	else
		__envr_report
	fi >&"${__envr_dump}"
	# While bash ends, envr reads it.
	{ builtin printf '1\0reported\0' >&"${__envr_question}"; } 2>/dev/null
}

__envr_report() {
	[[ -n ${__envr_listed} ]] || builtin printf '\0'
	builtin declare -px || builtin return
	builtin printf '%s\0' "${__envr_more-}"
	if [[ ${__envr_voice} != envr || -z ${__envr_defines}${__envr_users}${__envr_called[1]-} ]]; then
		builtin printf '\0\0end'
	else
		__envr_read
		__envr_report_definitions
	fi
}

# Usage: __main__ RC
__main__() {
	# Where this one is made readonly, those of the library are not.
	local REPLY
	[[ -z ${__envr_strict} ]] || builtin set -euo pipefail
	# Here, for what the user's files `declare` is seen by the rc.
	[[ -z ${__envr_users} ]] || builtin eval "${__envr_users}"
	source_env "$@"
}

builtin trap __envr_finish EXIT
