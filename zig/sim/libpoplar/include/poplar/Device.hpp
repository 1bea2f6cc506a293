#pragma once
#include <memory>
#include <poplar/OptionFlags.hpp>
#include <poplar/Target.hpp>
#include <vector>

namespace poplar {

namespace core {
class Device;
}

class Device {
public:
  Device(Target target, std::unique_ptr<core::Device> made);
  Device(Device &&) noexcept;
  Device &operator=(Device &&) noexcept;
  virtual ~Device();

  unsigned getId() const;
  const Target &getTarget() const;
  bool attach() const;
  void detach() const;
  bool isAttached() const;
  void reset() const;
  bool supportsRemoteBuffers() const;
  std::vector<unsigned> getDriverIDs() const;

  core::Device &getImplementation() const { return *implementation_; }

private:
  Target target_;
  std::unique_ptr<core::Device> implementation_;
};

} // namespace poplar
