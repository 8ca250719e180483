FROM_VARS=lost
export EXPORTED=kept
