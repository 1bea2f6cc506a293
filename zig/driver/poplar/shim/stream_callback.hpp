// What Poplar calls for a stream, led to what Millrace gave for it. Nothing is thrown through Poplar: Millrace's callbacks
// are C functions, and this does nothing that throws.
#pragma once

#include "host_calls.hpp"
#include "sdk.hpp"

namespace shim {

class StreamCallback final : public poplar::StreamCallback {
public:
  using Result = poplar::StreamCallback::Result;

  StreamCallback(HostCalls &calls, std::shared_ptr<HostStream> stream) : calls_(calls), stream_(std::move(stream)) {}

  Result prefetch(void *buffer) noexcept override {
    const mrp_callbacks &host = stream_->calls;
    if (host.prefetch == nullptr || !calls_.begin(*stream_)) return Result::NotAvailable;
    const bool filled = host.prefetch(stream_->context, buffer) == 0;
    if (filled) ++stream_->outstanding;
    // What the host gave to a run that ends is offered again.
    const bool counts = calls_.ended(*stream_);
    return filled && counts ? Result::Success : Result::NotAvailable;
  }

  void fetch(void *buffer) noexcept override {
    if (!calls_.begin(*stream_)) return;
    ++stream_->outstanding;
    stream_->calls.fetch(stream_->context, buffer);
    calls_.ended(*stream_);
  }

  void complete() noexcept override {
    // An element that was interrupted, or that Poplar made up its mind about on its own, is none of the host's.
    if (stream_->outstanding == 0 || calls_.ending() != Ending::No) return;
    --stream_->outstanding;
    stream_->calls.complete(stream_->context);
  }

  void invalidatePrefetched() noexcept override { invalidate(*stream_); }

  // What was not completed is offered again; at the end of a run that failed also where Poplar does not say so.
  static void invalidate(HostStream &stream) noexcept {
    if (stream.outstanding == 0) return;
    stream.outstanding = 0;
    stream.calls.invalidate_prefetched(stream.context);
  }

private:
  HostCalls &calls_;
  const std::shared_ptr<HostStream> stream_;
};

} // namespace shim
