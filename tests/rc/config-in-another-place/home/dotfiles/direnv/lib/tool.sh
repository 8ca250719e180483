use_tool() { export TOOL=$1; }
