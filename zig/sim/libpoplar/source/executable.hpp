// Behind poplar::Executable: bytes, and what the simulator made of them.
#pragma once
#include "simulator.hpp"
#include <poplar/Executable.hpp>

namespace poplar::core {

class Executable {
public:
  Executable(std::vector<char> read, bool check_hash) : bytes(std::move(read)) {
    look_alike::check(SIMULATOR(mrp_executable_open)(bytes.data(), bytes.size(), check_hash, &raw));
  }
  ~Executable() {
    if (raw != nullptr) SIMULATOR(mrp_executable_close)(raw);
  }

  const std::vector<char> bytes;
  mrp_executable *raw = nullptr;
};

} // namespace poplar::core
