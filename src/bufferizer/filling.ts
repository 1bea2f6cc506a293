import { makeError } from "../native/error.ts";
import type { DType, TensorInput } from "../tensor/index.ts";
import { type Form, one, type Source } from "./form.ts";
import type { Half } from "./half.ts";
import { Halves } from "./halves.ts";
import { BatchIntake, type Intake, ListIntake } from "./intake.ts";
import { FullPolicy, type WaitOptions } from "./options.ts";
import { Room } from "./room.ts";
import { zeroStats } from "./stats.ts";
import type { Storage } from "./storage.ts";
import { until } from "./until.ts";
import { type Waiter, WaitingLine } from "./waiting.ts";

/** What one or several tensors are, to be appended. */
export type Appendable = TensorInput | readonly TensorInput[];

function isList(element: Appendable): element is readonly TensorInput[] {
  return Array.isArray(element);
}

/** What happens beside the filling itself. */
export interface FillingEvents {
  /** So many elements are in `half` now; `single` when they came as one element. */
  appended(half: Half, single: boolean): void;
  /** The policy wants the buffer flushed. */
  flush(): void;
  /** Whether anybody is told of a full buffer. */
  hooked(): boolean;
}

/** Takes elements into the buffers, as the policy says, and keeps those waiting for which there is no room. */
export class Filling<D extends DType = DType> {
  readonly form: Form<D>;
  readonly halves: Halves<D>;
  readonly line: WaitingLine;
  readonly stats = zeroStats();
  readonly #policy: FullPolicy;
  readonly #events: FillingEvents;
  readonly #room: Room<D>;

