// What tests tell the simulator, passed on: whoever opened the shim finds these functions here.
#include "simulator.hpp"

extern "C" {

int32_t mrs_abi_version(void) { return SIMULATOR(mrs_abi_version)(); }
void mrs_last_error(mrp_error *error) { SIMULATOR(mrs_last_error)(error); }
int32_t mrs_configure(const mrs_system *system) { return SIMULATOR(mrs_configure)(system); }
int32_t mrs_clear(void) { return SIMULATOR(mrs_clear)(); }
int32_t mrs_plan(const mrs_plan_entry *plan) { return SIMULATOR(mrs_plan)(plan); }
int32_t mrs_repair(void) { return SIMULATOR(mrs_repair)(); }
int32_t mrs_leak_report(mrs_leaks *leaks) { return SIMULATOR(mrs_leak_report)(leaks); }

} // extern "C"
