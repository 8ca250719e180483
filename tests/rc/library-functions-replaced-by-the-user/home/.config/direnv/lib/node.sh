layout_node() { export NODE=$(expand_path n); }
