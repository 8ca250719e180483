. lib/b.sh
export A="a after $B"
