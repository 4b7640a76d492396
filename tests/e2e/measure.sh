#!/usr/bin/env bash
# measure on this machine, and compare-machine, which must find no error in its own figures.
. "$(dirname "$0")/lib.sh"

expect 0 "$NESTWALK" measure --quick --seconds 0.005 -o machine.csv
says machine.csv '# kernel: '
says machine.csv 'kind,page_bytes,obtained_page_bytes,pages,chains,frequency_mhz,min_ns,median_ns'
for kind in chase lines stream touch; do
  grep -q "^$kind," machine.csv || fail "no point of kind $kind"
done
(($(grep -c '^chase,4096,4096,.*,1,' machine.csv) >= 12)) || fail 'the curve of 4K pages has gaps'

# The simulator's own figures, to the last digit, as a measurement: no error anywhere.
cat >asked.csv <<'EOF'
# hypervisor: yes
# line_step_bytes: 4160
kind,page_bytes,obtained_page_bytes,pages,chains,frequency_mhz,min_ns,median_ns
chase,4096,4096,8,1,1000,1,
chase,4096,4096,282,1,1000,1,
chase,4096,4096,282,4,1000,1,
chase,2097152,2097152,18,1,1000,1,
chase,2097152,4096,18,1,1000,1,
lines,4096,4096,32,1,1000,1,
stream,4096,4096,256,1,1000,1,
touch,4096,4096,256,1,1000,1,
EOF
expect 0 "$NESTWALK" compare-machine asked.csv --preset tiny --host-policy base -o answer.csv
(($(wc -l <answer.csv) == 8)) || fail 'points are missing, or a first touch was simulated'
paste -d, <(grep -v '^#' asked.csv | head -8 | cut -d, -f1-6) <(cut -d, -f6 answer.csv) |
  sed '1s/.*/kind,page_bytes,obtained_page_bytes,pages,chains,frequency_mhz,min_ns,median_ns/; 2,$s/$/,/' >own.csv
sed -i '1i # hypervisor: yes\n# line_step_bytes: 4160' own.csv
expect 0 "$NESTWALK" compare-machine own.csv --preset tiny --host-policy base -o again.csv
awk -F, 'NR > 1 && $7 != 0 {print; bad = 1} END {exit bad}' again.csv ||
  fail 'an error in its own figures'
awk -F, 'NR > 1 && !($7 > 0 || $7 < 0) {exit 1}' answer.csv || fail 'no error in wrong figures'

# A higher clock makes the same cycles shorter; without a hypervisor there is one stage.
expect 0 "$NESTWALK" compare-machine own.csv --preset tiny --host-policy base --frequency 2000 -o fast.csv
awk -F, 'NR > 1 && $7 != -0.5 {exit 1}' fast.csv || fail '--frequency'
sed 's/^# hypervisor: yes/# hypervisor: no/' own.csv >native.csv
expect 0 "$NESTWALK" compare-machine native.csv --preset tiny -o native-out.csv
says out 'no hypervisor'
awk -F, 'NR == 3 && !($7 < 0) {exit 1}' native-out.csv || fail 'one stage is no faster than two'

# The presets that were fitted to a machine: every point of one line per page within 15 %.
fits() {
  local preset=$1 file=$NESTWALK_HOME/configs/machines/measured/$2
  grep -E '^#|^kind|^chase,[0-9]+,[0-9]+,[0-9]+,1,' "$file" >curve.csv
  expect 0 "$NESTWALK" compare-machine curve.csv --preset "$preset" --host-policy base -o curve-out.csv "${@:3}"
  (($(wc -l <curve-out.csv) >= 24)) || fail "$2 has lost points"
  awk -F, 'NR > 1 && ($7 > 0.15 || $7 < -0.15) {print; bad = 1} END {exit bad}' curve-out.csv ||
    fail "$preset is more than 15 % from $2"
}
fits graniterapids graniterapids-vm.csv
fits zen4 epyc-zen4-quiet.csv --frequency 3700

# Mistakes.
expect 2 "$NESTWALK" compare-machine own.csv
says err '--preset'
expect 2 "$NESTWALK" compare-machine own.csv --preset no-such-machine
says err 'no-such-machine'
expect 2 "$NESTWALK" compare-machine own.csv --preset tiny --host-policy huge
says err 'allowed: base, thp, hugetlb-1G'
expect 2 "$NESTWALK" compare-machine absent.csv --preset tiny
says err 'absent.csv'
sed 's/^chase,4096,4096,282,4/chase,4096,4096,none,4/' own.csv >bad.csv
expect 2 "$NESTWALK" compare-machine bad.csv --preset tiny -o bad-out.csv
says err "bad.csv:6: pages: is 'none'"
[[ ! -e bad-out.csv ]] || fail 'something was written for a bad file'
grep -v hypervisor own.csv >unknown.csv
expect 2 "$NESTWALK" compare-machine unknown.csv --preset tiny
says err 'translation.stages'
expect 2 "$NESTWALK" measure --seconds 0
expect 2 "$NESTWALK" measure --quick -o /proc/nowhere/machine.csv

# Ctrl-C keeps the points that are done.
"$NESTWALK" measure --quick --seconds 0.2 -o part.csv >out 2>err &
pid=$!
sleep 1.5
kill -INT $pid
status=0
wait $pid || status=$?
((status == 130)) || fail "exit status $status instead of 130"
says err 'interrupted'
points=$(grep -c '^chase,' part.csv)
((points >= 1 && points < 20)) || fail "$points points after an interruption"
