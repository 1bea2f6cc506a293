type Timers = typeof import("node:timers");

let own: Timers | undefined;

/**
 * Bun's own timers, also where a test environment has replaced the global ones. Looked up on first use: loading
 * `node:timers` takes 0.7 ms, which an import that waits for nothing need not spend.
 */
export function timers(): Timers {
  own ??= process.getBuiltinModule("node:timers");
  return own;
}
