// Zstandard decompression as a Boost.Iostreams input filter that, unlike Boost's own, tells a
// truncated stream from a complete one. Frames may follow each other. A window of more than 128 MiB
// (zstd --long=28 and up) is refused, as by the zstd program.
#pragma once
#include <zstd.h>

#include <boost/iostreams/categories.hpp>
#include <boost/iostreams/read.hpp>
#include <memory>
#include <stdexcept>
#include <vector>

namespace nestwalk {

struct ZstdError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class ZstdFilter {
 public:
  using char_type = char;
  using category = boost::iostreams::multichar_input_filter_tag;

  ZstdFilter() : state_(std::make_shared<State>()) {}

  template <class Source>
  std::streamsize read(Source& source, char* out, std::streamsize size) {
    ZSTD_outBuffer to{out, static_cast<std::size_t>(size), 0};
    while (to.pos == 0) {
      State& s = *state_;
      if (s.from.pos == s.from.size && !s.ended) refill(source);
      if (s.from.pos == s.from.size && s.ended && !s.inside_frame) return -1;
      const std::size_t result = ZSTD_decompressStream(s.stream.get(), &to, &s.from);
      if (ZSTD_isError(result)) throw ZstdError(ZSTD_getErrorName(result));
      s.inside_frame = result != 0;
      if (to.pos == 0 && s.from.pos == s.from.size && s.ended && s.inside_frame)
        throw ZstdError("ends inside a frame");
    }
    return static_cast<std::streamsize>(to.pos);
  }

 private:
  // Boost copies filters; the copies share what they have read.
  struct State {
    struct Free {
      void operator()(ZSTD_DStream* decoder) const { ZSTD_freeDStream(decoder); }
    };
    std::unique_ptr<ZSTD_DStream, Free> stream{ZSTD_createDStream()};
    std::vector<char> buffer = std::vector<char>(ZSTD_DStreamInSize());
    ZSTD_inBuffer from{nullptr, 0, 0};
    bool ended = false;
    bool inside_frame = false;
  };

  template <class Source>
  void refill(Source& source) {
    State& s = *state_;
    const auto got = boost::iostreams::read(source, s.buffer.data(),
                                            static_cast<std::streamsize>(s.buffer.size()));
    s.ended = got <= 0;
    s.from = {s.buffer.data(), got <= 0 ? 0 : static_cast<std::size_t>(got), 0};
  }

  std::shared_ptr<State> state_;
};

}  // namespace nestwalk
