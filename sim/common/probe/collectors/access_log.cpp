#include "common/probe/collectors/access_log.h"

#include "common/base/check.h"
#include "common/probe/collectors/categories_agree.h"

namespace nestwalk {
namespace {

constexpr std::size_t write_from_bytes = 1 << 16;
constexpr std::array<std::string_view, 3> access_types{"read", "write", "fetch"};
static_assert(index_of(AccessType::read) == 0 && index_of(AccessType::write) == 1 &&
              index_of(AccessType::fetch) == 2);

template <class... Values>
void append(fmt::memory_buffer& to, fmt::format_string<Values...> text, Values&&... values) {
  fmt::format_to(std::back_inserter(to), text, std::forward<Values>(values)...);
}

}  // namespace

AccessLog::AccessLog(OutputFile& file) : file_(file) {
  append(lines_, "vcpu,space,type,served,page_lg2,va,issued_cycle");
  for (const Category& span : time_spans) append(lines_, ",{}_cycles", span.key);
  append(lines_,
         ",translation_cycles,total_cycles,walks,entry_reads,guest_faults,host_faults,skipped\n");
}

void AccessLog::on(const AccessDone& event) {
  NW_CHECK(event.count == 1, "{} accesses told by one event", event.count);
  append(lines_, "{},{},{},{},{},{:#x},{}", event.vcpu, event.space,
         access_types[index_of(event.type)], how_served[index_of(event.served)].key, event.page_lg2,
         event.va.value, event.issued_cycle);
  for (const Cycles cycles : event.spans) append(lines_, ",{}", cycles);
  append(lines_, ",{},{},{},{},{},{},{}\n", event.translation_cycles, event.total_cycles,
         event.walks, event.entry_reads, event.guest_faults, event.host_faults,
         event.skipped ? 1 : 0);
  if (lines_.size() >= write_from_bytes) finish();
}

void AccessLog::finish() {
  file_.write({lines_.data(), lines_.size()});
  lines_.clear();
}

}  // namespace nestwalk
