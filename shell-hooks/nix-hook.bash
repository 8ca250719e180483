# shellcheck shell=bash
# Runs the `shellHook` of a nix shell: `bash -c THIS-FILE BASH SETUP HOOK`. What it prints is the user's to see; what was
# standard output takes the environment that it leaves, with a mark at the end.

exec 60>&1 1>&2

__envr_finish() {
	{ builtin set +aeux; } 2>/dev/null
	builtin set +o posix
	{
		builtin declare -px
		builtin printf '\0end'
	} >&60
}
builtin trap __envr_finish EXIT

builtin eval "$1"
builtin eval "$2"
builtin true
