#pragma once
#include <memory>

namespace poplar {

class StreamCallback;

// Owns a callback.
class StreamCallbackHandle {
public:
  template <class Callback> StreamCallbackHandle(std::unique_ptr<Callback> callback) : callback_(std::move(callback)) {}
  StreamCallbackHandle(StreamCallbackHandle &&) noexcept;
  ~StreamCallbackHandle();

  std::unique_ptr<StreamCallback> extract();

private:
  std::unique_ptr<StreamCallback> callback_;
};

} // namespace poplar
