#pragma once
#include <cstdint>
#include <poplar/Device.hpp>
#include <poplar/Executable.hpp>
#include <poplar/StreamCallback.hpp>

namespace poplar {

namespace core {
class Engine;
}

class Engine {
public:
  explicit Engine(const Executable &executable, const OptionFlags &options = {});
  ~Engine();

  void load(const Device &device);
  void run(unsigned program = 0, const std::string &debugName = "");
  void stop();
  std::vector<std::string> listStreams() const;
  void connectStream(StringRef handle, void *begin, void *end);
  void connectStreamToCallback(StringRef handle, unsigned index, StreamCallbackHandle callback);
  void copyToRemoteBuffer(void *from, StringRef handle, uint64_t repeatIndex, unsigned replica = 0);
  void copyFromRemoteBuffer(StringRef handle, void *to, uint64_t repeatIndex, unsigned replica = 0);

private:
  std::unique_ptr<core::Engine> implementation_;
};

} // namespace poplar
