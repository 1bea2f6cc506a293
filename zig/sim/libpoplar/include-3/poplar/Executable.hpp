#pragma once
#include <istream>
#include <memory>

namespace poplar {

namespace core {
class Executable;
}

class Executable {
public:
  explicit Executable(std::shared_ptr<const core::Executable> made);
  // Copies share what they are made of.
  Executable(const Executable &);
  Executable(Executable &&) noexcept;
  Executable &operator=(const Executable &);
  Executable &operator=(Executable &&) noexcept;
  ~Executable();

  static Executable deserialize(std::istream &in, bool checkPackageHash = true);
  static Executable deserialize(std::unique_ptr<std::istream> in, bool checkPackageHash = true);

  const core::Executable &getImplementation() const { return *implementation_; }

private:
  std::shared_ptr<const core::Executable> implementation_;
};

} // namespace poplar
