import type { DArray, Stream } from "../cuda/index.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import type { DType } from "../tensor/index.ts";
import type { Batch } from "./batch.ts";
import { Bufferizer } from "./bufferizer.ts";
import type { Appendable } from "./filling.ts";
import { HookResults } from "./hook-results.ts";
import type { BufferizerOptions, Hook, WaitOptions } from "./options.ts";

/** When a group is ready: as soon as one of its buffers is full, or when all are. */
export const GroupReady = switchable("GroupReady", { Any: "any", All: "all" } as const);
export type GroupReady = (typeof GroupReady)[keyof typeof GroupReady];

/** One input of a group: a `Bufferizer`'s options, without the stream, which the group has. */
export type GroupInput<D extends DType = DType> = Omit<BufferizerOptions<D, Bufferizer<D>>, "stream">;

type DTypeOf<I> = I extends { readonly dtype: infer D extends DType } ? D : DType;

export interface BufferizerGroupOptions<I extends Readonly<Record<string, GroupInput>>, G> {
  /** By name, as the model calls them. */
  readonly inputs: I;
  /** Default `"all"`. */
  readonly ready?: GroupReady | undefined;
  /** Called with the group when it has become ready. It may return a promise, as the hooks of a `Bufferizer`. */
  readonly readyHook?: Hook<G> | undefined;
  readonly stream?: Stream | undefined;
}

/** The filled parts of all inputs, in place: what a model is given. Disposing it gives all of them back. */
export type GroupBatch<I> = { readonly [N in keyof I]: Batch<DTypeOf<I[N]>> } & { [Symbol.dispose](): void };

/**
 * Buffers for the inputs of one model, by name.
 *
 * ```ts
 * await using group = new BufferizerGroup({
 *   inputs: { image: { shape: [3, 224, 224], bufferSize: 8, dtype: "float32" }, size: { shape: [2], bufferSize: 8, dtype: "int64" } },
 * });
 * group.append({ image, size });
 * if (group.ready) { using batch = group.take(); await model.executeAsync(batch); }
 * ```
 */
