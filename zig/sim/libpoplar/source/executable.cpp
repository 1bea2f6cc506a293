#include "executable.hpp"
#include <iterator>

namespace poplar {

static std::vector<char> readAll(std::istream &in) {
  // As Poplar does with a stream that can be sought: the size first.
  const std::istream::pos_type from = in.tellg();
  in.seekg(0, std::ios_base::end);
  const std::streamoff size = in.tellg() - from;
  in.seekg(from);
  std::vector<char> bytes(static_cast<std::size_t>(size));
  in.read(bytes.data(), size);
  return bytes;
}

#if MILLRACE_LOOK_ALIKE >= 3
Executable::Executable(std::shared_ptr<const core::Executable> made) : implementation_(std::move(made)) {}
Executable::Executable(const Executable &) = default;
Executable &Executable::operator=(const Executable &) = default;
Executable Executable::deserialize(std::istream &in, bool check_hash) { return Executable(std::make_shared<const core::Executable>(readAll(in), check_hash)); }
Executable Executable::deserialize(std::unique_ptr<std::istream> in, bool check_hash) { return deserialize(*in, check_hash); }
#else
Executable::Executable(std::unique_ptr<core::Executable> made) : implementation_(std::move(made)) {}
Executable Executable::deserialize(std::istream &in) { return Executable(std::make_unique<core::Executable>(readAll(in), true)); }
#endif

Executable::Executable(Executable &&) noexcept = default;
Executable &Executable::operator=(Executable &&) noexcept = default;
Executable::~Executable() = default;

} // namespace poplar
