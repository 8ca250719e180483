export CHILD_COUNT=$# CHILD_FIRST=${1##*/}
set -- changed
