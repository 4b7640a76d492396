# shellcheck shell=bash
# What the end-to-end tests share. Each test is a script that runs the program as a user would, in a
# folder of its own. Set by CTest: NESTWALK (the program), NESTWALK_HOME (the source tree).
set -euo pipefail
: "${NESTWALK:?}" "${NESTWALK_HOME:?}"
export NESTWALK_HOME

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# expect STATUS COMMAND...: runs it, keeps its output in ./out and ./err.
expect() {
  local wanted=$1 status=0
  shift
  "$@" >out 2>err || status=$?
  if ((status != wanted)); then
    cat out err >&2
    fail "exit status $status instead of $wanted: $*"
  fi
}

# says FILE TEXT: the file holds the text.
says() { grep -qF -- "$2" "$1" || { cat "$1" >&2; fail "'$2' is not in $1"; }; }

# A small config, quick to run; arguments are further lines.
small_config() {
  cat <<EOF
name: small
machine: {preset: tiny}
guest: {memory: 64M}
host: {memory: 256M}
workload: {kind: uniform, footprint: 4M, accesses: 20000}
EOF
  printf '%s\n' "$@"
}
