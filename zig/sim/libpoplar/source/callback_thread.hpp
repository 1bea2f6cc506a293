// Where callbacks run when streamCallbacks.multiThreadMode says that they have a thread of their own. The one that runs the
// program waits for each.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace look_alike {

class CallbackThread {
public:
  CallbackThread() : thread_([this] { work(); }) {}

  ~CallbackThread() {
    {
      const std::lock_guard<std::mutex> held(lock_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void call(const std::function<void()> &what) {
    std::unique_lock<std::mutex> held(lock_);
    task_ = &what;
    changed_.notify_all();
    changed_.wait(held, [this] { return task_ == nullptr; });
  }

private:
  void work() {
    std::unique_lock<std::mutex> held(lock_);
    while (true) {
      changed_.wait(held, [this] { return closing_ || task_ != nullptr; });
      if (closing_) return;
      const std::function<void()> &task = *task_;
      held.unlock();
      task();
      held.lock();
      task_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex lock_;
  std::condition_variable changed_;
  const std::function<void()> *task_ = nullptr;
  bool closing_ = false;
  std::thread thread_;
};

} // namespace look_alike
