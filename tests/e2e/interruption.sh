#!/usr/bin/env bash
# Ctrl-C: the program says so, ends with 130, and keeps what was finished.
. "$(dirname "$0")/lib.sh"

# Checking every translation makes the second variant many times slower than the first.
small_config 'data_accesses: off' 'variants:' '  - {name: short}' '  - {name: long, set: {check: true}}' |
  sed 's/^workload:.*/workload: {kind: stride, footprint: 32K, accesses: 20000000}/' >job.yaml

# A run that would take long.
"$NESTWALK" run job.yaml -s workload.accesses=100000000000 -o result >out 2>err &
pid=$!
sleep 1
kill -INT $pid
status=0
wait $pid || status=$?
((status == 130)) || { cat err >&2; fail "exit status $status instead of 130"; }
says err 'interrupted'
[[ ! -e result ]] || fail 'an interrupted run left a result'

# compare keeps the variant that had finished. The runs get the signal too, as from a terminal.
setsid "$NESTWALK" compare job.yaml -o both -j 2 >out 2>err &
pid=$!
for _ in $(seq 600); do
  [[ -e both/short/result.json ]] && break
  sleep 0.1
done
sleep 0.3
kill -INT -- "-$pid"
status=0
wait $pid || status=$?
((status == 130)) || { cat err >&2; fail "compare: exit status $status instead of 130"; }
says err 'interrupted'
says err 'both/short'
[[ -e both/short/result.json ]] || fail 'the finished run was lost'
[[ ! -e both/long ]] || fail 'the interrupted run left something'
