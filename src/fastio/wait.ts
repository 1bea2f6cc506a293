import { check, checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { watch } from "../native/jobs.ts";
import { native } from "../native/library.ts";
import { off } from "../native/switches.ts";
import { timers } from "../native/timers.ts";

/** A `waitFor` under way. */
export interface Waiting {
  close(): void;
}

interface Request<T> {
  readonly name: string;
  readonly op: string;
  readonly options: { readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined };
  readonly handle: { readonly slot: number; readonly generation: number };
  readonly waiting: Set<Waiting>;
  readonly tryGet: () => T | undefined;
}

/** Looks, then polls the context's sequence number for some turns of the event loop, then sleeps until it changes. */
export async function waitForName<T>(request: Request<T>): Promise<T> {
  const { name, op, handle, tryGet } = request;
  const { timeoutMs, signal } = request.options;
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw makeError("invalid_argument", { op, message: `the signal is ${String(signal)}, not an AbortSignal.` });
  }
  if (timeoutMs !== undefined) checkInteger(timeoutMs, "timeoutMs", op, 0, 0x7fff_ffff);
  if (signal?.aborted) throw signal.reason;
  const there = tryGet();
  if (there !== undefined) return there;

  return new Promise((resolve, reject) => {
    let seen = -1;
    let watched = false;
    const finish = (settle: () => void) => {
      stop();
      if (watched) native.mr_context_watch(handle.slot, handle.generation, 0);
      if (timer !== undefined) timers().clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      request.waiting.delete(entry);
      settle();
    };
    const look = (): boolean => {
      if (off("wait_looks")) return false;
      // Read before looking, so that what is published in between is seen by the next turn.
      const now = native.mr_context_sequence(handle.slot, handle.generation);
      if (now === seen) return false;
      seen = now;
      try {
        const found = tryGet();
        if (found !== undefined) finish(() => resolve(found));
        return found !== undefined;
      } catch (error) {
        finish(() => reject(error));
        return true;
      }
    };
    const onAbort = () => off("wait_signal") || finish(() => reject(signal?.reason));
    const entry = {
      close: () =>
        off("wait_closed")
          ? stop()
          : finish(() => reject(makeError("closed", { op, message: "the context was closed." }))),
    };
    const onTimeout = () => {
      // What came while the event loop was held up still counts.
      if (look()) return;
      const message = `nothing was published as "${name}" within ${timeoutMs} ms.`;
      finish(() => reject(makeError("deadline", { op, message })));
    };
    // While this thread polls, publications need wake nobody.
    const beforeSleep = () => {
      if (watched) return;
      try {
        check(native.mr_context_watch(handle.slot, handle.generation, 1), op);
        watched = true;
      } catch (error) {
        finish(() => reject(error));
      }
    };
    const stop = watch(look, beforeSleep);
    const limited = timeoutMs !== undefined && !off("wait_deadline");
    const timer = limited ? timers().setTimeout(onTimeout, timeoutMs) : undefined;
    signal?.addEventListener("abort", onAbort, { once: true });
    request.waiting.add(entry);
  });
}
