# The stdlib: every function that an .envrc may call. It is sourced whole, or each function alone on its first call, so
# nothing stands here but functions, and none of them needs more than these shell variables:
#   $direnv             the binary, by absolute path
#   $direnv_config_dir  the directory of direnv.toml, direnvrc and lib/
#
# It runs in the user's bash, from 3.2 on, under whatever `set` and `shopt` the rc chose. Two habits follow:
#   - a helper answers in REPLY, which its caller made local, because $(…) costs a fork;
#   - a function that runs other people's code (an rc, an export, a command) names its own locals __envr_…, because
#     such code sees them, and would otherwise lose an `export path=…` in a local of ours.
#
# shellcheck shell=bash
# SC1090, SC1091: what is sourced is the user's.  SC2154: the two variables above come from outside.
# SC2310: that `if` and `||` suspend `set -e` is known, and each use allows for it.
# SC2250: braces around a whole word say nothing.
# shellcheck disable=SC1090,SC1091,SC2154,SC2250,SC2310

# --- saying things ---

# Usage: log_status [MESSAGE ...]
# Says on stderr what is going on, in the format that the configuration asks for.
log_status() {
	__envr_log status "$*"
}

# Usage: log_error [MESSAGE ...]
# Says on stderr what went wrong.
log_error() {
	__envr_log error "$*"
}

# Usage: __envr_log status|error MESSAGE
# MESSAGE is data from here on, never a format.
__envr_log() {
	local REPLY
	if __envr_ask log "$1" "$2" "${DIRENV_LOG_FORMAT+=$DIRENV_LOG_FORMAT}"; then
		if [[ -n $REPLY ]]; then printf '%s\n' "$REPLY" >&2; fi
	else
		"$direnv" log "--$1" "$2"
	fi
}

# --- asking the binary ---

# Usage: __envr_eval COMMAND [ARG ...]
# Evaluates what COMMAND prints, or nothing at all when it fails; then its status is returned.
__envr_eval() {
	local __envr_script
	__envr_script=$("$@") || return
	eval "$__envr_script"
}

# Usage: direnv_version [MIN]
# Prints the version, or fails when it is older than MIN.
direnv_version() {
	"$direnv" version "$@"
}

# --- words and paths ---

# Usage: has COMMAND
# Succeeds when COMMAND can be called: a program, a function, a builtin or an alias.
has() {
	type "${1-}" &>/dev/null
}

# Usage: join_args [ARG ...]
# Prints the arguments as one line that bash reads back as the same arguments.
join_args() {
	printf '%q ' "$@"
}

# Usage: expand_path PATH [BASE]
# Prints PATH as an absolute path, seen from BASE or from the current directory. Symbolic links stay as they are.
expand_path() {
	local REPLY
	realpath.absolute "${2-}" "${1-}"
	__envr_print "$REPLY"
}

# Usage: user_rel_path PATH
# Prints an absolute PATH as a person would write it, with ~ for the home directory.
user_rel_path() {
	local REPLY
	__envr_tilde_path "${1-}"
	if [[ -n $REPLY ]]; then __envr_print "$REPLY"; fi
}

# Usage: find_up NAME
# Prints the path of the nearest file NAME, from the current directory up to /; fails when there is none.
find_up() {
	local REPLY
	__envr_find_up "$PWD" "${1-}" || return 1
	__envr_print "$REPLY"
}

# Usage: realpath.absolute [PATH ...]
# Follows each PATH from where the last one led, beginning in the current directory, by the letters alone.
realpath.absolute() {
	__envr_follow "$@"
}

# Usage: realpath.dirname PATH
# PATH without its last name: `.` when that was the only one, and / is above itself.
realpath.dirname() {
	local path=${1-}
	path=${path%"${path##*[!/]}"}
	case $path in
	*/*)
		path=${path%/*}
		path=${path%"${path##*[!/]}"}
		REPLY=${path:-/}
		;;
	*)
		REPLY=.
		if [[ -z $path && -n ${1-} ]]; then REPLY=/; fi
		;;
	esac
}

# Usage: realpath.basename PATH
# The last name of PATH, or / when it has none.
realpath.basename() {
	local path=${1-}
	path=${path%"${path##*[!/]}"}
	path=${path##*/}
	REPLY=${path:-/}
}

