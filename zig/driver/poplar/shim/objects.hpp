// What stands behind the pointers of shim.h, and which engine is loaded where.
#pragma once

#include "failure.hpp"
#include "host_calls.hpp"
#include "memory_stream.hpp"
#include "sdk.hpp"
#include "stream_callback.hpp"

#include <map>
#include <optional>
#include <unistd.h>

namespace shim {

// Of everything below that more than one thread uses: what is loaded where, what runs, which IPUs are this process's.
inline std::mutex &globalLock() {
  static std::mutex lock;
  return lock;
}

inline std::condition_variable &runEnded() {
  static std::condition_variable ended;
  return ended;
}

// IPUs that devices of this process are attached to, by the driver's numbers.
inline std::map<unsigned, unsigned> &ownIpus() {
  static std::map<unsigned, unsigned> ipus;
  return ipus;
}

// A stream of the executable, as listed: the last character of its name says who writes it.
struct Stream {
  std::string handle;
  bool to_device;
};

inline std::vector<Stream> streamsOf(const poplar::Engine &engine) {
  std::vector<Stream> streams;
  for (std::string name : engine.listStreams()) {
    if (name.empty()) continue;
    const bool to_device = name.back() == '+';
    if (to_device || name.back() == '-') name.pop_back();
    // Each once, also where every replica's is listed.
    const bool known = std::any_of(streams.begin(), streams.end(), [&](const Stream &one) { return one.handle == name; });
    if (!known) streams.push_back({std::move(name), to_device});
  }
  return streams;
}

} // namespace shim

struct mrp_executable {
  const void *bytes;
  std::size_t size;
  bool check_hash;
  // An engine of an early SDK takes its executable over; the next one gets another of the same bytes.
  std::optional<poplar::Executable> ready;

  poplar::Executable take() { return ready ? shim::takenFrom(ready) : read(); }

  poplar::Executable read() const { return shim::deserialize<poplar::Executable>(shim::streamOf(bytes, size), check_hash); }
};

struct mrp_engine;

struct mrp_device {
  poplar::Device device;
  uint32_t id;
  // Devices that are parts of it.
  uint32_t children;
  bool attached = false;
  // Of the IPUs that were attached to; a model has none.
  std::vector<unsigned> ipus;
  mrp_engine *engine = nullptr;

  mrp_device(poplar::Device made, uint32_t number, uint32_t parts) : device(std::move(made)), id(number), children(parts) {}

  bool isModel() const { return device.getTarget().getTargetType() != poplar::TargetType::IPU; }
};

struct mrp_engine {
  shim::HostCalls calls;
  poplar::Engine engine;
  std::vector<shim::Stream> streams;
  std::map<std::pair<std::string, uint32_t>, std::shared_ptr<shim::HostStream>> connected;
  mrp_device *device = nullptr;
  // A thread loads it or runs a program of it.
  bool busy = false;
  bool in_program = false;

  mrp_engine(poplar::Executable executable, const poplar::OptionFlags &options, shim::Clock::duration timeout)
      : calls(timeout, [this] { shim::guarded(MRP_UNKNOWN_ERROR, [this] { shim::stop(engine); }); }), engine(std::move(executable), options),
        streams(shim::streamsOf(engine)) {}

  // The watching thread first: it may be on its way to stop the engine.
  ~mrp_engine() { calls.close(); }

  // With the global lock held. What is on the device is no longer this engine's.
  void leave() {
    if (device != nullptr) device->engine = nullptr;
    device = nullptr;
  }
};
