// Calls of the host's that an engine makes for its streams. Poplar waits for them without limit and cannot end them; so
// they are timed here, and whoever stops the engine ends those under way.
#pragma once

#include "../shim.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace shim {

using Clock = std::chrono::steady_clock;

enum class Ending { No, Stopped, Late };

// The host's side of one stream of one replica. Its calls come one at a time.
struct HostStream {
  mrp_callbacks calls{};
  void *context = nullptr;
  std::string handle;
  // Elements that the host has given, or been given, and that were not completed.
  unsigned outstanding = 0;
  Clock::time_point deadline{};
};

class HostCalls {
public:
  // `timeout` zero: calls may take as long as they like. `stop_engine` is called by the thread that finds a call late.
  template <class Stop> HostCalls(Clock::duration timeout, Stop stop_engine) : timeout_(timeout), stop_engine_(std::move(stop_engine)) {}

  ~HostCalls() { close(); }

  // Nobody stops the engine from here any more, so that it can go.
  void close() {
    {
      const std::lock_guard<std::mutex> held(lock_);
      closing_ = true;
    }
    changed_.notify_all();
    if (watcher_.joinable()) watcher_.join();
  }

  // A stream can be interrupted: from now on a call that is late is, too.
  void watch() {
    if (timeout_ > Clock::duration::zero() && !watcher_.joinable()) watcher_ = std::thread([this] { watchCalls(); });
  }

  Ending ending() {
    const std::lock_guard<std::mutex> held(lock_);
    return ending_;
  }

  const std::string &lateStream() const { return late_; }

  // Before the engine is loaded again: what stops it for a late call is through, and does not stop a later run.
  void settle() {
    std::unique_lock<std::mutex> held(lock_);
    changed_.wait(held, [this] { return !stopping_; });
  }

  // The engine was loaded again.
  void proceed() {
    const std::lock_guard<std::mutex> held(lock_);
    ending_ = Ending::No;
  }

  // Any thread. True: the first to say so.
  bool end(Ending why) {
    const std::lock_guard<std::mutex> held(lock_);
    return endHeld(why);
  }

  // False: the run is to end, the host is not asked any more.
  bool begin(HostStream &stream) {
    const std::lock_guard<std::mutex> held(lock_);
    if (ending_ != Ending::No) return false;
    stream.deadline = timeout_ > Clock::duration::zero() ? Clock::now() + timeout_ : Clock::time_point::max();
    under_way_.push_back(&stream);
    // It is awake, or waits for the deadline of an earlier call, which is sooner than this one's.
    if (asleep_) changed_.notify_one();
    return true;
  }

  // The call is back. False: it was interrupted, or too late.
  bool ended(HostStream &stream) {
    const std::lock_guard<std::mutex> held(lock_);
    under_way_.erase(std::find(under_way_.begin(), under_way_.end(), &stream));
    if (ending_ == Ending::No && stream.deadline != Clock::time_point::max() && Clock::now() > stream.deadline) {
      late_ = stream.handle;
      endHeld(Ending::Late);
    }
    return ending_ == Ending::No;
  }

private:
  // With the lock held: no stream that is interrupted can go meanwhile.
  bool endHeld(Ending why) {
    if (ending_ != Ending::No) return false;
    ending_ = why;
    for (HostStream *stream : under_way_)
      if (stream->calls.interrupt != nullptr) stream->calls.interrupt(stream->context);
    return true;
  }

  void watchCalls() {
    std::unique_lock<std::mutex> held(lock_);
    while (!closing_) {
      if (under_way_.empty() || ending_ != Ending::No) {
        asleep_ = true;
        changed_.wait(held);
        asleep_ = false;
      } else if (Clock::now() < under_way_.front()->deadline) {
        const Clock::time_point first = under_way_.front()->deadline;
        changed_.wait_until(held, first);
      } else {
        late_ = under_way_.front()->handle;
        endHeld(Ending::Late);
        stopping_ = true;
        held.unlock();
        stop_engine_();
        held.lock();
        stopping_ = false;
        changed_.notify_all();
      }
    }
  }

  const Clock::duration timeout_;
  const std::function<void()> stop_engine_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::thread watcher_;
  // In the order in which they began.
  std::vector<HostStream *> under_way_;
  Ending ending_ = Ending::No;
  std::string late_;
  bool asleep_ = false;
  // The watching thread is inside stop_engine_.
  bool stopping_ = false;
  bool closing_ = false;
};

} // namespace shim
