# envr for bash: before each prompt, follow what the directory asks for.
# The function has the name of direnv's, which other programs look for and redefine.

# Whether nothing changed. envr defines it anew with each answer, in tests that need no process.
__envr_is_current() {
	\builtin return 1
}

_direnv_hook() {
	\builtin local __envr_status="$?" __envr_interrupt __envr_trace="$-"
	if ! __envr_is_current; then
		# The answer holds for ten seconds at most. Shells without the clock, before bash 5, always ask.
		__envr_asked="${EPOCHSECONDS-}"
		__envr_asked="${__envr_asked%?}"
		# What is evaluated holds values: a trace of this shell is no place for them.
		{ \builtin set +xv; } 2>/dev/null
		# Ctrl-C is not for this shell while it waits: envr ends the load and prints what the shell is to remember of it.
		# Were the wait to end instead, the load would start again at the next prompt.
		__envr_interrupt="$(\builtin trap -p INT)"
		\builtin trap '' INT
		# shellcheck disable=SC2312 # a failed load, too, prints what to remember
		\builtin eval "$(\command @ENVR@ export bash "${EPOCHSECONDS:+--hook}")" || \builtin true
		\builtin eval "\\builtin ${__envr_interrupt:-trap - INT}"
		[[ ${__envr_trace} != *v* ]] || \builtin set -v
		[[ ${__envr_trace} != *x* ]] || \builtin set -x
	fi
	# Under `set -e` a status from here would end the shell.
	[[ $- == *e* ]] || \builtin return "${__envr_status}"
}

# Once, and first. Assigned without an index, so that a list keeps its other entries.
# shellcheck disable=SC2199 # joined with blanks, whatever IFS is
if [[ " ${PROMPT_COMMAND[@]-} " != *[^[:alnum:]_]_direnv_hook[^[:alnum:]_]* ]]; then
	PROMPT_COMMAND="_direnv_hook${PROMPT_COMMAND:+;${PROMPT_COMMAND}}"
fi
