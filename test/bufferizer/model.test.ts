import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Batch, Bufferizer, FullPolicy } from "../../src/bufferizer/index.ts";
import { element, elements, held, make, numbersIn } from "./elements.ts";
import { type Here, places } from "./places.ts";

const bufferSize = 3;

/** What each policy comes to, with plain arrays: the elements held, the batches told of, the batches with a taker. */
class Model {
  held: number[] | undefined = [];
  readonly told: number[][] = [];
  delivered = false;
  /** Buffers that somebody has. */
  away = 0;
  readonly policy: FullPolicy;

  constructor(policy: FullPolicy) {
    this.policy = policy;
  }

  /** Whether all of it was appended; otherwise nothing. */
  append(numbers: readonly number[]): boolean {
    if (numbers.length === 0) return true;
    if (this.held === undefined || !this.#fits(numbers.length)) return false;
    if (this.policy === "dropOldest") {
      this.held = [...this.held, ...numbers].slice(-bufferSize);
      if (this.held.length === bufferSize) this.#tell();
      return true;
    }
    for (const [index, number] of numbers.entries()) {
      if (this.delivered && (this.policy === "autoFlush" || this.policy === "swap")) this.#empty();
      this.held.push(number);
      this.delivered = false;
      if (this.held.length === bufferSize) this.#tell();
      if (this.held === undefined && index < numbers.length - 1) throw new Error("nobody takes in the model");
    }
    return true;
  }

  take(): number[] | undefined {
    if (this.held === undefined || this.held.length === 0) return undefined;
    const taken = this.held;
    this.away++;
    this.#turn();
    return taken;
  }

  giveBack(): void {
    this.away--;
    if (this.held === undefined) this.#turn();
  }

  flush(): boolean {
    if (this.held === undefined) return false;
    this.#empty();
    return true;
  }

  #fits(count: number): boolean {
    if (this.policy === "autoFlush" || this.policy === "dropOldest") return true;
    const here = this.policy === "swap" && this.delivered ? 0 : bufferSize - this.held!.length;
    return count <= here + (this.policy === "swap" && this.away === 0 ? bufferSize : 0);
  }

  #turn(): void {
    this.held = this.away < (this.policy === "swap" ? 2 : 1) ? [] : undefined;
    this.delivered = false;
  }

  #empty(): void {
    this.held = [];
    this.delivered = false;
  }

  #tell(): void {
    this.told.push([...this.held!]);
    this.delivered = true;
  }
}

interface Under {
  readonly buffer: Bufferizer<"float32">;
  readonly told: number[][];
  readonly taken: Batch<"float32">[];
  next: number;
}

type Step = { readonly kind: "append" | "list" | "take" | "giveBack" | "flush" | "allocate"; readonly count: number };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("append", "append", "append", "list", "take", "giveBack", "flush", "allocate"),
  count: fc.integer({ min: 0, max: 8 }),
});

function succeeds(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch (error) {
    expect((error as { code?: string }).code).toMatch(/^buffer_(full|busy|empty)$/);
    return false;
  }
}

function perform({ kind, count }: Step, model: Model, under: Under): void {
  const { buffer, taken } = under;
  if (kind === "append" || kind === "list") {
    const numbers = Array.from({ length: count }, () => ++under.next);
    const given = kind === "list" || count === 0 ? numbers.map(element) : elements(...numbers);
    expect(succeeds(() => buffer.append(given))).toBe(model.append(numbers));
  } else if (kind === "take") {
    const wanted = model.take();
    expect(succeeds(() => taken.push(buffer.take()))).toBe(wanted !== undefined);
    if (wanted !== undefined) expect(numbersIn(taken.at(-1)!)).toEqual(wanted);
  } else if (kind === "giveBack") {
    if (taken.length === 0) return;
    taken.splice(count % taken.length, 1)[0]!.close();
    model.giveBack();
  } else if (kind === "flush") {
    expect(succeeds(() => buffer.flush())).toBe(model.flush());
  } else {
    for (const batch of taken.splice(0)) batch.close();
    while (model.away > 0) model.giveBack();
    buffer.allocate();
    model.flush();
  }
}

for (const { name, open } of places) {
  const numRuns = name === "host memory" ? 150 : 20;
  describe(`a bufferizer in ${name} behaves as arrays do`, () => {
    let here: Here;
    beforeAll(() => {
      here = open();
    });
    afterAll(() => here[Symbol.dispose]());
    test.each(["error", "autoFlush", "dropOldest", "wait", "swap"] as const)("with policy %s", (policy) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const told: number[][] = [];
          using buffer = make({
            stream: here.stream,
            bufferSize,
            fullPolicy: policy,
            bufferFullHook: (b) => void told.push(held(b)),
          });
          const under: Under = { buffer, told, taken: [], next: 0 };
          const model = new Model(policy);
          for (const one of steps) {
            perform(one, model, under);
            expect(held(buffer)).toEqual(model.held ?? []);
            expect(buffer.length).toBe(model.held?.length ?? 0);
            expect(told).toEqual(model.told);
          }
          for (const batch of under.taken) batch.close();
        }),
        { numRuns },
      );
    });
  });
}
