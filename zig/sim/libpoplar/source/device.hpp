// Behind poplar::Device: a device of the simulator's.
#pragma once
#include "simulator.hpp"
#include <poplar/Device.hpp>

namespace poplar {

namespace core {

class Device {
public:
  explicit Device(mrp_device *made) : raw(made) {}
  ~Device() { SIMULATOR(mrp_device_close)(raw); }

  mrp_device_info info() const {
    mrp_device_info found;
    look_alike::check(SIMULATOR(mrp_device_info_of)(raw, &found));
    return found;
  }

  mrp_device *const raw;
};

} // namespace core

poplar::Device adopt(mrp_device *raw);

} // namespace poplar
