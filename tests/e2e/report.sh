#!/usr/bin/env bash
# The report and the comparison on terminals of several widths: no line is wider, and what is said
# first is there.
. "$(dirname "$0")/lib.sh"

small_config 'warmup_accesses: 1000' 'variants:' '  - {name: base+base}' \
  '  - {name: thp+thp, set: {guest.policy: thp, host.policy: thp}}' >job.yaml

# on_terminal COLUMNS COMMAND...: runs it on a terminal of that width; its output, without colours,
# in ./out.
on_terminal() {
  python3 - "$@" >out <<'EOF'
import fcntl, os, pty, re, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 25, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
text = b""
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:
        break
    if not part:
        break
    text += part
if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
    sys.exit(text.decode())
plain = re.sub(r"\x1b\[[0-9;]*[mK]", "", text.decode()).replace("\r\n", "\n")
sys.stdout.write(plain.split("\r")[-1])
EOF
}

for columns in 60 80 132 200; do
  for command in "run job.yaml -o run" "compare job.yaml -o both"; do
    # shellcheck disable=SC2086
    on_terminal $columns "$NESTWALK" $command || fail "$command on a terminal of $columns columns"
    [[ -z $(awk -v most=$columns 'length > most' out) ]] ||
      { cat out; fail "$command: a line is wider than $columns columns"; }
    awk 'NF { if (length > widest) widest = length } END { exit !(widest > 50) }' out ||
      fail "$command: does not use the width"
    says out 'Translation, without faults'
  done
done

expect 0 "$NESTWALK" run job.yaml -o run
[[ -z $(awk 'length > 100' out) ]] || fail 'not on a terminal: a line is wider than 100 columns'
first=$(grep -n 'Translation, without faults' out | cut -d: -f1)
faults=$(grep -n 'First touch and other fault software' out | cut -d: -f1)
memory=$(grep -n '^Memory at the end' out | cut -d: -f1)
((first < faults && faults < memory)) || fail 'the report does not say first what it should'
says out 'MHz'
says out 'Prices: '

expect 0 "$NESTWALK" compare job.yaml -o both
says out 'guest.policy  base       thp'
says out 'Steady state'
says out 'First touch'
says out 'p99.9'

# A warm-up that leaves nothing to measure is a mistake, not a report of zeros.
expect 2 "$NESTWALK" run job.yaml -o none -s warmup_accesses=20000
says err 'warmup_accesses'
says err 'leave nothing to measure'
[[ ! -e none ]] || fail 'a report of nothing was written'
