import type { FastIOContext } from "../fastio/index.ts";
import { check, checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { off, switchable } from "../native/switches.ts";
import { RingCore } from "./ring-core.ts";
import { RingHandle, ringBytes } from "./ring-handle.ts";
import {
  type LockAsyncOptions,
  patienceOf,
  type ReadTimeoutOptions,
  type RingOptions,
  type RingRole,
  type Side,
  sideOf,
} from "./ring-options.ts";
import { RingReading } from "./ring-reading.ts";
import type { RingToken } from "./ring-state.ts";

/**
 * A lock-free ring of slots of fixed size between one producer and one consumer: two parts of one thread, two Workers, or
 * two processes. Slots lie in native memory; a lock returns a view of one, valid until its `Complete`.
 *
 * An object takes an end of its ring when it first writes or reads; `role_taken` when another live thread or process has
 * it. Once the ring is invalid, every call returns at once, and locks return undefined. When the other end's owner closes
 * it, is terminated or dies, waits throw `peer_lost` after everything that was published has been read.
 *
 * All methods throw `closed` after `close`.
 */
export class SpscRingBuffer extends RingReading {
  /** @throws ArgumentError `invalid_argument`, `too_large`; CapacityError `out_of_memory`, `out_of_handles` */
  constructor(options: RingOptions);
  /** As the original's. */
  constructor(numBuffers: number, label: string, options: Omit<RingOptions, "numBuffers" | "label">);
  /** @internal */
  constructor(handle: RingHandle, options: ReadTimeoutOptions);
  constructor(
    first: RingOptions | RingHandle | number,
    second?: ReadTimeoutOptions | string,
    third?: Omit<RingOptions, "numBuffers" | "label">,
  ) {
    const op = "SpscRingBuffer";
    const adopted = first instanceof RingHandle;
    const options = adopted ? (second as ReadTimeoutOptions) : optionsOf(first, second, third, op);
    const patience = patienceOf(options, op);
    super(new RingCore(adopted ? first : RingHandle.create(options as RingOptions, op), patience));
    if (patience !== undefined) patience.ring = this;
  }

  /**
   * Takes an end of a ring of this process, made by any of its threads and still open in one.
   * @throws StateError `role_taken`, `closed` (nobody has it open)
   */
  static attach(token: RingToken, role: RingRole, options: ReadTimeoutOptions = {}): SpscRingBuffer {
    const op = "SpscRingBuffer.attach";
    const side = sideOf(role, op);
    const numbers: unknown = token?.millraceRing;
    if (!Array.isArray(numbers)) throw makeError("invalid_argument", { op, message: "this is no token of a ring." });
    for (let i = 0; i < 3; i++) block.values[i] = checkInteger(numbers[i], "the token's number", op);
    return SpscRingBuffer.#with(check(native.mr_ring_attach(), op), side, options, op);
  }

  /**
   * A ring in shared memory, found by its name by the processes of the job. It takes no end yet.
   * @throws ExistsError `exists`; as the constructor and `FastIOContext.create`
   */
  static publish(context: FastIOContext, name: string, options: RingOptions): SpscRingBuffer {
    const op = "SpscRingBuffer.publish";
    patienceOf(options, op);
    using allocation = context.create(ringBytes(options, op));
    const ring = new SpscRingBuffer(RingHandle.format(allocation.native, options, op), options);
    try {
      allocation.publish(name);
    } catch (error) {
      ring.close();
      throw error;
    }
    return ring;
  }

  /**
   * Takes an end of a published ring. What lies in shared memory is checked, not trusted.
   * @throws NotFoundError `not_found`; StateError `role_taken`; FormatError `corrupt`, `wrong_version`
   */
  static open(context: FastIOContext, name: string, role: RingRole, options: ReadTimeoutOptions = {}): SpscRingBuffer {
    const op = "SpscRingBuffer.open";
    const side = sideOf(role, op);
    using allocation = context.get(name);
    const { slot, generation } = allocation.native;
    return SpscRingBuffer.#with(check(native.mr_ring_open(slot, generation), op), side, options, op);
  }

  /** As `open`, as soon as the ring is published. */
  static async openAsync(
    context: FastIOContext,
    name: string,
    role: RingRole,
    options: ReadTimeoutOptions & LockAsyncOptions = {},
  ): Promise<SpscRingBuffer> {
    const { timeoutMs, signal } = options;
    using _published = await context.waitFor(name, { timeoutMs, signal });
    return SpscRingBuffer.open(context, name, role, options);
  }

  static #with(slot: number, side: Side, options: ReadTimeoutOptions, op: string): SpscRingBuffer {
    const handle = new RingHandle(slot);
    try {
      check(native.mr_ring_take(handle.slot, handle.generation, side), op);
      return new SpscRingBuffer(handle, options);
    } catch (error) {
      native.mr_ring_close(handle.slot, handle.generation);
      throw error;
    }
  }
}

switchable("SpscRingBuffer", SpscRingBuffer);

function optionsOf(
  first: RingOptions | number,
  second: ReadTimeoutOptions | string | undefined,
  third: Omit<RingOptions, "numBuffers" | "label"> | undefined,
  op: string,
): RingOptions {
  if (typeof first === "number" && !off("ring_positional"))
    return { ...third!, numBuffers: first, label: second as string };
  if (typeof first === "object" && first !== null) return first;
  throw makeError("invalid_argument", { op, message: `the options are ${String(first)}.` });
}
