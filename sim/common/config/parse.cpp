#include "common/config/parse.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "common/base/check.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

// Builds the tree from yaml-cpp's events. A frame is a list or a map that is still open.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::shared_ptr<const Source> source) : source_(std::move(source)) {}

  Parsed take() { return std::move(result_); }
  const std::optional<YAML::Mark>& last_quoted() const { return last_quoted_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    put(leaf(Raw::Type::null, mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(mark, "aliases (*name) are not supported; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    Raw raw = leaf(Raw::Type::scalar, mark);
    raw.text = value;
    raw.quoted = tag == "!";
    last_quoted_ = raw.quoted ? std::optional(mark) : std::nullopt;
    put(std::move(raw));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Raw::Type::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Raw::Type::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Raw node;
    std::optional<Raw> key;                      // read, its value not yet
    std::map<std::string, std::uint64_t> lines;  // of the keys so far
  };

  Where at(const YAML::Mark& mark) const {
    return {source_, static_cast<std::uint64_t>(mark.line < 0 ? 0 : mark.line + 1)};
  }
  Raw leaf(Raw::Type type, const YAML::Mark& mark) const {
    Raw raw;
    raw.type = type;
    raw.where = at(mark);
    return raw;
  }
  std::string path() const {
    std::string out;
    for (const Frame& frame : open_) {
      if (frame.node.type == Raw::Type::list)
        out = join_path(out, std::to_string(frame.node.items.size()));
      else if (frame.key)
        out = join_path(out, shown(frame.key->text));
    }
    return out;
  }
  [[noreturn]] void fail(const YAML::Mark& mark, std::string message) const {
    throw UserErrors(at(mark).error(path(), std::move(message)));
  }
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != YAML::NullAnchor)
      fail(mark, "anchors (&name) are not supported; write the value out");
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!")
      fail(mark, fmt::format("tags ({}) are not supported", shown(tag)));
  }

  void open(Raw::Type type, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (open_.size() == max_depth)
      fail(mark, fmt::format("nested too deep; allowed: {} levels", max_depth));
    if (key_expected())
      fail(mark, "a key is not text, or a bracket is not closed; allowed: plain or quoted text");
    open_.push_back({leaf(type, mark), {}, {}});
  }
  bool key_expected() const {
    return !open_.empty() && open_.back().node.type == Raw::Type::map && !open_.back().key;
  }
  void close() {
    Raw node = std::move(open_.back().node);
    open_.pop_back();
    put(std::move(node));
  }

  // A finished value: the root, an item, a key, or the value of the key before.
  void put(Raw value) {
    if (open_.empty()) {
      result_.root = std::move(value);
    } else if (key_expected()) {
      if (value.type != Raw::Type::scalar)
        throw UserErrors(value.where.error(path(), "a key is missing before ':'"));
      open_.back().key = std::move(value);
    } else if (open_.back().node.type == Raw::Type::list) {
      open_.back().node.items.push_back(std::move(value));
    } else {
      put_member(std::move(value));
    }
  }
  void put_member(Raw value) {
    Frame& frame = open_.back();
    const Where key_where = frame.key->where;
    const auto [first, added] = frame.lines.emplace(frame.key->text, key_where.line);
    if (added) {
      if (value.type == Raw::Type::null) value.where = key_where;  // the mark is one line further
      value.key = frame.key->text;
      value.key_where = key_where;
      frame.node.items.push_back(std::move(value));
    } else {
      result_.errors.push_back(key_where.error(
          path(), fmt::format("given twice, first on line {}; allowed: once", first->second)));
    }
    frame.key.reset();
  }

  std::shared_ptr<const Source> source_;
  std::vector<Frame> open_;
  std::optional<YAML::Mark> last_quoted_;  // where the last scalar begins, if in quotes
  Parsed result_;
};

// Whether the quoted scalar at `mark` lacks its end: yaml-cpp takes it to reach to the end of the
// text, so that a file cut off there would pass. What is not in quotes after all has an end.
bool is_cut_off(std::string_view text, const YAML::Mark& mark) {
  std::size_t at = 0;
  for (int line = 0; line < mark.line; ++line) at = text.find('\n', at) + 1;
  const auto continues = [&] { return at < text.size() && (text[at] & 0xc0) == 0x80; };
  for (int column = 0; column < mark.column; ++column)  // columns count characters of UTF-8
    do ++at;
    while (continues());
  const char quote = at < text.size() ? text[at] : 0;
  if (quote != '\'' && quote != '"') return false;
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      const bool doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == quote;
      if (!doubled) return false;
      ++at;
    }
  }
  return true;
}

// yaml-cpp's messages speak of the grammar and are kept; its "line, column" prefix is ours.
[[noreturn]] void rethrow(const YAML::Exception& error, std::shared_ptr<const Source> source) {
  const auto line = static_cast<std::uint64_t>(error.mark.line < 0 ? 0 : error.mark.line + 1);
  throw UserErrors(Where{std::move(source), line}.error("", "not valid YAML: " + error.msg));
}

}  // namespace

Parsed parse_text(std::string_view text, std::shared_ptr<const Source> source) {
  if (text.size() > max_bytes)
    throw UserErrors(Where{source, 0}.error(
        "", fmt::format("{} bytes long; allowed: {} bytes", text.size(), max_bytes)));
  Builder builder(source);
  bool again = false;
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    if (parser.HandleNextDocument(builder)) {
      Builder second(source);
      again = parser.HandleNextDocument(second);
    }
  } catch (const YAML::Exception& error) {
    rethrow(error, source);
  }
  if (again) throw UserErrors(Where{source, 0}.error("", "more than one document; allowed: one"));
  if (const auto& mark = builder.last_quoted(); mark && is_cut_off(text, *mark))
    throw UserErrors(Where{source, static_cast<std::uint64_t>(mark->line + 1)}.error(
        "", "not valid YAML: a quote is not closed"));
  Parsed parsed = builder.take();
  if (parsed.root.type == Raw::Type::null) parsed.root.type = Raw::Type::map;
  if (parsed.root.type == Raw::Type::map) parsed.root.where = {source, 0};
  return parsed;
}

Parsed parse_file(const std::filesystem::path& file, std::string label) {
  auto source = std::make_shared<Source>(Source{std::move(label), file.parent_path(), true});
  const auto refuse = [&](const std::string& why) {
    throw UserErrors(Where{source, 0}.error("", why));
  };
  std::error_code error;
  if (!std::filesystem::exists(file, error)) refuse("no such file");
  if (!std::filesystem::is_regular_file(file, error)) refuse("not a regular file");
  if (std::filesystem::file_size(file, error) > max_bytes)
    refuse(fmt::format("larger than the {} bytes allowed", max_bytes));
  std::ifstream in(file, std::ios::binary);
  if (!in) refuse(fmt::format("cannot be opened: {}", std::strerror(errno)));
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad() || text.fail()) refuse("cannot be read");
  return parse_text(text.str(), source);
}

}  // namespace nestwalk::config
