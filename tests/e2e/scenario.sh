#!/usr/bin/env bash
# `nestwalk scenario`: the project's scenarios hold, a wrong expectation fails and says why, and bad
# input is refused with file and line.
. "$(dirname "$0")/lib.sh"

scenarios=("$NESTWALK_HOME"/tests/scenarios/*/*.yaml)
((${#scenarios[@]} >= 20)) || fail "only ${#scenarios[@]} scenarios"
expect 0 "$NESTWALK" scenario "${scenarios[@]}"
says out "${#scenarios[@]} passed, 0 failed"

# scene STEP...: a small scenario with these steps.
scene() {
  cat <<EOF
scenario: small
machine: {isa: x86}
memory: {guest_tables: 0x100000, slots: [{slot: 0, gpa: 0, size: 4M}]}
steps:
  - {do: map, address: 0x1000, to: 0x200000}
EOF
  printf '  - %s\n' "$@"
}

scene '{do: access, address: 0x1000, expect: {result: ok}}' >good.yaml
expect 0 "$NESTWALK" scenario good.yaml --trace
says out 'line 6: access vCPU 0 read 0x1000 user: ok, gpa 0x200000'
says out 'exit ept_violation 0x181 at 0x200000'

# wrong STEP WHAT EXPECTED FOUND: the expectation fails, in these words.
wrong() {
  scene "$1" >wrong.yaml
  expect 1 "$NESTWALK" scenario wrong.yaml
  says out "wrong.yaml:6: $2"
  says out "expected $3"
  says out "found    $4"
  says out '0 passed, 1 failed'
}
wrong '{do: access, address: 0x1000, expect: {result: mmio}}' result mmio ok
wrong '{do: access, address: 0x1000, expect: {gpa: 0x201000}}' gpa 0x201000 0x200000
wrong '{do: access, address: 0x1000, expect: {exits: []}}' exits none 'ept_violation 0x83 at 0x100000'
wrong '{do: access, address: 0x9000, expect: {fault: {reason: page_fault, code: 0x6}}}' fault \
  'page_fault 0x6' 'page_fault 0x4'
wrong '{do: access, address: 0x1000, expect: {violation: stale}}' violation stale none
wrong '{do: access, address: 0x1000, expect: {leaves: [{gpa: 0x200000, size: 2M}]}}' \
  'leaf at 0x200000, size' 0x200000 0x1000
wrong '{do: access, address: 0x1000, expect: {leaves: [{gpa: 0x200000, writable: false}]}}' \
  'leaf at 0x200000, writable' false true
wrong '{do: access, address: 0x1000, expect: {tlb: [{address: 0x1000, holds: false}]}}' \
  'TLB of vCPU 0, 0x1000' 'no such entry' one
wrong '{do: access, address: 0x1000, expect: {counters: {exits: 4}}}' counters.exits 4 5
wrong '{do: set_slot_flags, slot: 0, log: true, expect: {dirty: [1]}}' dirty '[1]' '[]'

# A violation that no step expects fails by itself; so does one file among several.
scene '{do: access, address: 0x1000}' '{do: unmap, address: 0x1000, invalidate: none}' \
  '{do: access, address: 0x1000}' >silent.yaml
expect 1 "$NESTWALK" scenario good.yaml silent.yaml
says out 'silent.yaml:8: violation'
says out '1 passed, 1 failed'

expect 1 "$NESTWALK" scenario good.yaml silent.yaml --junit results.xml
says results.xml '<testsuite name="nestwalk scenario" tests="2" failures="1">'
says results.xml '<failure message="silent.yaml:8: violation: expected none, found stale"/>'
expect 2 "$NESTWALK" scenario good.yaml --junit none/results.xml

# The same exit again and again: an entry that hardware refuses and its hypervisor takes for good.
scene '{do: access, address: 0x1000}' \
  '{do: write_entry, table: second_stage, address: 0x200000, height: 0, value: 0}' \
  '{do: invalidate, what: vm, address: 0}' '{do: access, address: 0x1000, expect: {exits: []}}' >stuck.yaml
expect 1 "$NESTWALK" scenario stuck.yaml
says out 'the same exit again and again'

# bad TEXT STEP: refused, with file and line.
bad() {
  scene "$2" >bad.yaml
  expect 2 "$NESTWALK" scenario good.yaml bad.yaml
  says err "$1"
  [[ ! -s out ]] || fail "something was played before the mistake was told: $1"
}
bad 'bad.yaml:6: steps.1.adress: unknown key' '{do: access, adress: 0x1000}'
bad 'bad.yaml:6: steps.1.do' '{do: dance}'
bad 'bad.yaml:6: steps.1.to' '{do: access, address: 0x1000, to: 0x1000}'
bad 'bad.yaml:6: steps.1.expect.result' '{do: access, address: 0x1000, expect: {result: fine}}'
bad 'bad.yaml:6: steps.1.expect.cycles: unknown key' '{do: access, address: 0x1000, expect: {cycles: 3}}'
expect 2 "$NESTWALK" scenario missing.yaml
says err 'missing.yaml: no such file'
expect 2 "$NESTWALK" scenario

# impossible TEXT STEP: in order as a file, but not on this machine.
impossible() {
  scene "$2" >bad.yaml
  expect 2 "$NESTWALK" scenario bad.yaml
  says err "$1"
}
impossible 'bad.yaml:6: steps.1: there is no vCPU 3' '{do: access, vcpu: 3, address: 0x1000}'
impossible 'bad.yaml:6: steps.1: 0x1000 is mapped already' '{do: map, address: 0x1000, to: 0x3000}'
impossible 'bad.yaml:6: steps.1: 0x7000 is not mapped' '{do: unmap, address: 0x7000}'
impossible 'bad.yaml:6: steps.1: slot 0 has no dirty log' '{do: get_dirty_log, slot: 0}'
impossible 'bad.yaml:6: steps.1: 0x1001 and 4096 are not whole pages' '{do: discard, gpa: 0x1001, bytes: 4K}'
impossible 'bad.yaml:6: steps.1: 0x40000000 lies in no slot' '{do: discard, gpa: 0x40000000, bytes: 4K}'
