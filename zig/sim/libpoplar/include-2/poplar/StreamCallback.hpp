#pragma once
#include <poplar/StreamCallbackHandle.hpp>

namespace poplar {

class StreamCallback {
public:
  enum class Result { Success, NotAvailable };

  virtual ~StreamCallback() = default;
  virtual Result prefetch(void *to) = 0;
  virtual void fetch(void *to) = 0;
  virtual void complete() = 0;
  virtual void invalidatePrefetched() {}
};

} // namespace poplar
