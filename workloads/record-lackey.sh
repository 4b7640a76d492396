#!/usr/bin/env bash
# Records the memory accesses of a program with Valgrind's lackey, as a trace for nestwalk: every data
# access, and an instruction line where fetching enters another 4 KiB page than the fetch before (the
# others ask nothing new of translation); now and then a comment with the number of instructions since
# the one before. User space of one process only: no kernel, no children.
# Valgrind runs one thread at a time, some hundred times slower than the processor.
set -euo pipefail
export LC_ALL=C

usage() {
  cat <<'TEXT'
usage: record-lackey.sh [-s SKIP] [-n COUNT] OUT.xz PROGRAM [ARGUMENT...]

  -s SKIP    leave out the first SKIP records (start-up)
  -n COUNT   keep at most COUNT records; the program still runs to its end
  -h         this text

Needs valgrind, xz and awk. A program that runs for a second by itself makes some 10^9 records, and
takes minutes here: give -n, or a small input.
TEXT
}

fail() {
  printf 'record-lackey.sh: %s\n' "$1" >&2
  exit 2
}

need_count() {
  [[ $2 =~ ^[0-9]{1,15}$ ]] || fail "option -$1 needs a whole number, not '$2'"
}

skip=0
count=0
while getopts ':s:n:h' option; do
  case $option in
    s) need_count s "$OPTARG" && skip=$OPTARG ;;
    n) need_count n "$OPTARG" && count=$OPTARG ;;
    h) usage && exit 0 ;;
    :) fail "option -$OPTARG needs a value; -h tells more" ;;
    *) fail "unknown option -$OPTARG; -h tells more" ;;
  esac
done
shift $((OPTIND - 1))
if (($# < 2)); then
  usage >&2
  exit 2
fi
out=$1
shift
[[ $out == *.xz ]] || fail "the trace is written as .xz; '$out' is not called so"
for tool in valgrind xz awk mkfifo; do
  command -v "$tool" >/dev/null || fail "$tool is missing; on Debian: apt install valgrind xz-utils"
done
command -v "$1" >/dev/null || fail "there is no program '$1'"

work=$(mktemp -d)
part=$out.part.$$
trap 'rm -rf "$work" "$part"' EXIT
trap 'exit 130' INT TERM
{ : >"$part"; } 2>/dev/null || fail "cannot write '$part'"
mkfifo "$work/log"

# Lackey's lines: "I  addr,size", " L addr,size", " S addr,size", " M addr,size".
# shellcheck disable=SC2016 # the dollars are awk's
keep='
  /^I  / {
    instructions++
    page = substr($2, 1, index($2, ",") - 4)
    if (page == last) next
    last = page
  }
  /^(I | [LSM]) / {
    seen++
    if (seen == skip) instructions = 0
    if (seen > skip && (count == 0 || kept < count)) {
      print
      kept++
      if (kept % 1000 == 0 || kept == count) {
        print "==0== instructions " instructions
        instructions = 0
      }
    }
  }
  END {
    if (count == 0 || kept < count) print "==0== instructions " instructions + 0
    print kept + 0 >counted
  }
'
{
  printf '==0== %s; %s --tool=lackey --trace-mem=yes\n' "${*//[$'\r\n']/ }" "$(valgrind --version)"
  printf '==0== kept: every data access, and an instruction line where fetching enters another page'
  printf '; skipped: %s records\n' "$skip"
  awk -v skip="$skip" -v count="$count" -v counted="$work/count" "$keep" <"$work/log"
} | xz -6 -c >"$part" &
filter=$!

status=0
valgrind --tool=lackey --trace-mem=yes --trace-children=no --child-silent-after-fork=yes \
  --log-file="$work/log" "$@" || status=$?
wait "$filter" || fail "the trace could not be written to '$part'"

kept=$(<"$work/count")
((kept > 0)) || fail "no accesses were recorded (the program ended with status $status)"
((status == 0)) || printf 'record-lackey.sh: note: the program ended with status %s\n' "$status" >&2
mv "$part" "$out"
printf '%s: %s records\n' "$out" "$kept"