  constructor(
    form: Form<D>,
    capacity: number,
    policy: FullPolicy,
    allocate: (form: Form<D>, slots: number) => Storage<D>,
    events: FillingEvents,
  ) {
    this.form = form;
    this.#policy = policy;
    this.#events = events;
    // A window that slides has room to slide in, so that its elements move once for each time the buffer was filled.
    const slots = policy === FullPolicy.DropOldest ? 2 * capacity : capacity;
    const count = policy === FullPolicy.Swap ? 2 : 1;
    this.halves = new Halves(
      { count, capacity, slots },
      () => allocate(form, slots),
      () => this.line.serve(),
    );
    this.#room = new Room(policy, this.halves, () => events.flush());
    this.line = new WaitingLine((waiter) => this.#serve(waiter));
  }

  /** A single tensor, or a list, or a batch. */
  append(element: Appendable, op: string): void {
    if (isList(element)) return this.#put(this.#list(element, op), false, op);
    const source = this.form.read(element, op);
    this.put(source, this.form.count(source, op), op);
  }

  /** @param count as `Form.count` gives it */
  put(source: Source, count: number, op: string): void {
    const single = count === one;
    const elements = single ? 1 : count;
    const half = this.halves.current;
    // What nearly all appends are: one copy, and nothing made for it.
    const plain = half !== undefined && elements <= half.remaining && !half.delivered && !half.busy;
    if (!plain || this.line.length > 0) {
      this.form.requireOpen(source, op);
      return this.#put(new BatchIntake(source, elements), single, op);
    }
    if (elements === 0) return;
    half.reserve(elements);
    half.write(0, source, 0, elements);
    half.count += elements;
    this.#filled(half, elements, single);
  }

  /** Throws what `append` would, before anything is copied; without `room`, what `appendAsync` would. */
  check(element: Appendable, room: boolean, op: string): void {
    const { left } = this.#intake(element, op).intake;
    if (!room) return;
    if (this.line.length > 0 || !this.#room.fits(left, this.#events.hooked())) throw this.#refusal(left, op);
  }

  async appendAsync(element: Appendable, options: WaitOptions, op: string): Promise<void> {
    const { intake, single } = this.#intake(element, op);
    let waiter: Waiter | undefined;
    await until(
      async () => {
        if (this.line.length === 0) this.#advance(intake, single);
        if (intake.left === 0) return;
        if (this.#room.refusesForGood) throw this.#refusal(intake.left, op);
        this.stats.waits++;
        waiter = this.line.join(intake, single);
        return waiter.settle.promise;
      },
      options,
      op,
      () => waiter && this.line.leave(waiter),
    );
  }

  #intake(element: Appendable, op: string): { intake: Intake; single: boolean } {
    if (isList(element)) return { intake: this.#list(element, op), single: false };
    const source = this.form.read(element, op);
    const count = this.form.count(source, op);
    this.form.requireOpen(source, op);
    return { intake: new BatchIntake(source, Math.abs(count)), single: count === one };
  }

  /** @throws ArgumentError as `append`: nothing of a list is appended unless all of it can be. */
  #list(elements: readonly TensorInput[], op: string): ListIntake {
    return new ListIntake(
      elements.map((element, index) => {
        const where = `${op} element ${index}`;
        const source = this.form.read(element, where);
        this.form.requireOpen(source, where);
        if (this.form.count(source, where) === one) return source;
        throw makeError("wrong_shape", {
          op,
          message: `element ${index} of the list is a batch.`,
          hint: "Pass a list of single elements, or one batch.",
        });
      }),
    );
  }

  #put(intake: Intake, single: boolean, op: string): void {
    if (intake.left === 0) return;
    const asked = intake.left;
    if (this.line.length > 0 || !this.#room.fits(asked, this.#events.hooked())) throw this.#refusal(asked, op);
    this.#advance(intake, single);
    if (intake.left > 0) throw this.#refusal(intake.left, op, asked);
  }

  /** Appends as much as there is room for, in pieces where hooks make room between them. */
  #advance(intake: Intake, single: boolean): void {
    while (intake.left > 0) {
      const half = this.#room.next(intake.left);
      if (half === undefined) return;
      let count = Math.min(intake.left, half.remaining);
      if (this.#policy === FullPolicy.DropOldest) count = this.#makeWay(half, intake);
      if (count === 0) return;
      intake.put(half, count);
      this.#filled(half, count, single);
    }
  }

  /** Drops what is in the way of the latest elements, those of the intake included; how many of it go in. */
  #makeWay(half: Half<D>, intake: Intake): number {
    const before = Math.max(0, intake.left - half.capacity);
    intake.skip(before);
    const oldest = Math.max(0, intake.left - half.remaining);
    half.dropOldest(oldest);
    this.stats.dropped += before + oldest;
    return intake.left;
  }

  #filled(half: Half<D>, count: number, single: boolean): void {
    half.delivered = false;
    this.stats.appends += count;
    this.stats.bytesCopied += count * this.form.bytes;
    this.#events.appended(half, single);
  }

  #serve({ intake, single }: Waiter): boolean {
    this.#advance(intake, single);
    if (intake.left > 0 && this.#room.refusesForGood) throw this.#refusal(intake.left, "Bufferizer.appendAsync");
    return intake.left === 0;
  }

  /** Why `left` elements cannot be appended now; `asked` when some of them were. */
  #refusal(left: number, op: string, asked = left): Error {
    if (this.halves.closed) return makeError("closed", { op, message: "a hook closed the bufferizer." });
    const half = this.halves.current;
    const some = asked > left ? ` ${asked - left} of ${asked} were appended.` : "";
    if (half === undefined || half.busy) {
      const who = half === undefined ? "a batch was taken and not given back" : "a hook's promise is pending";
      return makeError("buffer_busy", { op, message: `the buffer's memory is in use: ${who}.${some}` });
    }
    const waiting = this.line.length > 0 ? `, and ${this.line.length} appends wait` : "";
    return makeError("buffer_full", {
      op,
      message: `${left} elements do not fit: ${half.count} of ${half.capacity} places are taken${waiting}.${some}`,
    });
  }
}
