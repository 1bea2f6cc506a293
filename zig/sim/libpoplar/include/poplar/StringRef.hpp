#pragma once
#include <cstddef>
#include <cstring>
#include <string>

namespace poplar {

// Text that somebody else owns.
class StringRef {
public:
  StringRef() = default;
  StringRef(const char *text) : data_(text), size_(std::strlen(text)) {}
  StringRef(const char *text, std::size_t size) : data_(text), size_(size) {}
  StringRef(const std::string &text) : data_(text.data()), size_(text.size()) {}

  const char *data() const { return data_; }
  std::size_t size() const { return size_; }
  operator std::string() const { return std::string(data_, size_); }

private:
  const char *data_ = "";
  std::size_t size_ = 0;
};

} // namespace poplar
