#!/usr/bin/env bash
# Lazy and strict synchronisation give the same bytes where hits that run ahead of other vCPUs touch
# pages that another vCPU is unmapping: this run once differed in the bytes touched.
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

cat >run.yaml <<'EOF2'
name: run
seed: 6062666135656696049
machine: {preset: skylake-sp, vcpus: 2, max_outstanding: 1}
translation: {stages: two, x86: {paging: 5level, stage2: ept}}
guest: {memory: 16G, policy: thp}
host: {memory: 32G, policy: thp, thp_sizes: [16K, 2M]}
shootdowns: {interval_accesses: 200, kind: space}
check: true
workload: {kind: pointer_chase, footprint: 1G, accesses: 5000, node_bytes: 128}
EOF2
for sync in lazy strict; do
  expect 0 "$NESTWALK" run run.yaml --sync $sync -o $sync
done
cmp lazy/result.json strict/result.json || fail 'lazy and strict differ'
