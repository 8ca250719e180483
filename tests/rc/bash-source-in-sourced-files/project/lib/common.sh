export LIB_SOURCE="${BASH_SOURCE[0]}" LIB_CALLER="${BASH_SOURCE[1]}"
export LIB_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
where() { export FUNCTION_FILE="${BASH_SOURCE[0]}" FUNCTION_CALLER="${BASH_SOURCE[1]}"; }
