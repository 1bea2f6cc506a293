// The simulator's functions, which this library calls as Millrace would, and what their failures are among Poplar's
// exceptions. They are looked up in the simulator's own library: the shim exports the same names.
#pragma once
#include "../../../driver/poplar/shim.h"
#include "../../poplar/control.h"
#include <poplar/OptionFlags.hpp>
#include <vector>

namespace look_alike {

void *find(const char *function);

// @throws what a Poplar call would
void check(int32_t status);

// Options as the simulator takes them; they live as long as `flags`.
inline std::vector<mrp_option> listOf(const poplar::OptionFlags &flags) {
  std::vector<mrp_option> list;
  for (const auto &flag : flags) list.push_back({flag.first.c_str(), flag.second.c_str()});
  return list;
}

} // namespace look_alike

#define SIMULATOR(function)                                                                                                     \
  ([] {                                                                                                                        \
    static const auto found = reinterpret_cast<decltype(&function)>(look_alike::find(#function));                             \
    return found;                                                                                                              \
  }())
