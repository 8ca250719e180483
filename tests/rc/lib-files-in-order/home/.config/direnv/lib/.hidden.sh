export NEVER=2
