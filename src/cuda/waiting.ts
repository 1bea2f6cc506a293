import { check, checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { runJob, serve } from "../native/jobs.ts";
import { checkSignal } from "../native/signal.ts";
import { timers } from "../native/timers.ts";

const timeMax = 0x7fff_ffff;

/** How long a blocking call may wait. */
export interface WaitOptions {
  /** Milliseconds; default: as long as it takes. */
  readonly timeoutMs?: number | undefined;
}

/** How long a call that returns a promise may wait. */
export interface AsyncWaitOptions extends WaitOptions {
  /** Gives up waiting, not the work: rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls `wait` with slices of milliseconds until it returns 1, serving what else this thread waits for in between.
 *
 * @throws DeadlineError `deadline`
 */
export function waitInSlices(
  wait: (ms: number) => number,
  options: WaitOptions,
  op: string,
  late: () => string = () => lateDevice(options.timeoutMs!),
): void {
  const end = performance.now() + checkTimeout(options, op);
  for (let first = true; ; first = false) {
    // Most waits are over before anything else could need this thread.
    const slice = first ? 1 : serve();
    const left = Math.max(0, Math.ceil(end - performance.now()));
    if (check(wait(Math.min(slice, left)), op) === 1) return;
    if (performance.now() >= end) throw makeError("deadline", { op, message: late() });
  }
}

/** Milliseconds; infinite without a limit. */
export function checkTimeout({ timeoutMs }: WaitOptions, op: string): number {
  return timeoutMs === undefined ? Number.POSITIVE_INFINITY : checkInteger(timeoutMs, "timeoutMs", op, 0, timeMax);
}

/** Awaits the job that `start` begins, for so long at most. @throws DeadlineError `deadline`; the signal's reason */
export async function awaitJob(start: () => number, options: AsyncWaitOptions, op: string): Promise<void> {
  const { timeoutMs } = options;
  const signal = checkSignal(options.signal, op);
  if (timeoutMs === undefined) return await runJob(start, () => {}, op, signal);
  checkInteger(timeoutMs, "timeoutMs", op, 0, timeMax);
  const either = new AbortController();
  const aborted = () => either.abort(signal?.reason);
  if (signal?.aborted) aborted();
  signal?.addEventListener("abort", aborted, { once: true });
  const timer = timers().setTimeout(
    () => either.abort(makeError("deadline", { op, message: lateDevice(timeoutMs) })),
    timeoutMs,
  );
  try {
    await runJob(start, () => {}, op, either.signal);
  } finally {
    timers().clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
  }
}

/** Calls `look` every millisecond until it says true, for so long at most. @throws as `awaitJob` */
export async function lookUntil(look: () => Promise<boolean>, options: AsyncWaitOptions, op: string): Promise<void> {
  const { timeoutMs } = options;
  const signal = checkSignal(options.signal, op);
  if (timeoutMs !== undefined) checkInteger(timeoutMs, "timeoutMs", op, 0, timeMax);
  const end = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  for (;;) {
    if (signal?.aborted) throw signal.reason;
    if (await look()) return;
    if (performance.now() >= end) throw makeError("deadline", { op, message: lateDevice(timeoutMs!) });
    await new Promise((resolve) => timers().setTimeout(resolve, 1));
  }
}

function lateDevice(timeoutMs: number): string {
  return `the device was not done after ${timeoutMs} ms.`;
}
