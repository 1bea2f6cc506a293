#pragma once
#include <limits>
#include <poplar/Device.hpp>

namespace poplar {

struct IPUModel {
  explicit IPUModel(const char *version = "ipu1");

  std::string IPUVersion;
  unsigned numIPUs = 1;
  unsigned tilesPerIPU;

  Device createDevice(OptionFlags options = {}, bool accurateHalf = false, unsigned id = std::numeric_limits<unsigned>::max());
};

} // namespace poplar
