# shellcheck shell=bash
# What `__main__` of evaluate.bash does where there may be functions that are not the rc's: loads the user's own, and
# reports which ones there are.
#
# SC2034, SC2154: evaluate.bash sets these variables, and uses them.  SC2168: it is in a function.
# shellcheck disable=SC2034,SC2154,SC2168

# Read before a script of the user may have an alias for a word of it.
{
	local __envr_lib
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
	{
		[[ ${__envr_voice} != envr ]] || builtin declare -F
		builtin printf '\0'
	} >&"${__envr_dump}"
	__envr_listed=1
}
