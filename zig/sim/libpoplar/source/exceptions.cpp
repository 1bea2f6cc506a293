#include <poplar/exceptions.hpp>
#include <utility>

namespace poplar {

poplar_error::poplar_error(const std::string &text, std::string name) : std::runtime_error(text), type(std::move(name)) {}
poplar_error::~poplar_error() = default;

invalid_option::invalid_option(const std::string &text) : poplar_error(text, "invalid_option") {}
invalid_option::~invalid_option() = default;

stream_connection_error::stream_connection_error(const std::string &text) : poplar_error(text, "stream_connection_error") {}
stream_connection_error::~stream_connection_error() = default;

graph_memory_allocation_error::graph_memory_allocation_error(const std::string &text) : poplar_error(text, "graph_memory_allocation_error") {}
graph_memory_allocation_error::~graph_memory_allocation_error() = default;

runtime_error::runtime_error(const std::string &text, std::string name) : poplar_error(text, std::move(name)) {}
runtime_error::~runtime_error() = default;

application_runtime_error::application_runtime_error(const std::string &text) : runtime_error(text, "application_runtime_error") {}
application_runtime_error::~application_runtime_error() = default;

system_runtime_error::system_runtime_error(const std::string &text, std::string name) : runtime_error(text, std::move(name)) {}
system_runtime_error::~system_runtime_error() = default;

recoverable_runtime_error::recoverable_runtime_error(RecoveryAction action, const std::string &text)
    : system_runtime_error(text, "recoverable_runtime_error"), action_(action) {}
recoverable_runtime_error::~recoverable_runtime_error() = default;
RecoveryAction recoverable_runtime_error::getRecoveryAction() const { return action_; }

unrecoverable_runtime_error::unrecoverable_runtime_error(const std::string &text) : system_runtime_error(text, "unrecoverable_runtime_error") {}
unrecoverable_runtime_error::~unrecoverable_runtime_error() = default;

unknown_runtime_error::unknown_runtime_error(const std::string &text) : system_runtime_error(text, "unknown_runtime_error") {}
unknown_runtime_error::~unknown_runtime_error() = default;

std::string toString(RecoveryAction action) {
  switch (action) {
  case RecoveryAction::IPU_RESET: return "IPU_RESET";
  case RecoveryAction::LINK_RESET: return "LINK_RESET";
  case RecoveryAction::PARTITION_RESET: return "PARTITION_RESET";
  case RecoveryAction::FULL_RESET: return "FULL_RESET";
  }
  return "";
}

} // namespace poplar
