# shellcheck shell=bash
# The way back from the directory of a copy to where the file stands: what each copy of a judged file evaluates before its
# first line.
#
# SC2034, SC2154: evaluate.bash sets these variables.  SC2128: an array without an index is its first element.
# shellcheck disable=SC2034,SC2128,SC2154

\builtin cd -- "${__envr_here}" || \return
OLDPWD=${__envr_back}
\builtin test -z "${__envr_held-}" || __envr_release_stderr
