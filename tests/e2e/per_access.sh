#!/usr/bin/env bash
# --per-access: every figure of the report recomputed from the accesses by another program
# (recompute.py), on both architectures, with one vCPU and two, warm-up, shootdowns and overlap.
. "$(dirname "$0")/lib.sh"
recompute=$NESTWALK_HOME/tests/e2e/recompute.py

config() {
  cat <<EOF
name: recomputed
machine: {preset: $1, vcpus: $2, max_outstanding: $3}
guest: {memory: 1G, policy: thp}
host: {memory: 2G, policy: base}
workload: {kind: uniform, footprint: 24M, accesses: 3000, write_fraction: 0.3, fetch_fraction: 0.2}
warmup_accesses: 500
shootdowns: {interval_accesses: 250, kind: address}
seed: 11
EOF
}

for preset in zen4 neoverse-n1; do
  for vcpus in 1 2; do
    for outstanding in 1 8; do
      case=$preset-$vcpus-$outstanding
      config $preset $vcpus $outstanding >$case.yaml
      expect 0 "$NESTWALK" run $case.yaml -q -o $case --per-access $case.csv.xz
      # Handlers that wait for each other's locks overlap; one vCPU alone has nobody to wait for.
      mode=
      ((outstanding > 1)) || mode=--one-at-a-time
      expect 0 python3 "$recompute" $case $case.csv.xz $mode
      says out "$((2500 * vcpus)) accesses"
    done
  done
done

# Telling every access changes nothing of the results; the same bytes come plain and compressed.
case=zen4-2-8
expect 0 "$NESTWALK" run $case.yaml -q -o alone
cmp alone/result.json $case/result.json || fail '--per-access changes the results'
for suffix in csv csv.gz csv.zst; do
  expect 0 "$NESTWALK" run $case.yaml -q -o again --per-access again.$suffix
done
gzip -dc again.csv.gz | cmp - again.csv || fail 'the .gz file holds something else'
xz -dc $case.csv.xz | cmp - again.csv || fail 'the .xz file holds something else'
[[ $(head -c 4 again.csv.zst | od -An -tx1) == ' 28 b5 2f fd' ]] || fail 'the .zst file is not zstd'

# The recomputation notices a wrong access, a lost one, and a wrong figure.
wrong() {
  expect 1 python3 "$recompute" "$1" "$2"
}
head -n -1 again.csv >short.csv
wrong again short.csv
awk -F, -v OFS=, 'NR == 700 { $8 += 1; $19 += 1; $20 += 1 } 1' again.csv >changed.csv
cmp -s again.csv changed.csv && fail 'nothing was changed'
wrong again changed.csv
wrong_figure() {
  rm -rf figure
  cp -r again figure
  python3 - "$1" <<'EOF'
import json, sys
file = "figure/result.json"
result = json.load(open(file))
place = result
*path, last = sys.argv[1].split(".")
for key in path:
    place = place[int(key) if isinstance(place, list) else key]
place[int(last) if isinstance(place, list) else last] += 1
json.dump(result, open(file, "w"))
EOF
  wrong figure again.csv
  says out "$2"
}
wrong_figure hardware_translation_cycles.p99_9 hardware_translation_cycles.p99_9
wrong_figure summary.simulated_cycles summary.simulated_cycles
wrong_figure vcpus.1.span_cycles.host_fault vcpus.1.span_cycles.host_fault
wrong_figure tlbs.l2.by_page_size.0.misses tlbs.l2.by_page_size.0.misses
wrong_figure faults.host.latency_cycles.count 'host faults'
sed -i 's/"summary":{/"summary":{"another_figure":1,/; s/"summary": {/"summary": {"another_figure": 1,/' again/result.json
wrong again again.csv
says out 'summary.another_figure is recomputed by nobody'

# Bad places and interruptions leave nothing.
expect 2 "$NESTWALK" run $case.yaml -q -o bad --per-access missing/x.csv
says err 'missing/x.csv: cannot be written'
expect 2 "$NESTWALK" run $case.yaml -q -o bad --per-access bad/x.csv
says err 'lies in the result directory'
expect 2 "$NESTWALK" run $case.yaml -q -o bad --per-access .
says err 'it is a directory'
if [[ -e /dev/full ]]; then
  (ulimit -f 8 && trap '' XFSZ && expect 2 "$NESTWALK" run $case.yaml -q -o bad --per-access full.csv)
  [[ ! -e full.csv ]] || fail 'a file that could not be written whole is there'
fi
[[ ! -e bad ]] || fail 'results were written though the accesses could not be'
"$NESTWALK" run $case.yaml -q -o bad -s workload.accesses=100000000 --per-access cut.csv.gz 2>err &
pid=$!
sleep 1
kill -INT $pid
status=0
wait $pid || status=$?
((status == 130)) || fail "exit status $status instead of 130"
[[ -z $(find . -name '*cut.csv*') ]] || fail 'an interrupted run left a file of accesses'
