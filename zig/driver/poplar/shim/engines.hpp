// Loading, running and ending engines.
#pragma once

#include "devices.hpp"

#include <cmath>
#include <cstdlib>

namespace shim {

// Engine option target.hostSyncTimeout, in seconds; Poplar's default is 300. What cannot be read is Poplar's to refuse.
inline Clock::duration timeoutOf(const mrp_option *options, std::size_t count) {
  double seconds = 300;
  for (std::size_t index = 0; index < count; ++index)
    if (std::string("target.hostSyncTimeout") == options[index].name) seconds = std::strtod(options[index].value, nullptr);
  if (!(seconds > 0) || seconds > 3e8) return Clock::duration::zero();
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

inline int32_t load(mrp_engine &engine, mrp_device &device) {
  {
    const std::lock_guard<std::mutex> held(globalLock());
    if (engine.busy) return inUse();
    if (!device.attached) return fail(MRP_NOT_ATTACHED, "device " + std::to_string(device.id) + " is not attached.");
    if (device.engine != &engine && !clear(device)) return inUse();
    engine.leave();
    engine.busy = true;
  }
  engine.calls.settle();
  // What is none of the device's failures is the executable's: it is not for this device.
  const int32_t status = guarded(MRP_INVALID_EXECUTABLE, [&] { engine.engine.load(device.device); });
  const std::lock_guard<std::mutex> held(globalLock());
  engine.busy = false;
  runEnded().notify_all();
  if (status != MRP_OK) return status;
  engine.calls.proceed();
  engine.device = &device;
  device.engine = &engine;
  return MRP_OK;
}

inline int32_t ended(mrp_engine &engine, int32_t status) {
  const Ending why = engine.calls.ending();
  if (status != MRP_OK || why != Ending::No)
    for (const auto &one : engine.connected) StreamCallback::invalidate(*one.second);
  // Whatever Poplar made of it.
  if (why == Ending::Stopped) return fail(MRP_STOPPED, "the run was stopped.");
  if (why == Ending::Late)
    return fail(MRP_HOST_SYNC_TIMEOUT, "the host took longer than target.hostSyncTimeout for stream " + engine.calls.lateStream() + ".");
  return status;
}

inline int32_t run(mrp_engine &engine, uint32_t program) {
  {
    const std::lock_guard<std::mutex> held(globalLock());
    if (engine.busy) return inUse();
    if (engine.device == nullptr) return fail(MRP_STOPPED, "the engine is not loaded.");
    if (engine.calls.ending() != Ending::No) return fail(MRP_STOPPED, "the engine was stopped, and was not loaded since.");
    engine.busy = engine.in_program = true;
  }
  const int32_t status = ended(engine, guarded(MRP_UNKNOWN_ERROR, [&] { engine.engine.run(program); }));
  const std::lock_guard<std::mutex> held(globalLock());
  engine.busy = engine.in_program = false;
  runEnded().notify_all();
  return status;
}

// Any thread, also one inside a callback.
inline int32_t stopRun(mrp_engine &engine) {
  if (!engine.calls.end(Ending::Stopped)) return MRP_OK;
  {
    const std::lock_guard<std::mutex> held(globalLock());
    if (!engine.in_program) return MRP_OK;
  }
  return guarded(MRP_UNKNOWN_ERROR, [&] { stop(engine.engine); });
}

// A run under way is ended first.
inline void awaitEnd(mrp_engine &engine) {
  stopRun(engine);
  std::unique_lock<std::mutex> held(globalLock());
  runEnded().wait(held, [&] { return !engine.busy; });
}

inline bool isLoaded(const mrp_engine &engine) {
  const std::lock_guard<std::mutex> held(globalLock());
  return engine.device != nullptr;
}

} // namespace shim
