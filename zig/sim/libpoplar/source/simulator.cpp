#include "simulator.hpp"
#include <dlfcn.h>
#include <poplar/exceptions.hpp>

namespace look_alike {

// Its place is known from this library's own.
static void *open() {
  Dl_info here;
  if (dladdr(reinterpret_cast<void *>(&open), &here) == 0) throw poplar::poplar_error("the look-alike does not know where it is");
  const std::string path = here.dli_fname;
  const std::string simulator = path.substr(0, path.rfind('/') + 1) + LOOK_ALIKE_SIMULATOR;
  void *library = dlopen(simulator.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw poplar::poplar_error(dlerror());
  return library;
}

void *find(const char *function) {
  static void *const library = open();
  void *found = dlsym(library, function);
  if (found == nullptr) throw poplar::poplar_error(std::string("the simulator has no function ") + function);
  return found;
}

static poplar::RecoveryAction actionOf(int32_t action) {
  switch (action) {
  case MRP_LINK_RESET: return poplar::RecoveryAction::LINK_RESET;
  case MRP_PARTITION_RESET: return poplar::RecoveryAction::PARTITION_RESET;
  case MRP_FULL_RESET: return poplar::RecoveryAction::FULL_RESET;
  default: return poplar::RecoveryAction::IPU_RESET;
  }
}

void check(int32_t status) {
  if (status == MRP_OK) return;
  mrp_error error;
  SIMULATOR(mrp_last_error)(&error);
  const std::string text = error.status == status ? error.message : "";
  switch (status) {
  case MRP_APPLICATION_ERROR: throw poplar::application_runtime_error(text);
  case MRP_RECOVERABLE_ERROR: throw poplar::recoverable_runtime_error(actionOf(error.recovery_action), text);
  case MRP_UNRECOVERABLE_ERROR: throw poplar::unrecoverable_runtime_error(text);
  case MRP_UNKNOWN_ERROR: throw poplar::unknown_runtime_error(text);
  case MRP_STREAM_ERROR: throw poplar::stream_connection_error(text);
  case MRP_INVALID_OPTION: throw poplar::invalid_option(text);
  case MRP_OUT_OF_MEMORY: throw poplar::graph_memory_allocation_error(text);
  case MRP_PACKAGE_HASH: throw poplar::poplar_error("package hash: " + text);
  case MRP_STOPPED:
  case MRP_HOST_SYNC_TIMEOUT:
  case MRP_ENGINE_MISSING: throw poplar::runtime_error(text);
  default: throw poplar::poplar_error(text);
  }
}

} // namespace look_alike
