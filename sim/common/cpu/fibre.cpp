#include "common/cpu/fibre.h"

#include <boost/context/pooled_fixedsize_stack.hpp>
#include <memory>
#include <utility>

#include "common/base/check.h"

namespace nestwalk {
namespace {

// Explorers make fibres by the thousand: stacks are used again.
boost::context::pooled_fixedsize_stack& stacks() {
  constexpr std::size_t stack_bytes = 256 * 1024;
  static thread_local boost::context::pooled_fixedsize_stack pool(stack_bytes);
  return pool;
}

}  // namespace

Fibre::Fibre(std::function<void()> work) : work_(std::move(work)) {
  own_ = boost::context::fiber(std::allocator_arg, stacks(), [this](boost::context::fiber&& from) {
    back_ = std::move(from);
    try {
      work_();
    } catch (const boost::context::detail::forced_unwind&) {
      throw;
    } catch (...) {
      failure_ = std::current_exception();
    }
    ended_ = true;
    return std::move(back_);
  });
}

void Fibre::resume() {
  NW_CHECK(!ended_, "a fibre that has ended is resumed");
  own_ = std::move(own_).resume();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Fibre::give_way() { back_ = std::move(back_).resume(); }

}  // namespace nestwalk
