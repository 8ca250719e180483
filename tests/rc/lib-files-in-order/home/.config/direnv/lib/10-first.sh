export ORDER="first"
use_tool() { export TOOL=first; }
