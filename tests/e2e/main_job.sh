#!/usr/bin/env bash
# The main job, as the README tells it: run, compare, explain, list; the same bytes every time.
. "$(dirname "$0")/lib.sh"

small_config 'variants:' '  - {name: base+base}' \
  '  - {name: thp+thp, set: {guest.policy: thp, host.policy: thp}}' >job.yaml

expect 0 "$NESTWALK" --version
says out 'nestwalk 0.1.0'
for command in run compare explain check list bench; do
  expect 0 "$NESTWALK" "$command" --help
  says out 'usage: nestwalk'
done

# Same config and seed, same bytes; strict and lazy too; another seed, other bytes.
expect 0 "$NESTWALK" run job.yaml -o first
says out 'Where the time of the accesses went'
expect 0 "$NESTWALK" run job.yaml -o second
expect 0 "$NESTWALK" run job.yaml -o strict --sync strict
expect 0 "$NESTWALK" run job.yaml -o other -s seed=2
for file in result.json report.txt latency.csv references.csv; do
  cmp "first/$file" "second/$file" || fail "$file differs between two runs"
  cmp "first/$file" "strict/$file" || fail "$file differs between lazy and strict"
done
! cmp -s first/result.json other/result.json || fail 'another seed gave the same result'
[[ -z $(awk 'length > 100' out) ]] || fail 'a line of the report is wider than 100 columns'

# The resolved config runs to the same numbers.
expect 0 "$NESTWALK" run job.yaml --dump-config
cp out dumped.yaml
expect 0 "$NESTWALK" run dumped.yaml -o third
diff <(grep -v -e variant -e config first/latency.csv) <(grep -v variant third/latency.csv) ||
  fail 'the dumped config gives other latencies'
expect 0 "$NESTWALK" run job.yaml --validate
says out 'valid'

# Mapped before the clock starts: no faults, true translations, all of the guest's memory on the host; a part of it is
# touched. Instructions are counted behind the warm-up.
expect 0 "$NESTWALK" run job.yaml -o populated -s guest.populate=true -s host.populate=true -s check=true \
  -s warmup_accesses=5000 -s workload.instructions_per_access=4
for line in '"guest_faults": 0' '"host_faults": 0' '"instructions": 60000' "\"mapped_bytes\": $((64 << 20))"; do
  says populated/result.json "$line"
done
expect 2 "$NESTWALK" run job.yaml -o none -s guest.populate=true -s workload.footprint=128M
says err 'guest.populate: the workload can touch'
# Prices keep their cycles on a machine of another clock, which the report tells.
says populated/result.json 'x86-kvm at 2500 MHz, the machine runs at 1000 MHz'

# compare: runs, then from the stored results; refuses different workloads.
expect 0 "$NESTWALK" compare job.yaml -o both -j 2
says out 'thp+thp'
expect 0 "$NESTWALK" compare both/base+base both/thp+thp
says out 'base+base'
expect 0 "$NESTWALK" run job.yaml -o shorter -s workload.accesses=1000
expect 2 "$NESTWALK" compare first shorter
says err 'workload'

# Huge pages on both sides shorten the walks that missed.
mean() { grep -o '"translation_mean_cycles": *[0-9.]*' "$1/result.json" | grep -o '[0-9.]*$'; }
awk -v base="$(mean both/base+base)" -v huge="$(mean both/thp+thp)" \
  'BEGIN { exit !(huge > 0 && huge < base) }' || fail 'huge pages did not shorten translation'

# explain: a cold two-stage walk, without and with what spares reads.
expect 0 "$NESTWALK" explain job.yaml --va 0x1000000000 -s 'machine.walk_caches.stage1=[]' \
  -s 'machine.walk_caches.stage2=[]' -s machine.stage2_tlb.entries=0
says out '24 entries read, 0 spared'
expect 0 "$NESTWALK" explain job.yaml --va 0x1000000000
says out '12 entries read, 12 spared'
expect 0 "$NESTWALK" explain job.yaml --va 0x1000000000 --after 5000
says out 'cycles in all'

for what in presets policies workloads costs; do expect 0 "$NESTWALK" list "$what"; done

# Every policy that is listed can be had in a config, with one granule at least; no other can.
expect 0 "$NESTWALK" list policies
policies=$(awk '{print $1}' out | paste -sd, | sed 's/,/, /g')
expect 2 "$NESTWALK" run job.yaml --validate -s guest.policy=none
says err "allowed: $policies"
for policy in ${policies//,/ }; do
  for granule in 4K 16K 64K none; do
    [[ $granule != none ]] || fail "policy $policy can be had with no granule"
    "$NESTWALK" run job.yaml --validate -s machine.preset=neoverse-n1 -s guest.memory=32G \
      -s translation.arm64.granule=$granule -s "guest.policy=$policy" >out 2>&1 && break
  done
done
expect 0 "$NESTWALK" list presets --all
says out 'assumed'

# Every example is valid, and so is the quickstart.
for config in "$NESTWALK_HOME"/configs/quickstart.yaml "$NESTWALK_HOME"/configs/examples/*.yaml; do
  expect 0 "$NESTWALK" run "$config" --validate
done

# The generators' examples run, every translation checked against the tables.
for name in fragmentation native shootdowns zipf; do
  expect 0 "$NESTWALK" compare "$NESTWALK_HOME/configs/examples/$name.yaml" -o "example-$name" \
    -s workload.accesses=20000 -s warmup_accesses=0 -s check=true
done

# Variants of different workloads are refused before any of them runs.
small_config 'variants: {product: {workload.accesses: [1000, 2000]}}' >different.yaml
expect 2 "$NESTWALK" compare different.yaml -o different
says err 'different workloads'
[[ ! -e different ]] || fail 'something ran'
