import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { switchable } from "../native/switches.ts";
import type { SpscRingBuffer } from "./spsc-ring-buffer.ts";

/** Called in the consumer's thread each time that a read has waited `timeoutNs` for nothing; it may write to the ring. */
export type RingTimeoutCallback = (ring: SpscRingBuffer) => void;

/** Of one end's object; the other end has its own. */
export interface ReadTimeoutOptions {
  readonly readTimeout?: RingTimeoutCallback | undefined;
  /** How long a read waits before `readTimeout` is called, and again after each call. 0 (the default): never. */
  readonly timeoutNs?: number | undefined;
}

export interface RingOptions extends ReadTimeoutOptions {
  /** Slots that can be filled at a time, 1 to 2^30. Memory is had for the next power of two. */
  readonly numBuffers: number;
  /** Bytes of a slot; a multiple of 8 if numbers wider than a byte are to lie in it. All slots: at most 4 GiB. */
  readonly bufferSize: number;
  /** What `getState` and errors call the ring: at most 96 bytes. Default: none. */
  readonly label?: string | undefined;
}

export interface LockOptions {
  /** Throws `deadline` when there was no slot for so long. Default: waits on. */
  readonly timeoutMs?: number | undefined;
}

export interface LockAsyncOptions extends LockOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The two ends of a ring. */
export const RingRole = { Producer: "producer", Consumer: "consumer" } as const;
export type RingRole = (typeof RingRole)[keyof typeof RingRole];

export const producer = 0;
export const consumer = 1;
export type Side = typeof producer | typeof consumer;

export const ringDefaults = switchable("RingOptions", { label: "", timeoutNs: 0 });

export function sideOf(role: RingRole, op: string): Side {
  if (role === RingRole.Producer) return producer;
  if (role === RingRole.Consumer) return consumer;
  throw makeError("invalid_argument", { op, message: `the role is ${String(role)}, not "producer" or "consumer".` });
}

export interface Patience {
  readonly call: RingTimeoutCallback;
  readonly ms: number;
  /** Whose read it is. */
  ring?: SpscRingBuffer;
}

/** What a read does while it waits; undefined: nothing. */
export function patienceOf(options: ReadTimeoutOptions, op: string): Patience | undefined {
  const { readTimeout, timeoutNs = ringDefaults.timeoutNs } = options;
  if (readTimeout !== undefined && typeof readTimeout !== "function") {
    throw makeError("invalid_argument", { op, message: `readTimeout is ${String(readTimeout)}, not a function.` });
  }
  checkInteger(timeoutNs, "timeoutNs", op);
  return readTimeout === undefined || timeoutNs === 0 ? undefined : { call: readTimeout, ms: timeoutNs / 1e6 };
}
