/**
 * Turns one behaviour off, in debug builds only (`MILLRACE_BUILD=debug MILLRACE_SWITCH=name`), so that the test which
 * claims to show it can be seen to fail: `bun scripts/switches.ts`.
 */
const active = process.env["MILLRACE_BUILD"] === "debug" ? process.env["MILLRACE_SWITCH"] : undefined;

export function off(name: string): boolean {
  return active === name;
}
