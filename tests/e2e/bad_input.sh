#!/usr/bin/env bash
# A user's mistakes: a clear message with file and line, exit status 2, nothing half-written.
. "$(dirname "$0")/lib.sh"

# bad TEXT LINE...: a config with these further lines is refused with this message, by run and by
# compare, and leaves nothing behind.
bad() {
  local text=$1
  shift
  small_config "$@" >bad.yaml
  for command in "run" "compare"; do
    expect 2 "$NESTWALK" "$command" bad.yaml -o result
    says err "$text"
    [[ ! -e result ]] || fail "something was written for: $text"
  done
}

bad 'bad.yaml:6: gest' 'gest: {memory: 1G}'
bad "did you mean 'guest'" 'gest: {memory: 1G}'
bad 'bad.yaml:6: seed' 'seed: -1'
bad 'bad.yaml:7: seed' 'seed: 1' 'seed: 2'
bad 'bad.yaml:6: shootdowns.kind' 'shootdowns: {kind: everything}'
bad 'bad.yaml:6: translation.x86.maxphyaddr' 'translation: {x86: {maxphyaddr: 60}}'
bad 'bad.yaml:7' 'name: [unclosed'

# Keys that would have no effect on this machine.
small_config 'translation: {x86: {stage2: npt, accessed_dirty: false}}' >bad.yaml
expect 2 "$NESTWALK" run bad.yaml -o result
says err 'bad.yaml:6: translation.x86.accessed_dirty'
small_config 'translation: {stages: stage2_only}' 'shootdowns: {interval_accesses: 10}' >bad.yaml
expect 2 "$NESTWALK" run bad.yaml -o result -s workload.base=0
says err 'bad.yaml:7: shootdowns.interval_accesses'

# All mistakes at once, not only the first.
small_config 'seed: -1' 'warmup_accesses: many' >two.yaml
expect 2 "$NESTWALK" run two.yaml
says err 'two.yaml:6'
says err 'two.yaml:7'

# Impossible geometry, missing keys, options.
small_config >good.yaml
expect 2 "$NESTWALK" run good.yaml -s machine.caches.l1d.ways=7
says err 'machine.caches.l1d'
expect 2 "$NESTWALK" run good.yaml -s machine.preset=no-such-machine
says err 'no-such-machine'
printf 'machine: {preset: tiny}\n' >missing.yaml
expect 2 "$NESTWALK" run missing.yaml
says err 'workload'
expect 2 "$NESTWALK" run good.yaml --no-such-option
expect 2 "$NESTWALK" run good.yaml -s nonsense
expect 2 "$NESTWALK" run no-such-file.yaml
says err 'no-such-file.yaml'
expect 2 "$NESTWALK" run
expect 2 "$NESTWALK" no-such-command
expect 2 "$NESTWALK" list nonsense
expect 2 "$NESTWALK" explain good.yaml --va zzz
expect 2 "$NESTWALK" check no-such-vectors.jsonl
printf '\n{"id": "a", "arch": "x86"}\n' >vectors.jsonl
expect 2 "$NESTWALK" check vectors.jsonl
says err "vectors.jsonl:2: key 'accesses' not found"
printf '{"id": "a", "batch": "tdp", "cmds": [], "steps": []}\n' >records.jsonl
expect 2 "$NESTWALK" check records.jsonl
says err "records.jsonl:1: key 'gen' not found"
printf '{"differences": [{"arch": "x86", "class": "no-such-class", "reason": "r", "section": "s"}]}' >list.json
expect 2 "$NESTWALK" check vectors.jsonl --differences list.json
says err 'no-such-class'

# Memory that runs out shows only while running; nothing is written then either.
expect 2 "$NESTWALK" run good.yaml -s guest.memory=2M -o result
says err 'guest.memory'
[[ ! -e result ]] || fail 'a result was written although memory ran out'

# Traces: truncated, corrupt, unparsable, empty, missing.
trace() {
  local text=$1 file=$2
  small_config >trace.yaml
  sed -i "s|^workload:.*|workload: {kind: trace, trace: {path: $file}}|" trace.yaml
  expect 2 "$NESTWALK" run trace.yaml -o result
  says err "$text"
  [[ ! -e result ]] || fail "a result was written for trace $file"
}
printf 'R 1000 8\nR zzz 8\n' >unparsable.txt
trace 'unparsable.txt:2' unparsable.txt
: >empty.txt
trace 'empty.txt' empty.txt
head -c 1000 "$NESTWALK_HOME/workloads/traces/hash-48M.txt.xz" >cut.txt.xz
trace 'cut.txt.xz' cut.txt.xz
trace 'absent.txt' absent.txt
# A warm-up that leaves nothing to measure: told at once, or where the trace ends before it.
small_config 'warmup_accesses: 20000' >bad.yaml
expect 2 "$NESTWALK" run bad.yaml -o result
says err 'bad.yaml:6: warmup_accesses: 20000 of 20000 accesses leave nothing to measure'
printf 'R 1000 8\nR 2000 8\n' >short.txt
small_config 'warmup_accesses: 2' >trace.yaml
sed -i 's|^workload:.*|workload: {kind: trace, trace: {path: short.txt}}|' trace.yaml
expect 2 "$NESTWALK" run trace.yaml -o result
says err 'trace.yaml:6: warmup_accesses: the workload ended before its warm-up did'
[[ ! -e result ]] || fail 'a result was written although nothing was measured'
head -c 100 /dev/zero >cut.champsim
small_config >trace.yaml
sed -i 's|^workload:.*|workload: {kind: trace, trace: {path: cut.champsim, format: champsim}}|' trace.yaml
expect 2 "$NESTWALK" run trace.yaml -o result
says err 'cut.champsim'

# A place that cannot be written, and a directory that is not a result.
expect 2 "$NESTWALK" run good.yaml -o /proc/nowhere/result
mkdir other && touch other/precious.txt
expect 2 "$NESTWALK" run good.yaml -o other
[[ -f other/precious.txt ]] || fail 'a foreign file was removed'
expect 2 bash -c '"$NESTWALK" list policies >/dev/full'
