// Every access as a line of CSV, for whoever wants to compute the figures of a report himself. A
// vCPU's lines are in the order in which its accesses ended; those of several vCPUs mix as the
// synchronisation tells them.
#pragma once
#include <fmt/format.h>

#include "common/probe/events.h"
#include "common/results/output_file.h"

namespace nestwalk {

class AccessLog final : public Observer {
 public:
  using Observer::on;
  // Writes the header line. `file` outlives the log.
  explicit AccessLog(OutputFile& file);

  // Throws UserErrors when the file cannot be written.
  void on(const AccessDone& event) override;
  // Writes what is left. Publishing the file is the caller's.
  void finish();

 private:
  OutputFile& file_;
  fmt::memory_buffer lines_;  // not yet written
};

}  // namespace nestwalk
