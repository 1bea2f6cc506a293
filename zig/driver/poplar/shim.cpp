// shim.h over the Poplar SDK: `bun run build:poplar` compiles this one file against the SDK's public headers, of version
// 2 or 3, with the compiler whose C++ library the SDK uses.
#include "shim/engines.hpp"

using namespace shim;

namespace {

// Gives a new object to the caller; nothing when it failed.
template <class Object, class Make> int32_t give(Object **out, int32_t otherwise, Make &&make) {
  *out = nullptr;
  return guarded(otherwise, [&] { *out = make().release(); });
}

} // namespace

extern "C" {

int32_t mrp_abi_version(void) { return MRP_ABI_VERSION; }

void mrp_last_error(mrp_error *error) { *error = last_failure; }

const char *mrp_package_hash(void) {
  static const std::string hash = textOf(poplar::packageHash());
  return hash.c_str();
}

const char *mrp_version(void) {
  static const std::string version = "Poplar " + textOf(poplar::versionString());
  return version.c_str();
}

int32_t mrp_device_count(uint32_t *count) {
  *count = 0;
  return guarded(MRP_UNKNOWN_ERROR, [&] { *count = static_cast<uint32_t>(manager().getNumDevices()); });
}

int32_t mrp_device_describe(uint32_t id, mrp_device_info *info) {
  return guarded(MRP_INVALID_ARGUMENT, [&] {
    const poplar::Device device = manager().getDevice(id);
    describe(device, id, false, childCount(device, id), info);
  });
}

int32_t mrp_device_children(uint32_t id, uint32_t *ids, uint32_t ids_max) {
  return guarded(MRP_INVALID_ARGUMENT, [&] {
    const std::vector<unsigned> children = childrenOf(manager().getDevice(id), id);
    std::copy_n(children.begin(), std::min<std::size_t>(children.size(), ids_max), ids);
  });
}

int32_t mrp_device_holder(uint32_t id, int32_t *process) {
  return guarded(MRP_INVALID_ARGUMENT, [&] {
    const std::vector<unsigned> ipus = ipusOf(manager().getDevice(id));
    const std::lock_guard<std::mutex> held(globalLock());
    *process = ownOf(ipus) ? getpid() : -1;
  });
}

int32_t mrp_device_open(uint32_t id, const mrp_option *options, size_t option_count, mrp_device **device) {
  return give(device, MRP_INVALID_ARGUMENT, [&] {
    poplar::Device made = manager().getDevice(id, optionsOf(options, option_count));
    const uint32_t children = childCount(made, id);
    return std::make_unique<mrp_device>(std::move(made), id, children);
  });
}

int32_t mrp_device_create_model(int32_t ipu_version, uint32_t num_ipus, uint32_t tiles_per_ipu, const mrp_option *options,
                                size_t option_count, mrp_device **device) {
  return give(device, MRP_INVALID_OPTION, [&] {
    poplar::IPUModel model(("ipu" + std::to_string(ipu_version)).c_str());
    model.numIPUs = num_ipus;
    if (tiles_per_ipu > 0) model.tilesPerIPU = tiles_per_ipu;
    auto made = std::make_unique<mrp_device>(model.createDevice(optionsOf(options, option_count)), 0, 0);
    if (!attach(*made)) throw std::runtime_error("a model of IPUs cannot be attached to");
    return made;
  });
}

int32_t mrp_device_info_of(const mrp_device *device, mrp_device_info *info) {
  return guarded(MRP_UNKNOWN_ERROR, [&] { describe(device->device, device->id, device->attached, device->children, info); });
}

int32_t mrp_device_attach(mrp_device *device, uint32_t *attached) {
  *attached = 0;
  return guarded(MRP_UNKNOWN_ERROR, [&] { *attached = attach(*device); });
}

int32_t mrp_device_detach(mrp_device *device) {
  return guarded(MRP_UNKNOWN_ERROR, [&] {
    const std::lock_guard<std::mutex> held(globalLock());
    if (!clear(*device)) return inUse();
    if (!device->attached || device->isModel()) return int32_t{MRP_OK};
    device->device.detach();
    forget(*device);
    return int32_t{MRP_OK};
  });
}

int32_t mrp_device_reset(mrp_device *device) {
  return guarded(MRP_UNKNOWN_ERROR, [&] {
    {
      const std::lock_guard<std::mutex> held(globalLock());
      if (!clear(*device)) return inUse();
    }
    device->device.reset();
    return int32_t{MRP_OK};
  });
}

void mrp_device_close(mrp_device *device) {
  mrp_engine *engine = nullptr;
  {
    const std::lock_guard<std::mutex> held(globalLock());
    engine = device->engine;
  }
  if (engine != nullptr) awaitEnd(*engine);
  guarded(MRP_UNKNOWN_ERROR, [&] {
    const std::lock_guard<std::mutex> held(globalLock());
    clear(*device);
    const bool attached = device->attached && !device->isModel();
    forget(*device);
    if (attached) device->device.detach();
  });
  delete device;
}

int32_t mrp_executable_open(const void *bytes, size_t size, int32_t check_package_hash, mrp_executable **executable) {
  return give(executable, MRP_INVALID_EXECUTABLE, [&] {
    auto made = std::make_unique<mrp_executable>(mrp_executable{bytes, size, check_package_hash != 0, std::nullopt});
    made->ready.emplace(made->read());
    return made;
  });
}

void mrp_executable_close(mrp_executable *executable) { delete executable; }

int32_t mrp_engine_create(mrp_executable *executable, const mrp_option *options, size_t option_count, mrp_engine **engine) {
  return give(engine, MRP_INVALID_EXECUTABLE, [&] {
    return std::make_unique<mrp_engine>(executable->take(), optionsOf(options, option_count), timeoutOf(options, option_count));
  });
}

int32_t mrp_engine_load(mrp_engine *engine, mrp_device *device) { return load(*engine, *device); }

int32_t mrp_engine_run(mrp_engine *engine, uint32_t program) { return run(*engine, program); }

int32_t mrp_engine_stop(mrp_engine *engine) { return stopRun(*engine); }

void mrp_engine_close(mrp_engine *engine) {
  awaitEnd(*engine);
  {
    const std::lock_guard<std::mutex> held(globalLock());
    engine->leave();
  }
  delete engine;
}

int32_t mrp_engine_stream_count(const mrp_engine *engine, uint32_t *count) {
  *count = static_cast<uint32_t>(engine->streams.size());
  return MRP_OK;
}

int32_t mrp_engine_stream(const mrp_engine *engine, uint32_t index, mrp_stream_info *info) {
  if (index >= engine->streams.size())
    return fail(MRP_INVALID_ARGUMENT, "there is no stream " + std::to_string(index) + "; the executable has " + std::to_string(engine->streams.size()) + ".");
  const Stream &stream = engine->streams[index];
  *info = {stream.handle.c_str(), MRP_UNKNOWN_SIZE, stream.to_device, 0};
  return MRP_OK;
}

int32_t mrp_engine_connect_memory(mrp_engine *engine, const char *handle, uint32_t replica, void *begin, void *end) {
  if (begin > end) return fail(MRP_INVALID_ARGUMENT, std::string("stream ") + handle + " cannot be connected to memory that ends before it begins.");
  if (replica > 0) return fail(MRP_INVALID_ARGUMENT, std::string("stream ") + handle + " cannot be connected to memory for one replica alone.");
  return guarded(MRP_STREAM_ERROR, [&] {
    engine->engine.connectStream(std::string(handle), begin, end);
    engine->connected.erase({handle, replica});
  });
}

int32_t mrp_engine_connect_callbacks(mrp_engine *engine, const char *handle, uint32_t replica, const mrp_callbacks *callbacks,
                                     void *context) {
  return guarded(MRP_STREAM_ERROR, [&] {
    auto stream = std::make_shared<HostStream>(HostStream{*callbacks, context, handle});
    engine->engine.connectStreamToCallback(std::string(handle), replica, std::make_unique<StreamCallback>(engine->calls, stream));
    engine->connected[{handle, replica}] = std::move(stream);
    if (callbacks->interrupt != nullptr) engine->calls.watch();
  });
}

int32_t mrp_engine_copy_to_remote(mrp_engine *engine, const void *data, const char *handle, uint32_t repeat, uint32_t replica) {
  if (!isLoaded(*engine)) return fail(MRP_STOPPED, "the engine is not loaded.");
  // Poplar only reads it.
  return guarded(MRP_INVALID_ARGUMENT, [&] { engine->engine.copyToRemoteBuffer(const_cast<void *>(data), std::string(handle), repeat, replica); });
}

int32_t mrp_engine_copy_from_remote(mrp_engine *engine, const char *handle, void *data, uint32_t repeat, uint32_t replica) {
  if (!isLoaded(*engine)) return fail(MRP_STOPPED, "the engine is not loaded.");
  return guarded(MRP_INVALID_ARGUMENT, [&] { engine->engine.copyFromRemoteBuffer(std::string(handle), data, repeat, replica); });
}

} // extern "C"
