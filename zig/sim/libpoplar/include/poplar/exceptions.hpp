#pragma once
#include <stdexcept>
#include <string>

namespace poplar {

struct poplar_error : std::runtime_error {
  std::string type;
  explicit poplar_error(const std::string &text, std::string name = "poplar_error");
  ~poplar_error() override;
};

struct invalid_option : poplar_error {
  explicit invalid_option(const std::string &text);
  ~invalid_option() override;
};

struct stream_connection_error : poplar_error {
  explicit stream_connection_error(const std::string &text);
  ~stream_connection_error() override;
};

struct graph_memory_allocation_error : poplar_error {
  explicit graph_memory_allocation_error(const std::string &text);
  ~graph_memory_allocation_error() override;
};

struct runtime_error : poplar_error {
  explicit runtime_error(const std::string &text, std::string name = "runtime_error");
  ~runtime_error() override;
};

struct application_runtime_error : runtime_error {
  explicit application_runtime_error(const std::string &text);
  ~application_runtime_error() override;
};

struct system_runtime_error : runtime_error {
  explicit system_runtime_error(const std::string &text, std::string name);
  ~system_runtime_error() override;
};

enum class RecoveryAction : unsigned char { IPU_RESET, LINK_RESET, PARTITION_RESET, FULL_RESET };
std::string toString(RecoveryAction action);

struct recoverable_runtime_error : system_runtime_error {
  recoverable_runtime_error(RecoveryAction action, const std::string &text);
  ~recoverable_runtime_error() override;
  RecoveryAction getRecoveryAction() const;

private:
  RecoveryAction action_;
};

struct unrecoverable_runtime_error : system_runtime_error {
  explicit unrecoverable_runtime_error(const std::string &text);
  ~unrecoverable_runtime_error() override;
};

struct unknown_runtime_error : system_runtime_error {
  explicit unknown_runtime_error(const std::string &text);
  ~unknown_runtime_error() override;
};

} // namespace poplar
