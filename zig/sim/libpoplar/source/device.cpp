#include "device.hpp"
#include <poplar/DeviceManager.hpp>
#include <poplar/Graph.hpp>
#include <poplar/IPUModel.hpp>
#include <poplar/exceptions.hpp>

using look_alike::check;

namespace poplar {

Device::Device(Target target, std::unique_ptr<core::Device> made) : target_(std::move(target)), implementation_(std::move(made)) {}
Device::Device(Device &&) noexcept = default;
Device &Device::operator=(Device &&) noexcept = default;
Device::~Device() = default;

const Target &Device::getTarget() const { return target_; }
unsigned Device::getId() const { return implementation_->info().id; }
bool Device::isAttached() const { return implementation_->info().attached != 0; }
bool Device::supportsRemoteBuffers() const { return implementation_->info().remote_buffers != 0; }

// Poplar does not say why not.
bool Device::attach() const {
  uint32_t attached = 0;
  check(SIMULATOR(mrp_device_attach)(implementation_->raw, &attached));
  return attached != 0;
}

void Device::detach() const { check(SIMULATOR(mrp_device_detach)(implementation_->raw)); }
void Device::reset() const { check(SIMULATOR(mrp_device_reset)(implementation_->raw)); }

// Parts of a device, of so many IPUs; 0: of any number.
static std::vector<unsigned> childrenOf(unsigned parent, unsigned ipus) {
  mrp_device_info info;
  check(SIMULATOR(mrp_device_describe)(parent, &info));
  std::vector<unsigned> all(info.children);
  check(SIMULATOR(mrp_device_children)(parent, all.data(), info.children));
  std::vector<unsigned> children;
  for (const unsigned id : all) {
    check(SIMULATOR(mrp_device_describe)(id, &info));
    if (ipus == 0 || info.num_ipus == ipus) children.push_back(id);
  }
  return children;
}

// IPUs are the devices of one IPU.
std::vector<unsigned> Device::getDriverIDs() const {
  const mrp_device_info own = implementation_->info();
  if (own.num_ipus == 1) return {own.id};
  return childrenOf(own.id, 1);
}

Device adopt(mrp_device *raw) {
  auto made = std::make_unique<core::Device>(raw);
  const mrp_device_info info = made->info();
  const TargetType type = info.target == MRP_TARGET_IPU ? TargetType::IPU : info.target == MRP_TARGET_IPU_MODEL ? TargetType::IPU_MODEL : TargetType::CPU;
  const std::string arch = info.ipu_version < 0 ? "unheard-of" : "ipu" + std::to_string(info.ipu_version);
  return Device(Target(type, arch, info.num_ipus, info.tiles_per_ipu), std::move(made));
}

DeviceManager DeviceManager::createDeviceManager() { return {}; }
DeviceManager::~DeviceManager() = default;

std::size_t DeviceManager::getNumDevices() const {
  uint32_t count = 0;
  check(SIMULATOR(mrp_device_count)(&count));
  return count;
}

Device DeviceManager::getDevice(unsigned id, const OptionFlags &options) const {
  const auto list = look_alike::listOf(options);
  mrp_device *raw = nullptr;
  check(SIMULATOR(mrp_device_open)(id, list.data(), list.size(), &raw));
  return adopt(raw);
}

#if MILLRACE_LOOK_ALIKE >= 3
std::vector<unsigned> DeviceManager::getChildDeviceIds(unsigned parent, unsigned numChildIpus) const { return childrenOf(parent, numChildIpus); }
#else
std::vector<unsigned> DeviceManager::getChildDeviceIds(unsigned parent) const { return childrenOf(parent, 0); }
#endif

static int numberOf(const std::string &version) {
  if (version.compare(0, 3, "ipu") != 0) throw poplar_error("there is no architecture " + version);
  return std::stoi(version.substr(3));
}

IPUModel::IPUModel(const char *version) : IPUVersion(version), tilesPerIPU(IPUVersion == "ipu1" ? 1216 : 1472) {}

#if MILLRACE_LOOK_ALIKE >= 3
Device IPUModel::createDevice(OptionFlags options, bool, unsigned) const {
#else
Device IPUModel::createDevice(OptionFlags options, bool, unsigned) {
#endif
  const auto list = look_alike::listOf(options);
  mrp_device *raw = nullptr;
  check(SIMULATOR(mrp_device_create_model)(numberOf(IPUVersion), numIPUs, tilesPerIPU, list.data(), list.size(), &raw));
  return adopt(raw);
}

StringRef packageHash() { return SIMULATOR(mrp_package_hash)(); }
#if MILLRACE_LOOK_ALIKE >= 3
StringRef versionString() { return "3.3.0 (look-alike)"; }
#else
StringRef versionString() { return "2.6.0 (look-alike)"; }
#endif

} // namespace poplar
