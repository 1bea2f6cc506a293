import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { checkSignal } from "../native/signal.ts";
import { timers } from "../native/timers.ts";
import type { WaitOptions } from "./options.ts";

/**
 * The promise, or the signal's reason or `deadline` when either comes first: `given up` is then called.
 * @throws ArgumentError `invalid_argument`
 */
export function until<T>(
  start: () => Promise<T>,
  options: WaitOptions,
  op: string,
  givenUp?: (() => void) | undefined,
): Promise<T> {
  const { timeoutMs } = options;
  const signal = checkSignal(options.signal, op);
  if (timeoutMs !== undefined) checkInteger(timeoutMs, "timeoutMs", op, 0, 0x7fff_ffff);
  if (signal?.aborted) return Promise.reject(signal.reason);
  const promise = start();
  if (signal === undefined && timeoutMs === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const giveUp = (error: unknown) => {
      end();
      givenUp?.();
      reject(error);
    };
    const onAbort = () => giveUp(signal?.reason);
    const onTime = () => giveUp(makeError("deadline", { op, message: `nothing came within ${timeoutMs} ms.` }));
    const timer = timeoutMs === undefined ? undefined : timers().setTimeout(onTime, timeoutMs);
    const end = () => {
      if (timer !== undefined) timers().clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    promise.then(
      (value) => {
        end();
        resolve(value);
      },
      (error) => {
        end();
        reject(error);
      },
    );
  });
}
