// Devices of the system, and who has them.
#pragma once

#include "objects.hpp"

namespace shim {

// One for the process, which is never let go of: finding IPUs takes time.
inline poplar::DeviceManager &manager() {
  static auto *const made = new poplar::DeviceManager(poplar::DeviceManager::createDeviceManager());
  return *made;
}

inline void describe(const poplar::Device &device, uint32_t id, bool attached, uint32_t children, mrp_device_info *info) {
  const poplar::Target &target = device.getTarget();
  const poplar::TargetType type = target.getTargetType();
  info->id = id;
  info->target = type == poplar::TargetType::IPU ? MRP_TARGET_IPU : type == poplar::TargetType::IPU_MODEL ? MRP_TARGET_IPU_MODEL : MRP_TARGET_CPU;
  info->ipu_version = type == poplar::TargetType::CPU ? 0 : architectureOf(textOf(target.getTargetArchString()));
  info->num_ipus = target.getNumIPUs();
  info->tiles_per_ipu = target.getTilesPerIPU();
  info->remote_buffers = type == poplar::TargetType::IPU && device.supportsRemoteBuffers();
  info->attached = attached;
  info->children = children;
}

inline std::vector<unsigned> childrenOf(const poplar::Device &device, uint32_t id) { return childrenOf(manager(), id, device.getTarget().getNumIPUs()); }

inline uint32_t childCount(const poplar::Device &device, uint32_t id) { return static_cast<uint32_t>(childrenOf(device, id).size()); }

// The driver's numbers of its IPUs; none where it does not tell.
inline std::vector<unsigned> ipusOf(const poplar::Device &device) noexcept {
  try {
    return device.getDriverIDs();
  } catch (...) {
    return {};
  }
}

// With the global lock held: an IPU of `ipus` that this process has.
inline std::optional<unsigned> ownOf(const std::vector<unsigned> &ipus) {
  for (const unsigned ipu : ipus)
    if (ownIpus().count(ipu) != 0) return ipu;
  return std::nullopt;
}

inline std::string list(const std::vector<unsigned> &ipus) {
  std::string text;
  for (const unsigned ipu : ipus) text += (text.empty() ? "" : ", ") + std::to_string(ipu);
  return text;
}

// Poplar does not say who keeps a device away; of this process we know.
inline std::string refusal(const mrp_device &device) {
  const std::vector<unsigned> ipus = ipusOf(device.device);
  const std::lock_guard<std::mutex> held(globalLock());
  if (const auto own = ownOf(ipus)) return "IPU " + std::to_string(*own) + " is held by this process, " + std::to_string(getpid());
  if (ipus.empty()) return "device " + std::to_string(device.id) + " is held by another owner";
  if (ipus.size() == 1) return "IPU " + list(ipus) + " is held by another owner";
  return "one of the IPUs " + list(ipus) + " is held by another owner";
}

inline bool attach(mrp_device &device) {
  if (device.attached) return true;
  if (!device.device.attach()) {
    fail(MRP_NOT_ATTACHED, refusal(device));
    return false;
  }
  std::vector<unsigned> ipus = device.isModel() ? std::vector<unsigned>{} : ipusOf(device.device);
  const std::lock_guard<std::mutex> held(globalLock());
  for (const unsigned ipu : ipus) ++ownIpus()[ipu];
  device.ipus = std::move(ipus);
  device.attached = true;
  return true;
}

// With the global lock held.
inline void forget(mrp_device &device) {
  for (const unsigned ipu : device.ipus)
    if (--ownIpus()[ipu] == 0) ownIpus().erase(ipu);
  device.ipus.clear();
  device.attached = false;
}

// With the global lock held: what is loaded on the device is unloaded. False: it runs.
inline bool clear(mrp_device &device) {
  if (device.engine == nullptr) return true;
  if (device.engine->busy) return false;
  device.engine->leave();
  return true;
}

inline int32_t inUse() { return fail(MRP_INVALID_ARGUMENT, "the engine is in use by another thread."); }

} // namespace shim
