import { check, checkInteger, codeOf, nativeError } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { watch } from "../native/jobs.ts";
import { native } from "../native/library.ts";
import { off } from "../native/switches.ts";
import { timers } from "../native/timers.ts";
import type { RingHandle } from "./ring-handle.ts";
import type { LockAsyncOptions, LockOptions, Patience, Side } from "./ring-options.ts";

/** What a native call answers when there is no slot now. */
export const again = 0x7fff_ffff;
const sliceMs = 100;

/** Which end waits, and how it looks whether there is a slot now: the call's result, `again`, or a negative error. */
export interface Wanted {
  readonly handle: RingHandle;
  readonly side: Side;
  readonly op: string;
  readonly attempt: () => number;
  /** Of reads only. */
  readonly patience: Patience | undefined;
}

/** A wait of the event loop's that has not ended. */
export interface Waiting {
  readonly side: Side;
  close(): void;
}

/** The attempt's result as the caller gets it: undefined once the ring is invalid. */
function settled(result: number, op: string): number | undefined {
  if (result >= 0) return result;
  if (codeOf(result) === "invalidated" && !off("ring_invalid")) return undefined;
  throw nativeError(result, op);
}

/** Blocks. Sleeps in slices, so that a Worker can be terminated in it. */
export function waitForSlot(wanted: Wanted, options: LockOptions | undefined): number | undefined {
  const { handle, side, op, attempt, patience } = wanted;
  const timeoutMs = options?.timeoutMs;
  if (timeoutMs !== undefined) checkInteger(timeoutMs, "timeoutMs", op, 0, 0x7fff_ffff);
  const began = performance.now();
  let since = began;
  for (;;) {
    const result = attempt();
    if (result !== again) return settled(result, op);
    const now = performance.now();
    let ms = sliceMs;
    if (timeoutMs !== undefined) {
      if (now - began >= timeoutMs) throw late(op, timeoutMs);
      ms = Math.min(ms, timeoutMs - (now - began));
    }
    if (patience !== undefined) {
      if (now - since >= patience.ms && !off("ring_read_timeout")) {
        patience.call(patience.ring!);
        since = performance.now();
        continue;
      }
      ms = Math.min(ms, patience.ms - (now - since));
    }
    check(native.mr_ring_wait(handle.slot, handle.generation, side, Math.max(0, ms)), op);
  }
}

/** The event loop goes on: polls for some turns, then sleeps until the other end wakes this thread. */
export function waitForSlotAsync(
  wanted: Wanted,
  options: LockAsyncOptions | undefined,
  waits: Set<Waiting>,
): Promise<number | undefined> {
  const { handle, side, op, attempt, patience } = wanted;
  const { timeoutMs, signal } = options ?? {};
  return new Promise((resolve, reject) => {
    if (signal !== undefined && typeof signal?.addEventListener !== "function") {
      throw makeError("invalid_argument", { op, message: `the signal is ${String(signal)}, not an AbortSignal.` });
    }
    if (timeoutMs !== undefined) checkInteger(timeoutMs, "timeoutMs", op, 0, 0x7fff_ffff);
    if (signal?.aborted) throw signal.reason;
    // Who waits already is served first.
    const first = [...waits].some((waiting) => waiting.side === side) ? again : attempt();
    if (first !== again) return resolve(settled(first, op));

    let slept = false;
    const finish = (settle: () => void) => {
      stop();
      waits.delete(entry);
      if (slept && ![...waits].some((waiting) => waiting.side === side)) {
        native.mr_ring_watch(handle.slot, handle.generation, side, 0);
      }
      if (timer !== undefined) timers().clearTimeout(timer);
      if (reminder !== undefined) timers().clearInterval(reminder);
      signal?.removeEventListener("abort", onAbort);
      settle();
    };
    const guarded = (work: () => boolean): boolean => {
      try {
        return work();
      } catch (error) {
        finish(() => reject(error));
        return true;
      }
    };
    const look = (): boolean =>
      guarded(() => {
        const result = attempt();
        if (result === again) return false;
        const value = settled(result, op);
        finish(() => resolve(value));
        return true;
      });
    // While this thread polls, the other end need wake nobody.
    const beforeSleep = () => {
      guarded(() => {
        check(native.mr_ring_watch(handle.slot, handle.generation, side, 1), op);
        slept = true;
        return true;
      });
    };
    const onAbort = () => finish(() => reject(signal?.reason));
    const entry: Waiting = {
      side,
      close: () => finish(() => reject(makeError("closed", { op, message: "the ring was closed." }))),
    };
    const stop = watch(look, beforeSleep);
    waits.add(entry);
    const limited = timeoutMs !== undefined;
    const timer = limited
      ? timers().setTimeout(() => look() || finish(() => reject(late(op, timeoutMs))), timeoutMs)
      : undefined;
    const reminder =
      patience !== undefined && !off("ring_read_timeout")
        ? timers().setInterval(
            () =>
              guarded(() => {
                if (!waits.has(entry) || look()) return true;
                patience.call(patience.ring!);
                return waits.has(entry) && look();
              }),
            Math.max(1, patience.ms),
          )
        : undefined;
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function late(op: string, timeoutMs: number): Error {
  return makeError("deadline", { op, message: `no slot was to be had within ${timeoutMs} ms.` });
}
