/** What open runners of this thread have of devices' drivers; it goes with them, so that a leak check does not count it. */
export const heldByRunners = { devices: 0, executables: 0, engines: 0 };
