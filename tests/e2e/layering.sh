#!/usr/bin/env bash
# Reads the #include lines: rooms include only the rooms below them (ARCHITECTURE.md, section 1).
# SystemC's headers lie in the compiler's default path, so no build error would tell.
set -euo pipefail
: "${NESTWALK_HOME:?}"
cd "$NESTWALK_HOME/sim"
status=0

# allow ROOM REGEX: files of the room include project headers of these rooms only (and its own).
allow() {
  local room=$1 rooms=$2 line
  while IFS= read -r line; do
    printf 'layering: %s\n' "$line"
    status=1
  done < <(find "$room" -maxdepth 1 \( -name '*.h' -o -name '*.cpp' \) -exec \
    grep -HnE '#include "(common|x86|arm64)/' {} + |
    grep -vE "#include \"($room|$rooms)/[^/]*\"" || true)
}

base='common/base'
low="$base|common/paging|common/memory"
mmu="$low|common/tlb|common/probe|common/mapping|common/mmu"
cpu="$mmu|common/cpu"
host="$cpu|common/host"
hyp="$host|common/hyp"
machine="$hyp|common/guest|common/workload|common/machine"
allow common/base 'none'
allow common/paging "$base"
allow common/memory "$base"
allow common/tlb "$low"
allow common/probe "$low"
allow common/mapping "$low"
allow common/mmu "$low|common/tlb|common/probe"
allow common/cpu "$mmu"
allow common/host "$cpu"
allow common/hyp "$host"
allow common/guest "$hyp"
allow common/workload "$base"
allow common/machine "$machine"
allow common/results "$base"
allow common/probe/collectors "$base|common/paging|common/probe|common/results"
allow common/config "$base"
allow common/vectors "$base"
allow common/measure "$base"
allow common/sysc "$machine"
allow common/cli "$machine|common/config|common/results|common/probe/collectors|common/sysc|common/vectors|common/measure"
allow x86 "$hyp|common/guest"
allow x86/kvm "$hyp|x86"
allow x86/vectors "$mmu|x86|common/vectors"
allow arm64/records "$host|arm64|arm64/kvm|common/vectors"
allow x86/records "$host|x86|x86/kvm|common/vectors"
allow arm64 "$hyp|common/guest"
allow arm64/kvm "$hyp|arm64"
allow arm64/vectors "$mmu|arm64|common/vectors"

# complain TEXT FILES...: each is a line that should not be there.
complain() {
  local text=$1 line
  while IFS= read -r line; do
    printf '%s: %s\n' "$text" "$line"
    status=1
  done
}
complain 'SystemC outside sysc and main' < <(
  grep -rnE '#include <systemc' --include='*.h' --include='*.cpp' . | grep -vE '^\./(common/sysc/|main\.cpp)' || true)
complain 'yaml-cpp outside config' < <(
  grep -rn '#include <yaml-cpp' --include='*.h' --include='*.cpp' . | grep -v '^\./common/config/' || true)
complain 'an architecture word in common' < <(
  grep -rnwE 'TTBR[01]?|VTTBR|CR3|EPT|SPTE|VMID' --include='*.h' --include='*.cpp' common |
    grep -vE ':[0-9]+: *//|//.*(TTBR|VTTBR|CR3|EPT|SPTE|VMID)' || true)

rooms=0
while IFS= read -r folder; do
  rooms=$((rooms + 1))
  if [[ ! -f $folder/README.md ]]; then
    printf 'no README.md in %s\n' "$folder"
    status=1
  elif (($(wc -l <"$folder/README.md") > 30)); then
    printf '%s/README.md has more than 30 lines\n' "$folder"
    status=1
  fi
done < <(find . -name CMakeLists.txt -mindepth 2 -exec dirname {} \;)
((rooms >= 20)) || { echo "only $rooms rooms found"; status=1; }
exit $status
