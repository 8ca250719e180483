# shellcheck shell=bash
# What a stub does: replaces itself by its function and calls that. It is a variable of the environment, in one line, for
# a stub that was exported into another bash: there it finds the library through `direnv`, and is gone before it could call
# itself.
#
# SC2128: the first of the array is the stub.  SC2154: asking.bash sets this variable.
# shellcheck disable=SC2128,SC2154

__envr_load "${FUNCNAME[@]}" 2>/dev/null || eval "unset -f ${FUNCNAME}; $(direnv stdlib)"
"${__envr_real:-${FUNCNAME}}" "$@"
