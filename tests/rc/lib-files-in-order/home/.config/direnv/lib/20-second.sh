export ORDER="$ORDER second" STANDING="${PWD##*/}"
use_tool() { export TOOL=second; }
