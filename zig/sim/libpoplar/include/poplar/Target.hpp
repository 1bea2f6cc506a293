#pragma once
#include <poplar/StringRef.hpp>
#include <poplar/TargetType.hpp>

namespace poplar {

class Target {
public:
  Target() = default;
  Target(TargetType type, std::string arch, unsigned ipus, unsigned tiles) : type_(type), arch_(std::move(arch)), ipus_(ipus), tiles_(tiles) {}

  TargetType getTargetType() const { return type_; }
  StringRef getTargetArchString() const { return arch_; }
  unsigned getNumIPUs() const { return ipus_; }
  unsigned getTilesPerIPU() const { return tiles_; }
  unsigned getNumTiles() const { return ipus_ * tiles_; }

private:
  TargetType type_ = TargetType::CPU;
  std::string arch_;
  unsigned ipus_ = 0;
  unsigned tiles_ = 0;
};

} // namespace poplar
