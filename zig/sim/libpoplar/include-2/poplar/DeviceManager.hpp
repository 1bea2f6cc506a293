#pragma once
#include <poplar/Device.hpp>

namespace poplar {

class DeviceManager {
public:
  static DeviceManager createDeviceManager();
  virtual ~DeviceManager();

  std::size_t getNumDevices() const;
  Device getDevice(unsigned id, const OptionFlags &options = {}) const;
  // All of them.
  std::vector<unsigned> getChildDeviceIds(unsigned parent) const;
};

} // namespace poplar
