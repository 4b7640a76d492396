// A function that can be left in the middle and gone on with: a stack of its own, over
// Boost.Context. All fibres of a thread take turns: one runs, and says itself when it gives way.
// Sanitizers are not told of the stacks; the sanitizer build does not poison stacks
// (cmake/rooms.cmake).
#pragma once
#include <boost/context/fiber.hpp>
#include <exception>
#include <functional>

namespace nestwalk {

class Fibre {
 public:
  // Begins with the first resume().
  explicit Fibre(std::function<void()> work);
  // One that has not ended is unwound where it gave way: its destructors run, and must not give way
  // again. Work must not swallow the exception that does it (catch (...) without throw).
  ~Fibre() = default;
  Fibre(const Fibre&) = delete;
  Fibre& operator=(const Fibre&) = delete;

  // Runs it until it gives way or ends. Throws what its work has thrown. Not after the end.
  void resume();
  // Called on the fibre that runs.
  void give_way();
  bool ended() const { return ended_; }

 private:
  std::function<void()> work_;
  bool ended_ = false;
  std::exception_ptr failure_;
  boost::context::fiber back_;
  boost::context::fiber own_;  // the last member: unwinding it uses the others
};

}  // namespace nestwalk