# Usage: __envr_follow [PATH ...]
# realpath.absolute, whatever a script puts in its place.
__envr_follow() {
	local path name
	REPLY=$PWD
	for path in "$@"; do
		case $path in
		// | //[!/]*) REPLY=// ;;
		/*) REPLY=/ ;;
		*) ;;
		esac
		while [[ -n $path ]]; do
			name=${path%%/*}
			path=${path#"$name"}
			path=${path#/}
			case $name in
			'' | .) ;;
			..) realpath.dirname "$REPLY" ;;
			*) REPLY=${REPLY%/}/$name ;;
			esac
		done
	done
}

# Usage: __envr_print TEXT
# By its name a function is told from one that a script put in its place.
__envr_print() {
	builtin printf '%s\n' "$1"
}

# Usage: __envr_absolute PATH
# What expand_path says.
__envr_absolute() {
	if __envr_is_replaced expand_path; then
		REPLY=$(expand_path "$1") || true
	else
		realpath.absolute "" "$1"
	fi
}

# Usage: __envr_tilde_path PATH
# The leading `-` of DIRENV_DIR is accepted too.
__envr_tilde_path() {
	REPLY=${1#-}
	if [[ -z ${HOME-} ]]; then return 0; fi
	local home=${HOME%/}
	case $REPLY in
	"$HOME" | "$home"/*) REPLY='~'${REPLY#"$home"} ;;
	*) ;;
	esac
}

# Usage: __envr_find_up DIR NAME
# Goes up by the letters of DIR, as `cd ..` does, so that no subshell is needed.
__envr_find_up() {
	local dir=${1%/}
	while true; do
		REPLY=$dir/$2
		if [[ -f $REPLY ]]; then return 0; fi
		if [[ -z $dir ]]; then return 1; fi
		dir=${dir%/*}
	done
}

# --- watching ---

# Usage: watch_file [FILE ...]
# Loads the environment again when one of the files changes, appears or disappears. An empty name is no file.
watch_file() {
	local file files=() REPLY
	for file in "$@"; do
		if [[ -n $file ]]; then
			__envr_follow "$file"
			files+=("$REPLY")
		fi
	done
	if ((${#files[@]} == 0)); then return 0; fi
	if __envr_ask watch "${files[@]}"; then
		export DIRENV_WATCHES=$REPLY
	else
		__envr_eval "$direnv" watch bash "${files[@]}" || true
	fi
}

# Usage: watch_dir DIR
# The same for everything below DIR. A missing DIR is reported, but fails nothing.
watch_dir() {
	local dir=${1-} REPLY
	if [[ -d $dir ]]; then
		__envr_follow "$dir"
		dir=$REPLY
		if __envr_ask watch-dir "$dir"; then
			export DIRENV_WATCHES=$REPLY
			return 0
		fi
	fi
	__envr_eval "$direnv" watch-dir bash "$dir" || true
}

# --- other rc files ---

# Usage: source_env_if_exists FILE
# Like source_env, but a missing FILE is watched for and otherwise passed over.
source_env_if_exists() {
	watch_file "${1-}"
	if [[ -f ${1-} ]]; then source_env "$1"; fi
}

# Usage: source_up [NAME]
# Runs the nearest rc above the current directory; fails when there is none.
source_up() {
	local __envr_up
	__envr_locate_up "${1:-.envrc}"
	if [[ -z $__envr_up ]]; then
		log_error "No ancestor ${1:-.envrc} found"
		return 1
	fi
	source_env "$__envr_up"
}

# Usage: source_up_if_exists [NAME]
# Like source_up, but content to find nothing.
source_up_if_exists() {
	local __envr_up
	__envr_locate_up "${1:-.envrc}"
	if [[ -n $__envr_up ]]; then source_env "$__envr_up"; fi
}

# Usage: source_url URL HASH
# Runs a script from the net whose content has exactly this hash.
source_url() {
	local __envr_file
	if [[ -z ${1-} ]]; then
		log_error "source_url: <url> argument missing"
		return 1
	fi
	if [[ -z ${2-} ]]; then
		log_error "source_url: <integrity-hash> argument missing. Use \`direnv fetchurl $1\` to find out the hash."
		return 1
	fi
	log_status "loading $1 ($2)"
	__envr_file=$(fetchurl "$1" "$2") || return
	builtin eval '. "$__envr_file"'
}

# Usage: fetchurl URL [HASH]
# Prints the path of a file with what is at URL; with HASH, only if that is its content.
fetchurl() {
	"$direnv" fetchurl "$@"
}

# Usage: require_allowed FILE ...
# Goes on only when the content of each FILE is approved, as that of the rc is. Otherwise the rc ends here, and the next
# `allow` approves them.
require_allowed() {
	local __envr_file
	if (($# == 0)); then
		log_error "require_allowed: no file given"
		return 1
	fi
	for __envr_file in "$@"; do
		case $__envr_file in
		'' | /* | .. | ../* | */.. | */../*)
			log_error "require_allowed: \`$__envr_file\` is not a path inside this directory"
			exit 1
			;;
		*) ;;
		esac
	done

	watch_file "$@"
	unset DIRENV_REQUIRED
	__envr_eval "$direnv" check-required bash "${__envr_rc:-$PWD/.envrc}" "$@" || exit 1
	if [[ -n ${DIRENV_REQUIRED-} ]]; then
		log_error "${DIRENV_REQUIRED//:/, }: not approved yet; \`${direnv##*/} allow\` approves it"
		exit 0
	fi
}

# Usage: __envr_locate_rc FILE_OR_DIR
# Leaves the absolute path of the rc that is meant in __envr_rc, a local of the caller.
__envr_locate_rc() {
	local path=$1 REPLY
	case $path in
	'~' | '~'/*) path=${HOME-}${path#'~'} ;;
	*) ;;
	esac
	if has cygpath; then path=$(cygpath -u "$path"); fi
	if [[ -d $path ]]; then path=$path/.envrc; fi
	if [[ ! -e $path ]]; then
		log_status "referenced $path does not exist"
		return 1
	fi
	__envr_follow "$path"
	__envr_rc=$REPLY
}

# Usage: __envr_locate_up NAME
# Leaves the nearest file NAME above the current directory in __envr_up, a local of the caller; nothing is above /.
__envr_locate_up() {
	local REPLY dir=${PWD%/}
	__envr_up=
	if [[ -z $dir ]]; then return 0; fi
	if __envr_is_replaced find_up; then
		__envr_up=$(cd .. && find_up "$1") || true
	elif __envr_find_up "${dir%/*}" "$1"; then
		__envr_up=$REPLY
	fi
}

# Usage: __envr_log_path BEFORE PATH [AFTER]
__envr_log_path() {
	local REPLY
	if __envr_is_replaced user_rel_path; then
		REPLY=$(user_rel_path "$2") || true
	else
		__envr_tilde_path "$2"
	fi
	log_status "$1 $REPLY${3:+ $3}"
}

# --- variables ---

# Usage: dotenv [FILE_OR_DIR]
# Exports what a .env file says; fails when it is missing or cannot be read.
dotenv() {
	local __envr_dotenv
	__envr_locate_dotenv "${1-}"
	if [[ ! -e $__envr_dotenv || -d $__envr_dotenv ]]; then
		log_error ".env at $__envr_dotenv not found"
		return 1
	fi
	__envr_eval "$direnv" dotenv bash "$__envr_dotenv"
}

# Usage: dotenv_if_exists [FILE_OR_DIR]
# Like dotenv, but a missing file is watched for and otherwise passed over.
dotenv_if_exists() {
	local __envr_dotenv
	__envr_locate_dotenv "${1-}"
	if [[ -e $__envr_dotenv && ! -d $__envr_dotenv ]]; then __envr_eval "$direnv" dotenv bash "$__envr_dotenv"; fi
}

# Usage: env_vars_required NAME ...
# Names on stderr each variable that is not exported or is empty, and fails if there was one.
env_vars_required() {
	local __envr_name __envr_exported __envr_declaration __envr_status=0
	__envr_exported=$(export -p)
	for __envr_name in "$@"; do
		# An exported array does not reach the environment. In POSIX mode it is `export NAME="VALUE"`.
		__envr_declaration=$'(^|\n)(export|declare -[^aA ]*x[^aA ]*) '"$__envr_name="
		if [[ ! $__envr_name =~ ^[a-zA-Z_][a-zA-Z0-9_]*$ ]] ||
			[[ ! $__envr_exported =~ $__envr_declaration || -z ${!__envr_name-} ]]; then
			log_error "env var $__envr_name is required but missing/empty"
			__envr_status=1
		fi
	done
	return "$__envr_status"
}

# Usage: PATH_add PATH ...
# Puts directories before those that PATH has, in the order given, as absolute paths.
PATH_add() {
	path_add PATH "$@"
}

# Usage: path_add NAME PATH ...
# PATH_add for any variable that is a list of paths.
path_add() {
	local REPLY
	__envr_list_prepend "${!1-}" "${@:2}"
	export "$1=$REPLY"
}

# Usage: PATH_rm PATTERN ...
# Takes the directories out of PATH that match a shell pattern.
PATH_rm() {
	path_rm PATH "$@"
}

# Usage: path_rm NAME PATTERN ...
# PATH_rm for any variable that is a list of paths.
path_rm() {
	local REPLY
	__envr_list_remove "${!1-}" "${@:2}"
	export "$1=$REPLY"
}

# Usage: MANPATH_add PATH
# PATH_add for MANPATH. As soon as that is set, man no longer looks where it would by itself, so those places are added.
MANPATH_add() {
	local REPLY places
	places=${MANPATH:-$(man -w 2>/dev/null || true)}
	__envr_absolute "${1-}"
	export MANPATH=$REPLY:$places
}

# Usage: load_prefix DIR
# Makes use of what `make install` put below the prefix DIR: programs, headers, libraries, manual pages.
load_prefix() {
	local REPLY
	realpath.absolute "${1-}"
	MANPATH_add "$REPLY/man"
	MANPATH_add "$REPLY/share/man"
	path_add CPATH "$REPLY/include"
	path_add LD_LIBRARY_PATH "$REPLY/lib"
	path_add LIBRARY_PATH "$REPLY/lib"
	path_add PATH "$REPLY/bin"
	path_add PKG_CONFIG_PATH "$REPLY/lib/pkgconfig"
}

# Usage: __envr_locate_dotenv [FILE_OR_DIR]
# Leaves the .env file that is meant in __envr_dotenv, a local of the caller, and watches it.
__envr_locate_dotenv() {
	__envr_dotenv=${1:-$PWD/.env}
	if [[ -n $1 && -d $1 ]]; then __envr_dotenv=$1/.env; fi
	watch_file "$__envr_dotenv"
}

# Usage: __envr_list_prepend LIST PATH ...
# One empty entry at the end of LIST is what a stray `:` left there, and goes.
__envr_list_prepend() {
	local path list=''
	for path in "${@:2}"; do
		__envr_absolute "$path"
		list+=${list:+:}$REPLY
	done
	REPLY=$list${list:+${1:+:}}${1%:}
}

# Usage: __envr_list_remove LIST PATTERN ...
__envr_list_remove() {
	local pattern entry separator='' rest=''
	REPLY=
	if [[ -n $1 ]]; then rest=${1%:}:; fi
	while [[ -n $rest ]]; do
		entry=${rest%%:*}
		rest=${rest#*:}
		for pattern in "${@:2}"; do
			pattern="+($pattern)"
			# shellcheck disable=SC2053 # it is to match as a pattern
			if [[ $entry == $pattern ]]; then continue 2; fi
		done
		REPLY+=$separator$entry
		separator=:
	done
}

# --- strictness ---

# Usage: strict_env [COMMAND ARG ...]
# Ends the rc at the first failure or unset variable from here on, or while COMMAND runs.
strict_env() {
	if (($# == 0)); then
		set -eu -o pipefail
		return 0
	fi
	__envr_under - "$@"
	# Only where bash itself ignores failures, as in `strict_env false || …`, does one get this far.
	# shellcheck disable=SC2181 # and `if __envr_under …` would be such a place
	if (($? != 0)); then exit 1; fi
}

# Usage: unstrict_env [COMMAND ARG ...]
# The opposite of strict_env.
unstrict_env() {
	if (($# == 0)); then
		set +eu +o pipefail
		return 0
	fi
	__envr_under + "$@"
}

# Usage: __envr_under -|+ COMMAND [ARG ...]
# Runs COMMAND with strictness on (-) or off (+), puts back what was, and returns its status.
__envr_under() {
	local __envr_restore='set +eu +o pipefail' __envr_status
	if [[ $- == *e* ]]; then __envr_restore+=' -e'; fi
	if [[ $- == *u* ]]; then __envr_restore+=' -u'; fi
	if [[ -o pipefail ]]; then __envr_restore+=' -o pipefail'; fi
	set "$1eu" "$1o" pipefail
	"${@:2}"
	__envr_status=$?
	eval "$__envr_restore"
	return "$__envr_status"
}

# --- git ---

# Usage: on_git_branch [BRANCH | -r REGEXP]
# Succeeds in a git repository, or only on a branch of that name. The branch asked for is watched.
on_git_branch() {
	local git_dir branch
	if ! has git; then
		log_error "on_git_branch needs git, which could not be found"
		return 1
	fi
	if ! git_dir=$(git rev-parse --absolute-git-dir 2>/dev/null); then
		log_error "on_git_branch could not locate the .git directory corresponding to the current working directory"
		return 1
	fi
	if [[ -z ${1-} ]]; then return 0; fi
	if [[ $1 == -r && -z ${2-} ]]; then
		log_error "missing regexp pattern after \`-r\` flag"
		return 1
	fi

	watch_file "$git_dir/HEAD"
	IFS= read -r branch <"$git_dir/HEAD" || true
	case $branch in
	"ref: refs/heads/.invalid") branch=$(git branch --show-current) ;; # a placeholder: the reftable format
	"ref: refs/heads/"*) branch=${branch#"ref: refs/heads/"} ;;
	*) branch=$(git branch --show-current) ;;
	esac
	if [[ $1 == -r ]]; then
		[[ $branch =~ $2 ]]
	else
		[[ $branch == "$1" ]]
	fi
}

# --- the environment of a command ---

# Usage: direnv_load COMMAND [ARG ...]
# Takes over the environment in which COMMAND runs `direnv dump`, and returns the status of COMMAND.
direnv_load() {
	local __envr_dir __envr_script __envr_status=0
	local __envr_watches=${DIRENV_WATCHES-} __envr_dump_path=${DIRENV_DUMP_FILE_PATH-}
	__envr_dir=$(mktemp -dt direnv.XXXXXX) || {
		log_error "could not make a temporary directory"
		return 1
	}

	# In one chain, so that `set -e` does not end it before the directory is gone.
	: >"$__envr_dir/dump" &&
		DIRENV_DUMP_FILE_PATH=$__envr_dir/dump "$@" &&
		{
			[[ -s $__envr_dir/dump ]] || {
				log_error "Environment not dumped; did you invoke 'direnv dump'?"
				false
			}
		} &&
		__envr_script=$("$direnv" apply_dump "$__envr_dir/dump") ||
		__envr_status=$?
	rm -rf "$__envr_dir"

	if ((__envr_status == 0)); then
		eval "$__envr_script" || __envr_status=$?
	fi

	# Not those of the command, which may have been started with an empty environment.
	if [[ -z ${DIRENV_WATCHES-} && -n $__envr_watches ]]; then export DIRENV_WATCHES=$__envr_watches; fi
	if [[ -n $__envr_dump_path ]]; then
		export DIRENV_DUMP_FILE_PATH=$__envr_dump_path
	else
		unset DIRENV_DUMP_FILE_PATH
	fi
	return "$__envr_status"
}

# Usage: direnv_apply_dump FILE
# Takes over the environment that `direnv dump` wrote to FILE.
direnv_apply_dump() {
	__envr_eval "$direnv" apply_dump "${1-}"
}

# --- layouts ---

# Usage: layout TYPE [ARG ...]
# Calls layout_TYPE, which sets up what projects of that type have in common, and returns its status, except under the
# name direnv.
layout() {
	"layout_${1-}" "${@:2}"
	local __envr_status=$?
	__envr_tag_layout_dir
	# direnv's is that of the tag.
	[[ ${direnv##*/} == direnv ]] || return "$__envr_status"
}

# Usage: direnv_layout_dir
# Prints the directory for what layouts make. People redefine it, so layouts ask it each time.
direnv_layout_dir() {
	builtin printf '%s\n' "${direnv_layout_dir:-$PWD/.direnv}"
}

# Usage: layout go
# Gives the project a GOPATH of its own, and its programs a place in PATH.
layout_go() {
	local REPLY
	__envr_layout_dir
	path_add GOPATH "$REPLY/go"
	realpath.absolute "$REPLY/go/bin"
	export GOBIN=$REPLY
	PATH_add "$REPLY"
}

# Usage: layout node
# Puts the programs of the project's npm packages in PATH.
layout_node() {
	PATH_add node_modules/.bin
}

# Usage: layout php
# Puts the programs of the project's composer packages in PATH.
layout_php() {
	PATH_add vendor/bin
}

# Usage: layout perl
# Gives the project a local::lib of its own.
layout_perl() {
	local REPLY
	__envr_layout_dir
	REPLY=$REPLY/perl5
	export LOCAL_LIB_DIR=$REPLY
	export PERL_MB_OPT="--install_base '$REPLY'"
	export PERL_MM_OPT="INSTALL_BASE=$REPLY"
	path_add PERL5LIB "$REPLY/lib/perl5"
	path_add PERL_LOCAL_LIB_ROOT "$REPLY"
	PATH_add "$REPLY/bin"
}

# Usage: layout ruby
# Gives the project gems of its own, and bundler's wrappers a place in PATH.
layout_ruby() {
	local REPLY gems=ruby
	if ! ruby -e 'exit Gem::Version.new(Gem::VERSION) > Gem::Version.new("2.2.0")' 2>/dev/null; then
		gems=ruby-$(ruby -e 'puts (defined?(RUBY_ENGINE) ? RUBY_ENGINE : "ruby") + "-" + RUBY_VERSION')
	fi
	__envr_layout_dir
	export GEM_HOME=$REPLY/$gems
	export BUNDLE_BIN=$REPLY/bin
	PATH_add "$GEM_HOME/bin"
	PATH_add "$BUNDLE_BIN"
}

# Usage: layout python [PYTHON [VENV_ARG ...]]
# Makes a virtual environment if there is none, and uses it. It is where VIRTUAL_ENV says, or in the layout directory.
layout_python() {
	local REPLY dir version module python=("${1:-python}")
	if (($# > 0)); then shift; fi
	unset PYTHONHOME
	__envr_layout_dir
	dir=$REPLY
	if [[ ${python[0]} == python && -d $dir/virtualenv ]]; then
		export VIRTUAL_ENV=$dir/virtualenv
		PATH_add "$VIRTUAL_ENV/bin"
		return
	fi

	# Words with spaces are a command with its options, unless there is a program of that name.
	if ! has "${python[0]}"; then IFS=$' \t\n' read -ra python <<<"${python[0]}"; fi
	if ! __envr_ask_python "${python[@]}"; then
		log_error "Could not find python's version"
		return 1
	fi
	version=${REPLY%% *}
	module=${REPLY##* }
	if [[ -z $module ]]; then
		log_error "${python[*]} has neither venv nor virtualenv"
		return 1
	fi

	if [[ -n ${VIRTUAL_ENV-} ]]; then
		realpath.absolute "$VIRTUAL_ENV"
	else
		REPLY=$dir/python-${version%.*}
		# Where the patch version counts too, an older direnv made it.
		if [[ ! -d $REPLY && -d $dir/python-$version ]]; then REPLY=$dir/python-$version; fi
	fi
	if [[ ! -d $REPLY ]]; then "${python[@]}" -m "$module" "$@" "$REPLY"; fi
	export VIRTUAL_ENV=$REPLY
	PATH_add "$VIRTUAL_ENV/bin"
}

# Usage: layout python2 [VENV_ARG ...]
# Short for `layout python python2`.
layout_python2() {
	layout_python python2 "$@"
}

# Usage: layout python3 [VENV_ARG ...]
# Short for `layout python python3`.
layout_python3() {
	layout_python python3 "$@"
}

# Usage: layout pyenv VERSION ...
# A virtual environment for each version that pyenv has installed; the first one comes first in PATH.
layout_pyenv() {
	local root version python i
	unset PYENV_VERSION
	root=$(pyenv root)
	for ((i = $#; i > 0; i--)); do
		version=${!i}
		python=$root/versions/$version/bin/python
		if [[ ! -x $python ]]; then
			log_error "pyenv: version '$version' not installed"
			return 1
		fi
		if layout_python "$python"; then
			PYENV_VERSION=$version${PYENV_VERSION:+:$PYENV_VERSION}
		fi
	done
	[[ -n ${PYENV_VERSION-} ]] && export PYENV_VERSION
}

# Usage: layout pipenv
# Uses the virtual environment of the Pipfile, made by pipenv if there is none. Without a Pipfile the rc ends here.
layout_pipenv() {
	local __envr_pipfile=${PIPENV_PIPFILE:-Pipfile}
	if [[ ! -f $__envr_pipfile ]]; then
		log_error "No Pipfile found.  Use \`pipenv\` to create a \`$__envr_pipfile\` first."
		exit 2
	fi
	VIRTUAL_ENV=$(pipenv --venv 2>/dev/null || true)
	if [[ -z $VIRTUAL_ENV || ! -d $VIRTUAL_ENV ]]; then
		pipenv install --dev
		VIRTUAL_ENV=$(pipenv --venv)
	fi
	export VIRTUAL_ENV PIPENV_ACTIVE=1
	PATH_add "$VIRTUAL_ENV/bin"
}

# Usage: layout anaconda [NAME | ./PREFIX | /PREFIX | FILE.yml] [CONDA]
# Activates a conda environment, made from environment.yml (or FILE.yml) if there is none.
layout_anaconda() {
	local __envr_conda __envr_prefix
	__envr_conda=$(type -P "${2:-conda}") || __envr_conda=${2:-conda}
	__envr_locate_conda "${1-}" || return 1
	if [[ $__envr_conda == */* ]]; then PATH_add "${__envr_conda%/*}"; fi
	__envr_eval "$__envr_conda" shell.bash activate "$__envr_prefix"
}

# Usage: layout julia
# Makes the current directory the active julia project.
layout_julia() {
	export JULIA_PROJECT=$PWD
}

# Usage: layout opam [ARG ...]
# Uses the opam switch of the current directory; the arguments are those of `opam env`.
layout_opam() {
	export OPAMSWITCH=$PWD
	__envr_eval opam env "$@" || true
}

# Usage: layout poetry
# Not available yet.
layout_poetry() {
	__envr_not_yet "layout poetry" 0.3
}

# Usage: layout uv
# Not available yet.
layout_uv() {
	__envr_not_yet "layout uv" 0.3
}

# Usage: layout pdm
# Not available yet.
layout_pdm() {
	__envr_not_yet "layout pdm" 0.3
}

# Usage: __envr_layout_dir
# The only place that pays a fork for direnv_layout_dir: a redefined one can only print.
__envr_layout_dir() {
	REPLY=$(direnv_layout_dir)
}

# Usage: __envr_tag_layout_dir
# Tells backup programs that the layout directory can be made again. A directory that cannot be written stays untagged.
__envr_tag_layout_dir() {
	local REPLY
	__envr_layout_dir
	if [[ ! -d $REPLY || -e $REPLY/CACHEDIR.TAG ]]; then return 0; fi
	{
		printf '%s\n' \
			'Signature: 8a477f597d28d172789f06886806bc55' \
			'# This directory is a cache, see https://bford.info/cachedir/' \
			>"$REPLY/CACHEDIR.TAG"
	} 2>/dev/null || true
}

# Usage: __envr_ask_python PYTHON [OPTION ...]
# The version and the module that makes virtual environments (or nothing), with a space between, in one start of python.
__envr_ask_python() {
	local probe='import sys; '
	probe+='find = __import__("importlib.machinery").machinery.PathFinder.find_spec '
	probe+='if sys.version_info > (3, 4) else __import__("pkgutil").find_loader; '
	# A mere directory `venv` in the project is found too, but nothing loads it.
	probe+='modules = [m for m in ("venv", "virtualenv") if getattr(find(m), "loader", find(m))]; '
	probe+='print("%d.%d.%d %s" % (sys.version_info[:3] + ("".join(modules[:1]),)))'
	REPLY=$("$@" -c "$probe") && [[ $REPLY == *.*.*' '* ]]
}

# Usage: __envr_locate_conda [NAME | ./PREFIX | /PREFIX | FILE.yml]
# Leaves the directory of the environment in __envr_prefix, a local of the caller, and makes it if it must.
__envr_locate_conda() {
	local REPLY name='' file=environment.yml prefix=''
	case $1 in
	'' | *.yml)
		file=${1:-$file}
		__envr_conda_name "$file" || return 1
		name=$REPLY
		;;
	. | ./* | /*)
		realpath.absolute "$1"
		prefix=$REPLY
		;;
	*) name=$1 ;;
	esac
	if [[ -n $name ]]; then
		__envr_conda_prefix "$name"
		prefix=$REPLY
	fi

	if [[ ! -d $prefix ]]; then
		if [[ ! -e $file ]]; then
			log_error "Could not find $file"
			return 1
		fi
		log_status "creating conda environment"
		if [[ -n $name ]]; then
			"$__envr_conda" env create --name "$name" --file "$file"
			__envr_conda_prefix "$name"
			prefix=$REPLY
		else
			"$__envr_conda" env create --prefix "$prefix" --file "$file"
		fi
	fi
	__envr_prefix=$prefix
}

# Usage: __envr_conda_name FILE
# The name of the environment that FILE describes.
__envr_conda_name() {
	local line
	REPLY=
	if [[ -e $1 ]]; then
		while IFS= read -r line || [[ -n $line ]]; do
			if [[ $line == name:* ]]; then
				read -r REPLY <<<"${line#name:}"
				break
			fi
		done <"$1"
	fi
	if [[ -z $REPLY ]]; then
		log_error "Could not determine conda env name (set in $1 or pass explicitly)"
		return 1
	fi
}

# Usage: __envr_conda_prefix NAME
# Where the environment NAME is, as $__envr_conda lists it, or nothing.
__envr_conda_prefix() {
	local line list
	REPLY=
	list=$("$__envr_conda" env list) || return 0
	while IFS= read -r line; do
		if [[ $line == "$1"[[:space:]]*/* ]]; then
			REPLY=/${line#*/}
			break
		fi
	done <<<"$list"
}

# Usage: __envr_not_yet WHAT VERSION
__envr_not_yet() {
	log_error "\`$1\` comes with envr $2"
	return 1
}

# --- tools ---

# Usage: use NAME [ARG ...]
# Calls use_NAME, which brings something from outside the project into the environment.
use() {
	log_status "using $*"
	"use_${1-}" "${@:2}"
}

# Usage: use nix [FILE] [-A ATTR] [-p PACKAGE ...] [ARG ...]
# Takes over the shell of shell.nix or default.nix, made once and kept until what it was made from changes. That it could
# not be made is told, and under the name direnv no failure.
use_nix() {
	if __envr_nix nix "$@" || [[ ${direnv##*/} == direnv ]]; then return 0; fi
	__envr_fall_short
}

# Usage: use flake [FLAKE [ARG ...]]
# The same for the development shell of a flake.
use_flake() {
	if __envr_nix flake "$@" || [[ ${direnv##*/} == direnv ]]; then return 0; fi
	__envr_fall_short
}

# Usage: nix_direnv_version [MIN]
# All that scripts ask nix-direnv for is here.
nix_direnv_version() {
	return 0
}

# Usage: nix_direnv_watch_file FILE ...
nix_direnv_watch_file() {
	watch_file "$@"
}

# Usage: nix_direnv_manual_reload
# A nix shell is made anew when `nix-direnv-reload` is called, and not before.
nix_direnv_manual_reload() {
	local REPLY
	_nix_direnv_manual_reload=1
	__envr_layout_dir
	mkdir -p "$REPLY/bin"
	printf '#!/bin/sh\ncd -- %q && exec %q nix refresh\n' "$PWD" "$direnv" >"$REPLY/bin/nix-direnv-reload"
	chmod +x "$REPLY/bin/nix-direnv-reload"
	PATH_add "$REPLY/bin"
}

# Usage: nix_direnv_disallow_fallback
# Where nix fails, no shell is loaded instead of the last one.
nix_direnv_disallow_fallback() {
	_nix_direnv_allow_fallback=0
}

# Usage: use guix [ARG ...]
# Takes over the search paths of `guix shell`, at the revision of channels.scm if there is one.
use_guix() {
	watch_file guix.scm manifest.scm channels.scm
	if [[ -f channels.scm ]]; then
		log_status "using the Guix of channels.scm"
		__envr_eval guix time-machine -C channels.scm -- shell "$@" --search-paths || true
	else
		__envr_eval guix shell "$@" --search-paths || true
	fi
}

# Usage: use flox [ARG ...]
# Takes over the environment of `flox activate`.
use_flox() {
	if [[ ! -d .flox ]]; then
		log_error "use flox: there is no directory .flox here; \`flox init\` makes it"
		return 1
	fi
	local __envr_status=0
	direnv_load flox activate "$@" -- "$direnv" dump || __envr_status=$?
	if (($# == 0)); then
		watch_dir .flox/env
		watch_file .flox/env.json .flox/env.lock
	fi
	return "$__envr_status"
}

# Usage: use sops [--allow NAME]... [--input-type TYPE] [FILE]
# Exports what a file that sops encrypted holds; without FILE, that of secrets.yaml. The file is part of what is approved.
# A name that decides what runs, such as PATH, is exported only if it is allowed.
use_sops() {
	__envr_use_secrets sops "$@"
}

# Usage: use age [--allow NAME]... FILE
# Exports what a .env file that age encrypted holds.
use_age() {
	__envr_use_secrets age "$@"
}

# Usage: __envr_use_secrets sops|age [ARG ...]
# Asks for code and evaluates it. Neither it nor the variables that lead to keys are shown by `set -x`.
__envr_use_secrets() {
	{
		local __envr_name __envr_traced='' __envr_status=0 __envr_variables=() REPLY
		if [[ $- == *x* ]]; then
			__envr_traced=1
			set +x
		fi
	} 2>/dev/null
	for __envr_name in HOME PATH GNUPGHOME XDG_CONFIG_HOME ${!SOPS_@} ${!AWS_@}; do
		if [[ -n ${!__envr_name+set} ]]; then __envr_variables+=("$__envr_name=${!__envr_name}"); fi
	done
	if __envr_ask secrets "$1" "$PWD" "$(($# - 1))" "${@:2}" "${__envr_variables[@]}"; then
		eval "$REPLY"
	else
		__envr_status=1
		if [[ -z ${__envr_answer-} ]]; then log_error "use $1: only an .envrc can"; fi
	fi
	if [[ -n $__envr_traced ]]; then set -x; fi
	return "$__envr_status"
}

# Usage: use node [VERSION]
# Uses the highest matching version in $NODE_VERSIONS, where directories are called ${NODE_VERSION_PREFIX-node-v}VERSION.
# Without VERSION, that of .nvmrc or .node-version.
use_node() {
	local REPLY version=${1-} file via='' prefix=${NODE_VERSION_PREFIX-node-v}
	if [[ -z ${NODE_VERSIONS-} || ! -d $NODE_VERSIONS ]]; then
		log_error "You must specify a \$NODE_VERSIONS environment variable and the directory specified must exist!"
		return 1
	fi
	for file in .nvmrc .node-version; do
		if [[ -z $version && -f $file ]]; then
			read -r version <"$file" || true
			version=${version%$'\r'}
			via=" (via $file)"
		fi
	done
	version=${version#v}
	if [[ -z $version ]]; then
		log_error "I do not know which NodeJS version to load because one has not been specified!"
		return 1
	fi

	if ! __envr_find_version "$NODE_VERSIONS" "$prefix" "$version"; then
		log_error "Unable to find NodeJS version ($version) in ($NODE_VERSIONS)!"
		return 1
	fi
	if [[ ! -x $NODE_VERSIONS/$prefix$REPLY/bin/node ]]; then
		log_error "Unable to load NodeJS binary (node) for version ($version) in ($NODE_VERSIONS)!"
		return 1
	fi
	load_prefix "$NODE_VERSIONS/$prefix$REPLY"
	log_status "Successfully loaded NodeJS v$REPLY$via, from prefix ($NODE_VERSIONS/$prefix$REPLY)"
}

# Usage: use nodenv VERSION
# Uses a version that nodenv has installed, and the programs of the project's npm packages.
use_nodenv() {
	local __envr_versions
	__envr_versions=$(nodenv root)/versions
	if [[ ! -e $__envr_versions/${1-} ]]; then
		log_error "nodenv: version '${1-}' not installed.  Use \`nodenv install ${1-}\` to install it first."
		return 1
	fi
	NODE_VERSIONS=$__envr_versions NODE_VERSION_PREFIX='' use_node "${1-}"
	layout_node
}

# Usage: use julia VERSION
# Uses that or the highest matching version in $JULIA_VERSIONS, where directories are called
# ${JULIA_VERSION_PREFIX-julia-}VERSION.
use_julia() {
	local REPLY version=${1-} prefix=${JULIA_VERSION_PREFIX-julia-}
	if [[ -z ${JULIA_VERSIONS-} || -z $version ]]; then
		log_error "Must specify the \$JULIA_VERSIONS environment variable and a Julia version!"
		return 1
	fi
	if [[ -d $JULIA_VERSIONS/$prefix$version ]]; then
		REPLY=$version
	elif ! __envr_find_version "$JULIA_VERSIONS" "$prefix" "$version"; then
		log_error "Unable to find Julia version ($version) in ($JULIA_VERSIONS)!"
		return 1
	fi
	if [[ ! -x $JULIA_VERSIONS/$prefix$REPLY/bin/julia ]]; then
		log_error "Unable to load Julia binary (julia) for version ($version) in ($JULIA_VERSIONS)!"
		return 1
	fi
	load_prefix "$JULIA_VERSIONS/$prefix$REPLY"
	log_status "Successfully loaded julia version $REPLY, from prefix ($JULIA_VERSIONS/$prefix$REPLY)"
}

# Usage: use rbenv
# Sets up rbenv's shims. As everywhere here where direnv evaluates what a program prints, its failure fails nothing.
use_rbenv() {
	__envr_eval rbenv init - || true
}

# Usage: rvm [ARG ...]
# Loads rvm on the first call, which then takes the arguments.
rvm() {
	unset -f rvm
	builtin eval '. "${rvm_scripts_path:-${rvm_path:-${HOME-}/.rvm}/scripts}/rvm"'
	rvm "$@"
}

# Usage: use vim [FILE]
# Tells direnv.vim to source FILE, or .vimrc.local, in this directory.
use_vim() {
	path_add DIRENV_EXTRA_VIMRC "${1:-.vimrc.local}"
}

# Usage: semver_search DIR PREFIX PARTIAL_VERSION
# Prints the highest X.Y.Z that begins with PARTIAL_VERSION and for which DIR has a directory called PREFIX with X.Y.Z.
semver_search() {
	local REPLY
	if __envr_semver_search "${1-}" "${2-}" "${3-}"; then __envr_print "$REPLY"; fi
}

# Usage: __envr_find_version DIR PREFIX PARTIAL_VERSION
# What semver_search says; fails where that is nothing.
__envr_find_version() {
	if __envr_is_replaced semver_search; then
		REPLY=$(semver_search "$@") || true
		[[ -n $REPLY ]]
	else
		__envr_semver_search "$@"
	fi
}

# Usage: __envr_semver_search DIR PREFIX PARTIAL_VERSION
# Fails when nothing matches. A link to a directory does not.
__envr_semver_search() {
	local path version found='' options=$-
	if [[ -z $1 ]]; then return 1; fi
	set +f
	for path in "${1%/}"/*; do
		version=${path##*/}
		# shellcheck disable=SC2053,SC2295 # PREFIX and PARTIAL_VERSION may be patterns
		if [[ $version == $2$3* && -d $path && ! -L $path ]]; then
			version=${version#$2}
			if [[ -z $found ]] || __envr_is_newer "$version" "$REPLY"; then REPLY=$version; fi
			found=1
		fi
	done
	if [[ $options == *f* ]]; then set -f; fi
	[[ -n $found ]]
}

# Usage: __envr_is_newer VERSION VERSION
# Compares the first three numbers. Of equals, the one that sorts first counts as newer, so that 1.2.3 beats 1.2.3-rc.1.
__envr_is_newer() {
	local a b left=$1.. right=$2.. i
	for i in 1 2 3; do
		a=${left%%.*}
		b=${right%%.*}
		a=$((10#0${a%%[!0-9]*}))
		b=$((10#0${b%%[!0-9]*}))
		if ((a != b)); then
			((a > b))
			return
		fi
		left=${left#*.}
		right=${right#*.}
	done
	[[ $1 < $2 ]]
}

# Usage: __envr_nix flake|nix [ARG ...]
__envr_nix() {
	local REPLY
	if [[ -z ${__envr_question-} ]]; then
		__envr_eval "$direnv" nix print "$@"
		return
	fi
	__envr_ask nix "${_nix_direnv_manual_reload-}" "${_nix_direnv_allow_fallback-}" "$PWD" "$@" || return 1
	eval "$REPLY"
}

# Usage: __envr_fall_short
# Fails, and tells envr where the script does not handle it, as by `||` or `if`: there `set -e` has no effect.
__envr_fall_short() {
	if [[ -z ${__envr_question-} ]]; then return 1; fi
	(
		trap 'exit 0' EXIT
		trap - DEBUG ERR RETURN
		set -e
		false
		trap - EXIT
		exit 1
	)
	# shellcheck disable=SC2181 # a test of the command itself would handle its failure
	if [[ $? -eq 0 ]]; then __envr_ask fell-short || true; fi
	return 1
}
