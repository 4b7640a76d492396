// A software path is an enum of steps and an advance(step) with a short case per step that does the
// work and names the next step; `done` ends it. This runs one.
#pragma once

namespace nestwalk {

template <class Path>
void run_steps(Path& path) {
  using Step = typename Path::Step;
  for (Step step = Path::first; step != Step::done;) step = path.advance(step);
}

}  // namespace nestwalk
