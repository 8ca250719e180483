cd /
export CHILD=$PWD
