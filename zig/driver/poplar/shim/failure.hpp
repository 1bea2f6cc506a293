// Failures: every exception ends here and becomes a status, with what `mrp_last_error` tells of it.
#pragma once

#include "sdk.hpp"
#include "../shim.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

namespace shim {

inline thread_local mrp_error last_failure{MRP_OK, MRP_NO_ACTION, {0}};

inline int32_t fail(int32_t status, const std::string &message, int32_t action = MRP_NO_ACTION) noexcept {
  last_failure.status = status;
  last_failure.recovery_action = action;
  const std::size_t length = std::min(message.size(), sizeof last_failure.message - 1);
  std::memcpy(last_failure.message, message.data(), length);
  std::memset(last_failure.message + length, 0, sizeof last_failure.message - length);
  return status;
}

// By name, since not every version has every action.
inline int32_t actionOf(poplar::RecoveryAction action) {
  const std::string name = poplar::toString(action);
  const auto says = [&](const char *word) { return name.find(word) != std::string::npos; };
  if (says("IPU")) return MRP_IPU_RESET;
  if (says("LINK")) return MRP_LINK_RESET;
  if (says("PARTITION")) return MRP_PARTITION_RESET;
  if (says("FULL")) return MRP_FULL_RESET;
  return MRP_NO_ACTION;
}

// Poplar has no class of exceptions for these two, but its messages name them.
inline int32_t statusByText(const std::string &text, int32_t otherwise) {
  if (text.find("hostSyncTimeout") != std::string::npos) return MRP_HOST_SYNC_TIMEOUT;
  if (text.find("package hash") != std::string::npos) return MRP_PACKAGE_HASH;
  return otherwise;
}

// A status that says little has the exception's type beside it.
inline int32_t failNamed(int32_t status, const poplar::poplar_error &error) noexcept {
  return fail(status, status == MRP_UNKNOWN_ERROR ? error.type + ": " + error.what() : error.what());
}

// Inside a catch block: what was caught. `otherwise` is what an error of Poplar's without a status of its own means here.
inline int32_t caught(int32_t otherwise) noexcept {
  try {
    throw;
  } catch (const poplar::recoverable_runtime_error &error) {
    return fail(statusByText(error.what(), MRP_RECOVERABLE_ERROR), error.what(), actionOf(error.getRecoveryAction()));
  } catch (const poplar::unrecoverable_runtime_error &error) {
    return fail(statusByText(error.what(), MRP_UNRECOVERABLE_ERROR), error.what());
  } catch (const poplar::unknown_runtime_error &error) {
    return fail(statusByText(error.what(), MRP_UNKNOWN_ERROR), error.what());
  } catch (const poplar::application_runtime_error &error) {
    return fail(statusByText(error.what(), MRP_APPLICATION_ERROR), error.what());
  } catch (const poplar::stream_connection_error &error) {
    return fail(MRP_STREAM_ERROR, error.what());
  } catch (const poplar::invalid_option &error) {
    return fail(MRP_INVALID_OPTION, error.what());
  } catch (const poplar::runtime_error &error) {
    return failNamed(statusByText(error.what(), MRP_UNKNOWN_ERROR), error);
  } catch (const poplar::poplar_error &error) {
    // There are several of them: for graphs, for streams.
    const bool memory = error.type.find("memory_allocation") != std::string::npos;
    const int32_t status = memory ? MRP_OUT_OF_MEMORY : statusByText(error.what(), otherwise);
    return failNamed(status, error);
  } catch (const std::bad_alloc &) {
    return fail(MRP_OUT_OF_MEMORY, "there is no memory left on the host.");
  } catch (const std::exception &error) {
    return fail(otherwise, error.what());
  } catch (...) {
    return fail(MRP_UNKNOWN_ERROR, "something was thrown that is no std::exception.");
  }
}

// Calls `work`, which returns a status or nothing. Nothing is thrown out of it.
template <class Work> int32_t guarded(int32_t otherwise, Work &&work) noexcept {
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return MRP_OK;
    } else {
      return work();
    }
  } catch (...) {
    return caught(otherwise);
  }
}

inline poplar::OptionFlags optionsOf(const mrp_option *options, std::size_t count) {
  poplar::OptionFlags flags;
  for (std::size_t index = 0; index < count; ++index) flags.set(std::string(options[index].name), std::string(options[index].value));
  return flags;
}

} // namespace shim
