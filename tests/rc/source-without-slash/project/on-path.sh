export WRONG=1
