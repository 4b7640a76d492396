// A guest of KVM's TDP MMU, without time: guest memory with tokens, its slots and their backing,
// the nested tables, and vCPUs that make one access at a time. Each fault of the second stage is
// answered by x86/kvm's pure functions (tdp_answer.h) and noted, as the records do. No TLB: the
// machine behind the records drops its own at every exit.
#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/host/backing.h"
#include "x86/engine.h"
#include "x86/records/npt_tables.h"
#include "x86/records/record.h"

namespace nestwalk::x86 {

// What the guest and user space saw of one access, in the record's own words.
struct Observed {
  std::string value;  // "0x...", "done"
  bool exception = false;
  std::uint64_t vector = 0, error = 0, cr2 = 0;
  std::vector<std::string> page_faults, leaves;
  std::vector<RecordedMmio> mmio;
  // The access came to something that this machine has no model of; what it is.
  std::string not_modelled;
};

struct GuestAccess {
  unsigned vcpu = 0;
  Access how{};
  bool alignment_check = false;
  unsigned bytes = 8;
  Va va{};
  std::uint64_t data = 0;  // of a store
};

class TdpMachine {
 public:
  explicit TdpMachine(const Record& record);

  // Host stores and loads; false: no slot there.
  bool poke(Ipa at, unsigned bytes, std::uint64_t word);
  std::optional<std::uint64_t> peek(Ipa at, unsigned bytes);

  Registers& registers(unsigned vcpu) { return vcpus_.at(vcpu); }
  // Makes the access, however many faults it takes. What it stores or loads is done at the end.
  void access(const GuestAccess& access, Observed& seen);
  // The harness's own program runs on: it fetches an instruction of its own.
  void run_harness(unsigned vcpu, Observed& seen);
  // Where the harness's window shows a guest-physical address.
  Va window(std::uint64_t gpa) const;

  void add_slot(const RecordedSlot& slot);
  void delete_slot(std::uint16_t id);
  void move_slot(std::uint16_t id, Ipa base);
  void set_flags(std::uint16_t id, bool log_dirty, bool read_only);
  // The dirty frames since the last time, and protects them again.
  std::vector<std::uint64_t> take_dirty(std::uint16_t id);
  void discard(Ipa first, std::uint64_t bytes);  // MADV_DONTNEED
  void refill(Ipa first, std::uint64_t bytes);   // tokens again, by the process itself
  void prefault(Ipa first, std::uint64_t bytes, Observed& seen);

 private:
  enum class Progress : std::uint8_t { retry, emulate };
  Progress answer(const TdpViolation& fault, Observed& seen);
  Progress apply(const TdpViolation& fault, const TdpAnswer& answer, Observed& seen);
  TdpAnswer judge(const TdpViolation& fault, const TdpEntry& found);
  void complete(const GuestAccess& access, Pa at, Observed& seen);
  void emulate(const GuestAccess& access, Ipa gpa, Observed& seen);
  Engine engine_for(unsigned vcpu, bool alignment_check) const;
  void build_harness();
  std::uint64_t load(Pa at, unsigned bytes);
  void store(Pa at, unsigned bytes, std::uint64_t data);
  bool harness(Ipa gpa) const;
  Hva hva_of(const RecordedSlot& slot) const;
  void notify(Ipa first, std::uint64_t bytes) { tables_.zap(first, bytes); }

  GuestMode mode_;
  Cpu cpu_;
  VirtualMachine vm_;
  TdpTraits traits_;
  unsigned generation_;  // of the kernel
  PhysicalMemory memory_;
  NptTables tables_;
  FrameAllocator no_frames_{{4096}};
  std::unique_ptr<MappingPolicy> small_, huge_2m_, huge_1g_;
  Backing backing_;
  Slots slots_;
  std::map<std::uint16_t, std::set<std::uint64_t>> dirty_;  // frame numbers, by slot
  std::map<std::uint64_t, std::uint64_t> token_of_;         // by physical page: its frame number
  std::vector<Registers> vcpus_;
};

}  // namespace nestwalk::x86
