#include "common/config/scenario_layout.h"

#include "common/config/check.h"
#include "common/config/parse.h"

namespace nestwalk::config {
namespace {

constexpr std::uint64_t all_addresses = ~std::uint64_t{0};

Spec leaf_size(std::string doc) {
  return choice("size", std::move(doc), {{"4K"}, {"2M"}, {"1G"}}).or_default("4K");
}

Spec machine() {
  return object("machine", "The hardware, and the guest and hypervisor modes that it runs.",
                {choice("isa", "The architecture.", {{"x86"}, {"arm64"}}),
                 whole("vcpus", "How many vCPUs.", 1, 64).or_default("1"),
                 choice("stage2", "The second stage's format.", {{"ept", "Intel"}, {"npt", "AMD"}})
                     .or_default("ept")
                     .for_only({"x86"}),
                 choice("paging", "The guest's paging.", {{"4level"}, {"5level"}})
                     .or_default("4level")
                     .for_only({"x86"}),
                 choice("stage2_paging", "The second stage's tables.", {{"4level"}, {"5level"}})
                     .or_default("4level")
                     .for_only({"x86"}),
                 flag("hardware_access_flag", "Whether the guest lets hardware set access flags.")
                     .or_default("true")
                     .for_only({"arm64"}),
                 flag("hardware_dirty", "Whether the guest lets hardware manage dirty state.")
                     .or_default("false")
                     .for_only({"arm64"})})
      .selected_by("isa");
}

std::vector<Spec> slot_flags() {
  return {flag("read_only", "KVM_MEM_READONLY: the guest's stores are device accesses.")
              .or_default("false"),
          flag("log", "KVM_MEM_LOG_DIRTY_PAGES: writes are logged.").or_default("false")};
}

Spec slot_id() { return whole("slot", "The slot's number.", 0, 15); }
Spec gpa(std::string doc) { return address("gpa", std::move(doc)); }

std::vector<Spec> slot_keys() {
  std::vector<Spec> keys = {
      slot_id(), gpa("Its first guest-physical address."),
      bytes("size", "Its bytes.", 4096, std::uint64_t{1} << 34),
      choice("backing", "What the host has behind it.",
             {{"4K", "small pages"},
              {"THP", "transparent huge pages of 2M where they fit"},
              {"2M", "a pool of 2M pages"},
              {"1G", "a pool of 1G pages"}})
          .or_default("4K"),
      bytes("host_offset",
            "How far the process's addresses are from being congruent with the guest's modulo 1G.",
            0, (std::uint64_t{1} << 30) - 4096)
          .or_default("0")};
  for (Spec& flag : slot_flags()) keys.push_back(std::move(flag));
  return keys;
}

Spec memory() {
  return object("memory", "The guest's memory.",
                {address("guest_tables",
                         "Where the guest takes pages for its tables from, upwards; in a slot."),
                 list("slots", "Memory slots.", object("", "A slot.", slot_keys()), 1, 16)});
}

Spec any_of(Spec spec, std::vector<std::string> acts) {
  return std::move(spec).for_only(std::move(acts));
}

const std::vector<Choice> acts = {
    {"map", "the guest maps `address` to `to` in its tables"},
    {"unmap", "the guest takes `address` out of its tables, and invalidates"},
    {"protect", "the guest gives `address` other rights, and invalidates"},
    {"write_entry", "a raw word into a table; nothing is invalidated"},
    {"invalidate", "the guest's kernel invalidates"},
    {"access", "a vCPU reads, writes or fetches"},
    {"add_slot", "user space adds a memory slot"},
    {"delete_slot", "user space deletes one"},
    {"move_slot", "user space moves one to another guest-physical address"},
    {"set_slot_flags", "user space changes a slot's flags"},
    {"get_dirty_log", "user space takes a slot's dirty log (KVM_GET_DIRTY_LOG)"},
    {"discard", "the host process gives memory back (MADV_DONTNEED)"},
    {"collapse", "the host process makes one 2M page of small ones (MADV_COLLAPSE)"},
    {"protect_host", "the host process changes its rights (mprotect)"}};

std::vector<Spec> access_keys(std::vector<std::string> with) {
  return {
      any_of(choice("type", "What the access does.", {{"read"}, {"write"}, {"fetch"}})
                 .or_default("read"),
             with),
      any_of(flag("privileged", "By the guest's kernel, else by a program.").or_default("false"),
             with)};
}

Spec invalidation(const char* name, std::string by_default, std::vector<std::string> with) {
  return any_of(choice(name, "What the guest's kernel invalidates, as Linux does it.",
                       {{"none", "nothing: it forgets to"},
                        {"address", "the page alone"},
                        {"space", "everything of the address space"},
                        {"vm", "everything of the virtual machine"}})
                    .or_default(by_default),
                std::move(with));
}

Spec expected_exit(std::string name, std::string doc) {
  return object(
      std::move(name), std::move(doc),
      {choice("reason", "What it is.",
              {{"page_fault"},
               {"general_protection"},
               {"ept_violation"},
               {"ept_misconfiguration"},
               {"nested_page_fault"},
               {"data_abort"},
               {"instruction_abort"}}),
       address("code", "x86: error code, exit qualification or EXITINFO1; arm64: ESR.").optional(),
       gpa("The guest-physical address that faults; of the second stage.").optional()});
}

Spec expect() {
  Spec dirty = list("dirty", "Pages that the dirty log gives, numbered within the slot.",
                    whole("", "A page.", 0, all_addresses), 0, 4096)
                   .optional();
  Spec leaf_size = choice("size", "Bytes that it maps; none: there is no entry.",
                          {{"none"}, {"4K"}, {"2M"}, {"1G"}});
  Spec leaf = object("", "An entry.",
                     {gpa("An address that it maps."), std::move(leaf_size).optional(),
                      flag("writable", "Whether it allows writes.").optional(),
                      flag("executable", "Whether it allows fetches.").optional()});
  Spec tlb =
      object("", "A look-up.",
             {whole("vcpu", "Whose TLB.", 0, 63).or_default("0"),
              address("address", "The virtual address."),
              choice("type", "Of the access.", {{"read"}, {"write"}, {"fetch"}}).or_default("read"),
              flag("privileged", "Of the access.").or_default("false"),
              flag("holds", "Whether an entry serves the access.")});
  std::vector<Spec> counters;
  for (const auto& [name, doc] : std::vector<std::pair<const char*, const char*>>{
           {"exits", "Exits for faults of the second stage."},
           {"mapped", "Entries put into the second stage, or given more rights."},
           {"zapped", "Entries taken out because slots or the host changed."},
           {"spurious", "Faults whose entry was there and allowed the access."},
           {"mmio", "Device accesses."},
           {"flushes", "Flushes by the hypervisor."}})
    counters.push_back(whole(name, doc, 0, all_addresses).optional());
  const std::vector<Choice> ends = {{"ok", "the access happened, or the request was granted"},
                                    {"fault", "the guest takes an exception"},
                                    {"mmio", "it is a device's"},
                                    {"external_abort", "the hypervisor injects one"},
                                    {"refused", "the kernel says no"},
                                    {"no_progress", "the same exit 16 times in a row"}};
  return object(
      "expect", "What must be true after the step.",
      {choice("result", "How the step ended.", ends).optional(),
       gpa("The guest-physical address that the access reached.").optional(),
       choice("guest_size", "The guest's leaf.", {{"4K"}, {"2M"}, {"1G"}}).optional(),
       choice("host_size", "The second stage's leaf.", {{"4K"}, {"2M"}, {"1G"}}).optional(),
       expected_exit("fault", "The exception that the guest takes.").optional(),
       list("exits", "All exits of the step, in order.", expected_exit("", "An exit."), 0, 64)
           .optional(),
       choice("violation", "What the truth (guest's tables over slots and backing) says.",
              {{"none"},
               {"stale", "reached what was granted once and is no more"},
               {"isolation", "reached what was never granted"}})
           .optional(),
       std::move(dirty),
       list("leaves", "Entries of the second stage.", std::move(leaf), 1, 64).optional(),
       list("tlb", "What TLBs hold.", std::move(tlb), 1, 64).optional(),
       object("counters", "Exact numbers since the scenario began.", std::move(counters))
           .optional()});
}

std::vector<Spec> step_keys() {
  const std::vector<std::string> guest = {"map", "protect"};
  const std::vector<std::string> host = {"discard", "collapse", "protect_host"};
  std::vector<Spec> keys = {
      choice("do", "What happens.", acts),
      any_of(whole("vcpu", "Who acts.", 0, 63).or_default("0"), {"access", "invalidate"}),
      any_of(address("address", "Virtual; write_entry of the second stage: guest-physical."),
             {"map", "unmap", "protect", "write_entry", "access", "invalidate"}),
      any_of(address("to", "Guest-physical."), {"map"}),
      any_of(leaf_size("The leaf."), {"map"}),
      any_of(flag("writable", "W.").or_default("true"), {"map", "protect", "protect_host"}),
      any_of(flag("user", "Whether programs may use it.").or_default("true"), guest),
      any_of(flag("executable", "X.").or_default("true"), guest),
      any_of(flag("accessed", "The accessed flag.").or_default("true"), guest),
      any_of(flag("dirty", "The dirty flag.").or_default("false"), guest),
      invalidation("invalidate", "address", {"unmap", "protect"}),
      invalidation("what", "address", {"invalidate"}),
      any_of(choice("reach", "Who invalidates.", {{"all", "every vCPU"}, {"local", "`vcpu`"}})
                 .or_default("all"),
             {"invalidate"}),
      any_of(choice("table", "Which stage's.", {{"guest"}, {"second_stage"}}), {"write_entry"}),
      any_of(whole("height", "Of the table: 0 is the last level's, 1 the one above, ...", 0, 4),
             {"write_entry"}),
      any_of(address("value", "The word."), {"write_entry"}),
      any_of(slot_id(),
             {"add_slot", "delete_slot", "move_slot", "set_slot_flags", "get_dirty_log"}),
      any_of(gpa("Guest-physical."),
             {"add_slot", "move_slot", "discard", "collapse", "protect_host"}),
      any_of(bytes("bytes", "Bytes.", 4096, std::uint64_t{1} << 34),
             {"add_slot", "discard", "protect_host"}),
      any_of(choice("backing", "As in memory.slots.", {{"4K"}, {"THP"}, {"2M"}, {"1G"}})
                 .or_default("4K"),
             {"add_slot"}),
      any_of(flag("read_only", "As in memory.slots.").or_default("false"),
             {"add_slot", "set_slot_flags"}),
      any_of(flag("log", "As in memory.slots.").or_default("false"),
             {"add_slot", "set_slot_flags"}),
      any_of(flag("readable", "R.").or_default("true"), {"protect_host"}),
      any_of(flag("flush", "Whether the hypervisor flushes TLBs, as it must.").or_default("true"),
             host),
      expect().optional()};
  for (Spec& key : access_keys({"access"})) keys.push_back(std::move(key));
  return keys;
}

}  // namespace

const Spec& scenario_layout() {
  static const Spec layout =
      object("nestwalk scenario", "A machine, what happens on it, and what must be true.",
             {text("scenario", "What it shows, in a sentence."), machine(), memory(),
              list("steps", "One after another.",
                   object("", "A step.", step_keys()).selected_by("do"), 1, 10'000)});
  return layout;
}

Value load_scenario(const std::filesystem::path& file) {
  const Parsed parsed = parse_file(file, file.string());
  Errors errors;
  errors.add_all(parsed.errors);
  Value root = check(scenario_layout(), parsed.root, errors);
  errors.throw_if_any();
  return root;
}

}  // namespace nestwalk::config
