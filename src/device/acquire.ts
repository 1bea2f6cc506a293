import { check, readText } from "../native/check.ts";
import { runJob } from "../native/jobs.ts";
import { block, native } from "../native/library.ts";
import { checkSignal } from "../native/signal.ts";
import { off } from "../native/switches.ts";
import { timers } from "../native/timers.ts";
import { Device } from "./device.ts";
import { type DeviceOptions, writeOptions } from "./device-options.ts";
import type { ResolvedWait } from "./device-wait.ts";
import { requireDriver } from "./driver.ts";

/** Which device: the one of an id, or any with so many IPUs. */
export interface Wanted {
  readonly byId: boolean;
  readonly number: number;
  readonly remoteBuffers: boolean;
  readonly options: DeviceOptions | undefined;
}

/** A device, or the reason why there is none. */
export type Acquired = Device | { readonly refusal: string };

// A Worker that is terminated in a blocking wait ends with the slice.
const sliceMs = 50;

/** Tries, and waits between attempts as `wait` says. Blocks. */
export function acquire(wanted: Wanted, wait: ResolvedWait, op: string): Acquired {
  const attempt = (): Acquired => taken(native.mr_device_acquire(...arguments_(wanted, op)), op);
  for (const intervals = new Intervals(wait); ; ) {
    const acquired = attempt();
    if (acquired instanceof Device) return acquired;
    const ms = intervals.next();
    if (ms === undefined) return acquired;
    for (let left = ms; left > 0; left -= sliceMs) Bun.sleepSync(Math.min(left, sliceMs));
  }
}

/** The same, off the event loop. Aborting gives back what was got. */
export async function acquireAsync(
  wanted: Wanted,
  wait: ResolvedWait,
  op: string,
  givenSignal: AbortSignal | undefined,
): Promise<Acquired> {
  const signal = off("device_wait_signal") ? undefined : checkSignal(givenSignal, op);
  for (const intervals = new Intervals(wait); ; ) {
    const acquired = await runJob(
      () => native.mr_device_acquireJob(...arguments_(wanted, op)),
      (slot) => taken(slot, op),
      op,
      signal,
    );
    if (acquired instanceof Device) return acquired;
    const ms = intervals.next();
    if (ms === undefined) return acquired;
    await sleep(ms, signal);
  }
}

function arguments_(wanted: Wanted, op: string): [number, number, number, number] {
  requireDriver(op);
  const bytes = writeOptions(wanted.options, op);
  return [Number(wanted.byId), wanted.number, Number(wanted.remoteBuffers), bytes];
}

function taken(slot: number, op: string): Acquired {
  if (check(slot, op) > 0) return Device.adopt(slot, op);
  return { refusal: readText(0, block.results[0]!) };
}

/** How long to wait before each further attempt; the last one is made when the time is over. */
class Intervals {
  readonly #wait: ResolvedWait;
  readonly #end: number;
  #over = false;

  constructor(wait: ResolvedWait) {
    this.#wait = wait;
    this.#end = wait.strategy === "waitForever" ? Number.POSITIVE_INFINITY : performance.now() + wait.timeoutMs;
  }

  next(): number | undefined {
    const { strategy, sleepTimeMs } = this.#wait;
    if (strategy === "noWait" || this.#over || off("device_waits")) return undefined;
    const left = this.#end - performance.now();
    this.#over = left <= sleepTimeMs;
    return Math.max(0, Math.min(left, sleepTimeMs));
  }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      timers().clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = timers().setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
