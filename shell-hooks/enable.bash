# shellcheck shell=bash
# What an evaluation has in place of `enable` where the rc has that word: what envr itself needs stays enabled.

enable() {
	if [[ ${1-} == -n ]]; then
		local __envr_name __envr_names=()
		for __envr_name in "${@:2}"; do
			case ${__envr_name} in
			. | alias | builtin | cd | command | declare | enable | eval | exec | exit | export | popd | printf | pushd) ;;
			read | return | set | shift | shopt | source | trap | unalias | unset) ;;
			*) __envr_names+=("${__envr_name}") ;;
			esac
		done
		if [[ $# -gt 1 && ${#__envr_names[@]} -eq 0 ]]; then
			builtin return
		fi
		builtin set -- -n "${__envr_names[@]}"
	fi
	builtin enable "$@"
}
