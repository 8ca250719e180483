export CONTEXT="$1" NAMESPACE="${2:-default}" GIVEN=$#
shift
export REST="$*"
