#include "callback_thread.hpp"
#include "device.hpp"
#include "executable.hpp"
#include <map>
#include <new>
#include <optional>
#include <poplar/Engine.hpp>

using look_alike::check;

namespace poplar {

StreamCallbackHandle::StreamCallbackHandle(StreamCallbackHandle &&) noexcept = default;
StreamCallbackHandle::~StreamCallbackHandle() = default;
std::unique_ptr<StreamCallback> StreamCallbackHandle::extract() { return std::move(callback_); }

namespace core {

// What the simulator calls for one stream of one replica.
struct Connected {
  std::unique_ptr<StreamCallback> callback;
  look_alike::CallbackThread *thread;

  template <class Work> void call(Work &&work) {
    if (thread == nullptr) work();
    else thread->call(work);
  }

  static Connected &of(void *context) { return *static_cast<Connected *>(context); }

  static int32_t prefetch(void *context, void *buffer) {
    auto result = StreamCallback::Result::NotAvailable;
    of(context).call([&] { result = of(context).callback->prefetch(buffer); });
    return result == StreamCallback::Result::Success ? 0 : 1;
  }
  static void fetch(void *context, void *buffer) {
    of(context).call([&] { of(context).callback->fetch(buffer); });
  }
  static void complete(void *context) {
    of(context).call([&] { of(context).callback->complete(); });
  }
  static void invalidate(void *context) {
    of(context).call([&] { of(context).callback->invalidatePrefetched(); });
  }
};

// Poplar waits for callbacks and cannot end them.
constexpr mrp_callbacks calls{Connected::prefetch, Connected::fetch, Connected::complete, Connected::invalidate, nullptr};

class Engine {
public:
  Engine(poplar::Executable taken, const OptionFlags &options) : executable(std::move(taken)) {
    OptionFlags known;
    for (const auto &[name, value] : options) {
      // What no version of Poplar is meant to throw.
      if (name == "lookAlike.throw" && value == "bad_alloc") throw std::bad_alloc();
      if (name == "lookAlike.throw" && value == "logic_error") throw std::logic_error("a logic error");
      if (name == "lookAlike.throw") throw 42;
      known.set(name, value);
      if (name == "streamCallbacks.multiThreadMode" && value != "singleThread") thread.emplace();
    }
    const auto list = look_alike::listOf(known);
    check(SIMULATOR(mrp_engine_create)(executable.getImplementation().raw, list.data(), list.size(), &raw));
  }
  ~Engine() {
    if (raw != nullptr) SIMULATOR(mrp_engine_close)(raw);
  }

  poplar::Executable executable;
  std::optional<look_alike::CallbackThread> thread;
  mrp_engine *raw = nullptr;
  std::map<std::pair<std::string, unsigned>, std::unique_ptr<Connected>> connected;
};

} // namespace core

#if MILLRACE_LOOK_ALIKE >= 3
using RepeatIndex = uint64_t;
Engine::Engine(const Executable &executable, const OptionFlags &options) : implementation_(std::make_unique<core::Engine>(executable, options)) {}
#else
using RepeatIndex = int;
Engine::Engine(Executable &&executable, const OptionFlags &options) : implementation_(std::make_unique<core::Engine>(std::move(executable), options)) {}
#endif
Engine::~Engine() = default;

void Engine::load(const Device &device) { check(SIMULATOR(mrp_engine_load)(implementation_->raw, device.getImplementation().raw)); }
void Engine::run(unsigned program, const std::string &) { check(SIMULATOR(mrp_engine_run)(implementation_->raw, program)); }
#if MILLRACE_LOOK_ALIKE >= 3
void Engine::stop() { check(SIMULATOR(mrp_engine_stop)(implementation_->raw)); }
#endif

std::vector<std::string> Engine::listStreams() const {
  uint32_t count = 0;
  check(SIMULATOR(mrp_engine_stream_count)(implementation_->raw, &count));
  std::vector<std::string> names;
  for (uint32_t index = 0; index < count; ++index) {
    mrp_stream_info info;
    check(SIMULATOR(mrp_engine_stream)(implementation_->raw, index, &info));
    names.push_back(std::string(info.handle) + (info.to_device != 0 ? '+' : '-'));
  }
  return names;
}

void Engine::connectStream(StringRef handle, void *begin, void *end) {
  const std::string name = handle;
  check(SIMULATOR(mrp_engine_connect_memory)(implementation_->raw, name.c_str(), 0, begin, end));
  implementation_->connected.erase({name, 0});
}

void Engine::connectStreamToCallback(StringRef handle, unsigned index, StreamCallbackHandle callback) {
  const std::string name = handle;
  auto &thread = implementation_->thread;
  auto made = std::make_unique<core::Connected>(core::Connected{callback.extract(), thread ? &*thread : nullptr});
  check(SIMULATOR(mrp_engine_connect_callbacks)(implementation_->raw, name.c_str(), index, &core::calls, made.get()));
  implementation_->connected[{name, index}] = std::move(made);
}

void Engine::copyToRemoteBuffer(void *from, StringRef handle, RepeatIndex repeatIndex, unsigned replica) {
  const std::string name = handle;
  check(SIMULATOR(mrp_engine_copy_to_remote)(implementation_->raw, from, name.c_str(), static_cast<uint32_t>(repeatIndex), replica));
}

void Engine::copyFromRemoteBuffer(StringRef handle, void *to, RepeatIndex repeatIndex, unsigned replica) {
  const std::string name = handle;
  check(SIMULATOR(mrp_engine_copy_from_remote)(implementation_->raw, name.c_str(), to, static_cast<uint32_t>(repeatIndex), replica));
}

} // namespace poplar
