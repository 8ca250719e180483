export NEVER=1
