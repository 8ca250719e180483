# envr for zsh: before each prompt, and after each `cd`, follow what the directory asks for.
# The function has the name of direnv's, which other programs look for and redefine. zsh keeps `$?` over it.

# Whether nothing changed. envr defines it anew with each answer, in tests that need no process: `zstat` is one of them.
__envr_is_current() {
	\builtin return 1
}
\builtin zmodload -F zsh/stat b:zstat 2>/dev/null || \builtin true

_direnv_hook() {
	# A completion, or what a widget finds out in a subshell, only looks around.
	if (( ${+compstate} || ZSH_SUBSHELL && ${+WIDGET} )) || __envr_is_current; then
		\builtin return
	fi
	# Ctrl-C is not for this shell while it waits: envr ends the load and prints what the shell is to remember of it.
	# Were the wait to end instead, the load would start again at the next prompt. The user's trap is back on return.
	# What is evaluated holds values: a trace of this shell is no place for them.
	\builtin setopt local_options local_traps no_xtrace
	\builtin trap '' INT
	\builtin eval "$(\command @ENVR@ export zsh "${builtins[zstat]:+--hook}")" || \builtin true
}

# First, and once. After a `cd`, so that `cd p && make` and scripts have the environment; then the prompt asks nothing.
\builtin typeset -ga precmd_functions chpwd_functions
precmd_functions=(_direnv_hook "${precmd_functions[@]:#_direnv_hook}")
chpwd_functions=(_direnv_hook "${chpwd_functions[@]:#_direnv_hook}")