export class BufferizerGroup<const I extends Readonly<Record<string, GroupInput>>>
  implements Disposable, AsyncDisposable
{
  /** The buffers by name, to be used by themselves too. */
  readonly inputs: { readonly [N in keyof I]: Bufferizer<DTypeOf<I[N]>> };
  readonly #members: readonly (readonly [name: string, member: Bufferizer])[];
  readonly #condition: GroupReady;
  readonly #hook: Hook<BufferizerGroup<I>> | undefined;
  readonly #results = new HookResults();
  /** Appends to several inputs are under way: the hook is called after the last. */
  #appending = false;
  #news = false;

  /** @throws as the constructor of `Bufferizer`; ArgumentError `invalid_argument` without inputs */
  constructor(options: BufferizerGroupOptions<I, BufferizerGroup<I>>) {
    const op = "BufferizerGroup";
    const { ready = GroupReady.All, readyHook, stream } = options;
    if (!Object.values<string>(GroupReady).includes(ready))
      throw makeError("invalid_argument", { op, message: `ready is ${JSON.stringify(ready)}, not "any" or "all".` });
    if (Object.keys(options.inputs).length === 0)
      throw makeError("invalid_argument", { op, message: "a group needs an input." });
    this.#condition = ready;
    this.#hook = readyHook;
    const members: (readonly [string, Bufferizer])[] = [];
    try {
      for (const [name, input] of Object.entries<GroupInput>(options.inputs)) {
        members.push([
          name,
          new Bufferizer({ ...input, stream } as BufferizerOptions<DType, Bufferizer>, () => this.#delivered()),
        ]);
      }
    } catch (error) {
      for (const [, member] of members) member.close();
      throw error;
    }
    this.#members = members;
    this.inputs = Object.freeze(Object.fromEntries(members)) as unknown as this["inputs"];
  }

  /**
   * Appends to several inputs, or to some: all of it is checked before any of it is copied.
   * @throws ArgumentError `unknown_input`, and what `Bufferizer.append` throws
   */
  append(elements: { readonly [N in keyof I]?: Appendable | undefined }): void {
    const checked = this.#checked(elements, true, "BufferizerGroup.append");
    this.#together(() => {
      for (const [member, element] of checked) member.append(element);
    });
  }

  /**
   * As `append`, and waits for each input as its `appendAsync` does. All is checked before any is copied; given up by the
   * signal or in time, inputs that did not have to wait have what was given to them.
   * @throws as `append`; DeadlineError `deadline`
   */
  async appendAsync(
    elements: { readonly [N in keyof I]?: Appendable | undefined },
    options: WaitOptions = {},
  ): Promise<void> {
    const checked = this.#checked(elements, false, "BufferizerGroup.appendAsync");
    let appends: Promise<void>[] = [];
    this.#together(() => {
      appends = checked.map(([member, element]) => member.appendAsync(element, options));
    });
    // All of them, so that none goes on behind the caller's back.
    for (const outcome of await Promise.allSettled(appends)) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** Whether the buffers are full: one of them with `ready: "any"`, else all. */
  get ready(): boolean {
    const isFull = ([, member]: readonly [string, Bufferizer]) => member.full;
    return this.#condition === GroupReady.Any || off("group_all")
      ? this.#members.some(isFull)
      : this.#members.every(isFull);
  }

  /**
   * What is filled of every input, in place, as `Bufferizer.take`; all or none.
   * @throws StateError `buffer_empty` with the input's name; CapacityError `buffer_busy`
   */
  take(): GroupBatch<I> {
    const op = "BufferizerGroup.take";
    this.#results.surface();
    const empty = this.#members.find(([, member]) => member.length === 0);
    if (empty !== undefined) throw makeError("buffer_empty", { op, message: `input "${empty[0]}" has no elements.` });
    const batches = this.#members.map(([name, member]) => [name, member.take()] as const);
    return {
      ...Object.fromEntries(batches),
      [Symbol.dispose]: () => {
        for (const [, batch] of batches) batch.close();
      },
    } as GroupBatch<I>;
  }

  /** The filled parts of all inputs as arrays: the memory itself. */
  get filled(): { readonly [N in keyof I]: DArray<DTypeOf<I[N]>> } {
    return Object.fromEntries(this.#members.map(([name, member]) => [name, member.filled])) as never;
  }

  /** The whole buffers as arrays, places without an element included: what a model with a fixed batch takes. */
  get darrays(): { readonly [N in keyof I]: DArray<DTypeOf<I[N]>> } {
    return Object.fromEntries(this.#members.map(([name, member]) => [name, member.darray])) as never;
  }

  /** Flushes all inputs. @throws as `Bufferizer.flush` */
  flush(value: number | bigint | boolean = 0): void {
    this.#results.surface();
    for (const [, member] of this.#members) member.flush(value);
  }

  /** Waits for promises of hooks, the inputs' and the group's. @throws as `Bufferizer.drain` */
  async drain(options: WaitOptions = {}): Promise<void> {
    for (const [, member] of this.#members) await member.drain(options);
    await this.#results.idle();
    this.#results.surface();
  }

  /** Closes all inputs. Twice is fine. */
  close(): void {
    for (const [, member] of this.#members) member.close();
    this.#results.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Drains, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#members.some(([, member]) => !member.closed)) await this.drain();
    } finally {
      this.close();
    }
  }

  /** The inputs that something is given for, when all of it could be appended. */
  #checked(elements: object, room: boolean, op: string): (readonly [member: Bufferizer, element: Appendable])[] {
    this.#results.surface();
    const given = Object.entries(elements as Record<string, Appendable | undefined>);
    const checked = given.flatMap(([name, element]) =>
      element === undefined ? [] : [[this.#member(name, op), element] as const],
    );
    if (!off("group_atomic")) for (const [member, element] of checked) member.check(element, room, op);
    return checked;
  }

  /** The ready hook is called after all of it. */
  #together(append: () => void): void {
    this.#appending = true;
    this.#news = false;
    try {
      append();
    } finally {
      this.#appending = false;
    }
    if (this.#news) this.#delivered();
  }

  /** An input's buffer is full. */
  #delivered(): void {
    this.#news = true;
    if (this.#appending || !this.ready || this.#hook === undefined) return;
    this.#results.follow(this.#hook(this));
  }

  #member(name: string, op: string): Bufferizer {
    const found = this.#members.find(([own]) => own === name);
    if (found !== undefined) return found[1];
    throw makeError("unknown_input", {
      op,
      message: `there is no input "${name}", only ${this.#members.map(([own]) => `"${own}"`).join(", ")}.`,
    });
  }
}

switchable("BufferizerGroup", BufferizerGroup);
