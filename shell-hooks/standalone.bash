# The rest of stdlib.bash for those who evaluate the output of `direnv stdlib` themselves. In an evaluation these functions
# are those of evaluate.bash.
#
# shellcheck shell=bash
# SC1090, SC1091: what is sourced is the user's.  SC2154: stdlib.bash says where these variables come from.
# SC2250: braces around a whole word say nothing.
# shellcheck disable=SC1090,SC1091,SC2154,SC2250

shopt -s gnu_errfmt nullglob extglob
export DIRENV_IN_ENVRC=1

# Usage: __envr_ask VERB [ARG ...]
# Asks without starting a process and leaves the answer in REPLY; returns 1 where nobody listens.
# Nobody does here.
__envr_ask() {
	return 1
}

# Usage: __envr_is_replaced FUNCTION
# Succeeds where a script put its own function in the place of the library's.
__envr_is_replaced() {
	local text
	text=$(declare -f "$1") && [[ $text != *__envr* ]]
}

# Usage: source_env FILE_OR_DIR
# Runs another rc in its own directory, as part of this one. Its failure does not fail the caller.
source_env() {
	local __envr_rc
	__envr_locate_rc "${1-}" || return 1
	watch_file "$__envr_rc"

	pushd . >/dev/null || return 1
	pushd "${__envr_rc%/*}/" >/dev/null || return 1
	if [[ -f $__envr_rc ]]; then
		__envr_log_path loading "$__envr_rc"
		. "./${__envr_rc##*/}"
	else
		__envr_log_path referenced "$__envr_rc" "does not exist"
	fi
	popd >/dev/null || return 1
	popd >/dev/null || return 1
}

# Usage: __main__ COMMAND [ARG ...]
# What an evaluation does: runs the user's libraries and direnvrc, then COMMAND, and prints the environment they leave
# behind as JSON.
__main__() {
	local __envr_lib
	exec 3>&1 1>&2
	# The status is read here, since inside a function it would be too late when that is loaded on its first call.
	trap '__envr_dump_at_exit "$?"' EXIT

	for __envr_lib in "$direnv_config_dir/lib/"*.sh; do
		if [[ -e $__envr_lib ]]; then . "$__envr_lib"; fi
	done
	if [[ -f $direnv_config_dir/direnvrc ]]; then
		. "$direnv_config_dir/direnvrc"
	elif [[ -f ${HOME-}/.direnvrc ]]; then
		. "$HOME/.direnvrc"
	fi
	"$@"
}

# Usage: __envr_dump_at_exit STATUS
__envr_dump_at_exit() {
	"$direnv" dump json "" >&3
	trap - EXIT
	exit "$1"
}
