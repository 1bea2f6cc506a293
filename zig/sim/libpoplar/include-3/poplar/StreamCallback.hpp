#pragma once
#include <poplar/StreamCallbackHandle.hpp>

namespace poplar {

class StreamCallbackBase {
public:
  enum class Result { Success, NotAvailable };

  virtual ~StreamCallbackBase() = default;
  virtual void complete() = 0;
  virtual void invalidatePrefetched() = 0;
};

class StreamCallback : public StreamCallbackBase {
public:
  virtual Result prefetch(void *to) = 0;
  virtual void fetch(void *to) = 0;
  void invalidatePrefetched() override {}
};

} // namespace poplar
