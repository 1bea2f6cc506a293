import type { Stream } from "../cuda/index.ts";
import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { switchable } from "../native/switches.ts";
import type { DType } from "../tensor/index.ts";

/** What becomes of an append that finds the buffer full. */
export const FullPolicy = switchable("FullPolicy", {
  /** It is refused with `buffer_full`, and nothing changes. */
  Error: "error",
  /** The buffer is flushed first, and then filled from its beginning. */
  AutoFlush: "autoFlush",
  /** The oldest elements make room: the buffer is a window over the latest. Takes twice the memory. */
  DropOldest: "dropOldest",
  /** `appendAsync` waits until the buffer was flushed or taken; `append` is refused. */
  Wait: "wait",
  /** A second buffer is filled while the first is consumed; with both in use `appendAsync` waits, `append` is refused. */
  Swap: "swap",
} as const);
export type FullPolicy = (typeof FullPolicy)[keyof typeof FullPolicy];

/**
 * Called on the thread of the call that caused it, after the state has changed. What it throws comes out of that call, and
 * the change stays. A promise that it returns is awaited by `drain`, and its rejection surfaces at the next call.
 */
export type Hook<B> = (bufferizer: B) => void | Promise<void>;

export const hookNames = [
  "flushHook",
  "allocateHook",
  "appendOneHook",
  "appendMultipleHook",
  "bufferFullHook",
] as const;
export type HookName = (typeof hookNames)[number];

export type Hooks<B> = { [N in HookName]?: Hook<B> | undefined };

/** What a `Bufferizer` is made of; `B` is the class itself, which the hooks get. */
export interface BufferizerOptions<D extends DType, B> extends Hooks<B> {
  /** Of one element; `[]` is a scalar. No axis is 0. */
  readonly shape: readonly number[];
  /** Elements that the buffer holds, at least 1. */
  readonly bufferSize: number;
  readonly dtype: D;
  /** Keeps the buffer on the stream's device, and orders everything on it. Without: native memory of the host. */
  readonly stream?: Stream | undefined;
  /** Default `"error"`. */
  readonly fullPolicy?: FullPolicy | undefined;
  /**
   * Hands a buffer that is not full to `bufferFullHook` so many milliseconds after its first element. Default: never.
   */
  readonly maxDelayMs?: number | undefined;
}

/** How long an append may wait. */
export interface WaitOptions {
  /** Rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Rejects with `deadline`. Default: no limit. */
  readonly timeoutMs?: number | undefined;
}

/** @throws ArgumentError `invalid_argument` */
export function checkPolicy(policy: FullPolicy | undefined, op: string): FullPolicy {
  if (policy === undefined) return FullPolicy.Error;
  const known: readonly string[] = Object.values(FullPolicy);
  if (known.includes(policy)) return policy;
  throw makeError("invalid_argument", {
    op,
    message: `fullPolicy is ${JSON.stringify(policy)}.`,
    hint: `Use one of ${known.join(", ")}.`,
  });
}

/** @throws ArgumentError `invalid_argument` */
export function checkHook<B>(hook: Hook<B> | undefined | null, name: HookName, op: string): Hook<B> | undefined {
  if (hook === undefined || hook === null) return undefined;
  if (typeof hook === "function") return hook;
  throw makeError("invalid_argument", {
    op,
    message: `${name} is ${typeof hook}, not a function.`,
    hint: "Pass a function of the bufferizer, or undefined for none.",
  });
}

/** @throws ArgumentError `invalid_argument` */
export function checkDelay(delayMs: number | undefined, op: string): number | undefined {
  return delayMs === undefined ? undefined : checkInteger(delayMs, "maxDelayMs", op, 1, 0x7fff_ffff);
}
