#pragma once
#include <istream>
#include <memory>

namespace poplar {

namespace core {
class Executable;
}

class Executable {
public:
  explicit Executable(std::unique_ptr<core::Executable> made);
  Executable(Executable &&) noexcept;
  Executable &operator=(Executable &&) noexcept;
  ~Executable();

  // Always checks the package hash.
  static Executable deserialize(std::istream &in);

  const core::Executable &getImplementation() const { return *implementation_; }

private:
  std::unique_ptr<core::Executable> implementation_;
};

} // namespace poplar
