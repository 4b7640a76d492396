// A source whose instructions are counted from behind its warm-up on: what is read ahead of the
// measured accesses does not count, however far that runs ahead of their issue.
#pragma once
#include <memory>
#include <utility>

#include "common/workload/access_source.h"

namespace nestwalk {

class MeasuredSource final : public AccessSource {
 public:
  MeasuredSource(std::unique_ptr<AccessSource> source, std::uint64_t warmup_accesses)
      : source_(std::move(source)), warmup_left_(warmup_accesses) {}

  std::size_t next(std::span<MemoryAccess> out) override {
    if (warmup_left_ == 0) return source_->next(out);
    const std::size_t wanted =
        warmup_left_ < out.size() ? static_cast<std::size_t>(warmup_left_) : out.size();
    const std::size_t got = source_->next(out.first(wanted));
    warmup_left_ -= got;
    if (warmup_left_ == 0) warmup_instructions_ = source_->instructions().value_or(0);
    return got < wanted ? got : got + source_->next(out.subspan(got));
  }
  // Of the measured accesses.
  std::optional<std::uint64_t> instructions() const override {
    const std::optional<std::uint64_t> all = source_->instructions();
    if (!all || warmup_left_) return std::nullopt;
    return *all - warmup_instructions_;
  }

 private:
  std::unique_ptr<AccessSource> source_;
  std::uint64_t warmup_left_, warmup_instructions_ = 0;
};

}  // namespace nestwalk
