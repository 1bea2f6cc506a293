#pragma once
#include <poplar/Device.hpp>

namespace poplar {

class DeviceManager {
public:
  static DeviceManager createDeviceManager();
  virtual ~DeviceManager();

  std::size_t getNumDevices() const;
  Device getDevice(unsigned id, const OptionFlags &options = {}) const;
  // Those of so many IPUs.
  std::vector<unsigned> getChildDeviceIds(unsigned parent, unsigned numChildIpus = 1) const;
};

} // namespace poplar
