// Bytes in memory as a stream that can be sought, without a copy.
#pragma once

#include <istream>
#include <memory>
#include <streambuf>

namespace shim {

class MemoryBuffer : public std::streambuf {
public:
  MemoryBuffer(const void *bytes, std::size_t size) {
    // Only ever read from.
    char *first = const_cast<char *>(static_cast<const char *>(bytes));
    setg(first, first, first + size);
  }

protected:
  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode mode) override {
    const off_type base = from == std::ios_base::beg ? 0 : from == std::ios_base::cur ? gptr() - eback() : egptr() - eback();
    return seekpos(base + offset, mode);
  }

  pos_type seekpos(pos_type place, std::ios_base::openmode mode) override {
    const off_type at = place;
    if ((mode & std::ios_base::out) != 0 || at < 0 || at > egptr() - eback()) return pos_type(off_type(-1));
    setg(eback(), eback() + at, egptr());
    return place;
  }

  std::streamsize showmanyc() override { return egptr() == gptr() ? -1 : egptr() - gptr(); }
};

class MemoryStream final : private MemoryBuffer, public std::istream {
public:
  MemoryStream(const void *bytes, std::size_t size) : MemoryBuffer(bytes, size), std::istream(static_cast<MemoryBuffer *>(this)) {}
};

inline std::unique_ptr<std::istream> streamOf(const void *bytes, std::size_t size) { return std::make_unique<MemoryStream>(bytes, size); }

} // namespace shim
