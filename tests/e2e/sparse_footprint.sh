#!/usr/bin/env bash
# Host memory follows the tables that are touched, not the footprint: 1 TiB touched at 100,000 places
# runs in less than 1 GiB.
. "$(dirname "$0")/lib.sh"

small_config >sparse.yaml
expect 0 "$NESTWALK" run sparse.yaml -o result -s guest.memory=4G -s host.memory=8G \
  -s workload.footprint=1024G -s workload.accesses=100000 -s data_accesses=off
says result/report.txt 'guest'
read -r peak < <(grep -o '"peak_memory_bytes": *[0-9]*' result/host.json | grep -o '[0-9]*$')
((peak > 0)) || fail 'no peak memory in host.json'
# Sanitizers need memory of their own.
nm -D "$NESTWALK" 2>/dev/null | grep -q __asan || ((peak < 1 << 30)) ||
  fail "peak memory $peak bytes"
