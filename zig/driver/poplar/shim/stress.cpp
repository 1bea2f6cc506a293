// A session's use of the shim by several threads at once, for the compiler's sanitizers: runs that end, that are stopped and
// that are late, devices that go while they run. Compiled together with the shim and a look-alike of the SDK
// (scripts/poplar/stress.ts), whose simulator runs the executable that the first argument names; it copies "in" to "out". The second
// says on which threads callbacks run.
#include "../../../sim/poplar/control.h"
#include "../shim.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

namespace {

constexpr int rounds = 60;

// The host's side of a stream, which waits until it is interrupted when it is told to.
struct Stream {
  std::mutex lock;
  std::condition_variable changed;
  bool waits = false;
  bool interrupted = false;

  void proceed(bool next_waits) {
    const std::lock_guard<std::mutex> held(lock);
    waits = next_waits;
    interrupted = false;
  }
};

int32_t prefetch(void *, void *) { return 1; }

void fetch(void *context, void *) {
  auto &stream = *static_cast<Stream *>(context);
  std::unique_lock<std::mutex> held(stream.lock);
  stream.changed.wait(held, [&] { return !stream.waits || stream.interrupted; });
}

void nothing(void *) {}

void interrupt(void *context) {
  auto &stream = *static_cast<Stream *>(context);
  const std::lock_guard<std::mutex> held(stream.lock);
  stream.interrupted = true;
  stream.changed.notify_all();
}

void must(int32_t status, const char *what) {
  if (status == MRP_OK) return;
  mrp_error error;
  mrp_last_error(&error);
  std::printf("%s: %d, %s\n", what, status, error.message);
  std::exit(1);
}

void sleep(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

} // namespace

int main(int, char **arguments) {
  std::ifstream file(arguments[1], std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const mrs_system system{"stress", 2, 2, 0, 1};
  must(mrs_configure(&system), "configure");
  mrp_device *device;
  must(mrp_device_open(0, nullptr, 0, &device), "device");
  uint32_t attached;
  must(mrp_device_attach(device, &attached), "attach");
  mrp_executable *executable;
  must(mrp_executable_open(bytes.data(), bytes.size(), 1, &executable), "executable");
  const mrp_option options[] = {{"target.hostSyncTimeout", "0.02"}, {"streamCallbacks.multiThreadMode", arguments[2]}};
  mrp_engine *engine;
  must(mrp_engine_create(executable, options, 2, &engine), "engine");
  Stream in, out;
  const mrp_callbacks calls{prefetch, fetch, nothing, nothing, interrupt};
  must(mrp_engine_connect_callbacks(engine, "in", 0, &calls, &in), "in");
  must(mrp_engine_connect_callbacks(engine, "out", 0, &calls, &out), "out");

  std::atomic<int> stopped{0}, late{0}, others{0};
  const auto run = [&] {
    const int32_t status = mrp_engine_run(engine, 0);
    ++(status == MRP_STOPPED ? stopped : status == MRP_HOST_SYNC_TIMEOUT ? late : others);
  };
  for (int round = 0; round < rounds; ++round) {
    in.proceed(round % 3 != 0);
    must(mrp_engine_load(engine, device), "load");
    std::thread runner(run);
    std::thread stopper([&] {
      if (round % 3 != 1) return;
      sleep(round % 5);
      mrp_engine_stop(engine);
    });
    runner.join();
    stopper.join();
  }
  in.proceed(true);
  must(mrp_engine_load(engine, device), "load");
  std::thread runner(run);
  sleep(5);
  mrp_device_close(device);
  runner.join();
  mrp_engine_close(engine);
  mrp_executable_close(executable);
  mrs_leaks leaks;
  must(mrs_leak_report(&leaks), "leaks");
  const unsigned left = leaks.devices + leaks.models + leaks.executables + leaks.engines;
  std::printf("%d stopped, %d late, %d others, %u left\n", stopped.load(), late.load(), others.load(), left);
  return left == 0 && stopped > 0 && late > 0 && others > 0 ? 0 : 1;
}
