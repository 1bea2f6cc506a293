import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";

/** What to do while no device that fits is free. */
export const DeviceWaitStrategy = switchable("DeviceWaitStrategy", {
  /** Fail at once. */
  NoWait: "noWait",
  /** Try again every `sleepTimeMs`, for `timeoutMs`. */
  WaitWithTimeout: "waitWithTimeout",
  /** Try again every `sleepTimeMs`, for ever. */
  WaitForever: "waitForever",
} as const);
export type DeviceWaitStrategy = "noWait" | "waitWithTimeout" | "waitForever";

const strategies: readonly string[] = ["noWait", "waitWithTimeout", "waitForever"] satisfies DeviceWaitStrategy[];

const defaults: { readonly strategy?: DeviceWaitStrategy; readonly timeoutMs?: number; readonly sleepTimeMs?: number } =
  switchable("DeviceWaitConfig", { strategy: "noWait", timeoutMs: 0, sleepTimeMs: 15_000 });

/** A `DeviceWaitConfig`, or the same as a plain object; a `timeoutMs` without a strategy means `"waitWithTimeout"`. */
export interface DeviceWait {
  readonly strategy?: DeviceWaitStrategy | undefined;
  /** How long to wait for, in milliseconds. Default 0. Only `"waitWithTimeout"` looks at it. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds between attempts, at least 1. Default 15,000. */
  readonly sleepTimeMs?: number | undefined;
}

const ofTimes: DeviceWaitStrategy = off("device_wait_of_times") ? "noWait" : "waitWithTimeout";

/** How to wait for a device. */
export class DeviceWaitConfig implements DeviceWait {
  readonly strategy: DeviceWaitStrategy;
  readonly timeoutMs: number;
  readonly sleepTimeMs: number;

  /** Times in milliseconds. @throws ArgumentError `invalid_argument` */
  constructor(strategy?: DeviceWaitStrategy, timeoutMs?: number, sleepTimeMs?: number);
  /** Waits for `timeoutMs`: strategy `"waitWithTimeout"`. */
  constructor(timeoutMs: number, sleepTimeMs?: number);
  constructor(first?: DeviceWaitStrategy | number, second?: number, third?: number) {
    const wait =
      typeof first === "number"
        ? resolveWait({ strategy: ofTimes, timeoutMs: first, sleepTimeMs: second }, "DeviceWaitConfig")
        : resolveWait(
            { strategy: first ?? defaults.strategy, timeoutMs: second, sleepTimeMs: third },
            "DeviceWaitConfig",
          );
    this.strategy = off("device_wait_of_strategy") ? "noWait" : wait.strategy;
    this.timeoutMs = wait.timeoutMs;
    this.sleepTimeMs = wait.sleepTimeMs;
  }
}

export interface ResolvedWait {
  readonly strategy: DeviceWaitStrategy;
  readonly timeoutMs: number;
  readonly sleepTimeMs: number;
}

const timeMax = 0x7fff_ffff;

/** @throws ArgumentError `invalid_argument` */
export function resolveWait(wait: DeviceWait | undefined, op: string): ResolvedWait {
  const { timeoutMs, sleepTimeMs } = wait ?? {};
  const strategy = wait?.strategy ?? (timeoutMs === undefined ? defaults.strategy : "waitWithTimeout");
  if (!strategies.includes(strategy as string)) {
    const message = `the wait strategy is ${String(strategy)}, not one of ${strategies.join(", ")}.`;
    throw makeError("invalid_argument", { op, message });
  }
  return {
    strategy: strategy as DeviceWaitStrategy,
    timeoutMs: checkInteger(timeoutMs ?? defaults.timeoutMs, "timeoutMs", op, 0, timeMax),
    sleepTimeMs: checkInteger(sleepTimeMs ?? defaults.sleepTimeMs, "sleepTimeMs", op, 1, timeMax),
  };
}
