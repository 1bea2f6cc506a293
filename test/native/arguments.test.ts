import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { FastIOContext, FastIOEntry, IOAccess } from "../../src/fastio/index.ts";
import { ArgumentError } from "../../src/index.ts";
import { ModelRunner } from "../../src/runner/index.ts";
import { Shape, TensorMemory, TensorMemoryView } from "../../src/tensor/index.ts";
import { SharedMemory } from "./child.ts";

const model = join(import.meta.dir, "../fixtures/models/identity-float32.onnx");

// The FFI would make 0, 5, a large number, 1 or nothing of these.
const noIntegers: unknown[] = [
  Number.NaN,
  -1,
  1.5,
  2 ** 53,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e300,
  "8",
  8n,
  null,
  true,
  {},
];
/** Integers that the FFI would cut to 32 bits: 5 and 4. */
const cutShort = [2 ** 32 + 5, 2 ** 32 + 4];

const memory = new SharedMemory();
let job: FastIOContext;

beforeAll(() => {
  job = FastIOContext.open("arguments", { dir: memory.dir });
});
afterAll(() => {
  job.close();
  memory[Symbol.dispose]();
});

function entry(): FastIOEntry {
  const declaration = { name: "entry", type: "array", elementType: "float32", shape: [2, -1] };
  return new FastIOEntry(job, declaration, { access: IOAccess.ReadWrite });
}

/** Every place where a user gives an integer. `null` stands for what the type forbids; undefined is the default. */
const places: Record<string, (value: number) => unknown> = {
  "TensorMemory(size)": (value) => new TensorMemory(value),
  "TensorMemoryView(data, size)": (value) => new TensorMemoryView(new Uint8Array(8), value),
  "Shape.byteSize": (value) => Shape.byteSize("uint8", [value]),
  "open({ recycleBytesMax })": (value) =>
    FastIOContext.open("other", { dir: memory.dir, recycleBytesMax: value }).close(),
  "create(size)": (value) => job.create(value).release(),
  "create({ shape })": (value) => job.create({ dtype: "float32", shape: [value, 2] }).release(),
  "createAsync(size)": async (value) => (await job.createAsync(value)).release(),
  "waitFor({ timeoutMs })": async (value) => await job.waitFor("never", { timeoutMs: value }),
  setTypeAndDimensions: (value) => {
    using allocation = job.create(8);
    allocation.setTypeAndDimensions("uint8", [value]);
  },
  "map({ offset })": (value) => {
    using allocation = job.create(8);
    allocation.map({ offset: value });
  },
  "map({ length })": (value) => {
    using allocation = job.create(8);
    allocation.map({ length: value });
  },
  "getBytes({ offset, length })": (value) => {
    using allocation = job.create(8);
    allocation.getBytes({ offset: value, length: value });
  },
  "updateShape, axis": (value) => entry().updateShape([value], [1]),
  "updateShape, size": (value) => entry().updateShape([1], [value]),
  "load({ maxQueueSize })": async (value) => (await ModelRunner.load(model, { maxQueueSize: value })).close(),
  "load({ engine: { threads } })": async (value) =>
    (await ModelRunner.load(model, { engine: { threads: value } })).close(),
};
// Undefined and null both leave a window's member out, as an optional chain does.
const nullIsDefault = new Set([
  "open({ recycleBytesMax })",
  "map({ offset })",
  "map({ length })",
  "getBytes({ offset, length })",
]);
// Where such a number is a legal size that a large machine would grant.
const legalWhenLarge = new Set([
  "open({ recycleBytesMax })",
  "Shape.byteSize",
  "create(size)",
  "create({ shape })",
  "createAsync(size)",
  "updateShape, size",
]);

async function failureOf(place: string, value: unknown): Promise<unknown> {
  try {
    await places[place]!(value as number);
  } catch (error) {
    return error;
  }
  return "accepted";
}

describe("an integer that is none, or too large", () => {
  const cases = Object.keys(places).flatMap((place) => [
    ...noIntegers
      .filter((value) => value !== null || !nullIsDefault.has(place))
      .map((value) => [place, value] as const),
    ...(legalWhenLarge.has(place) ? [] : cutShort.map((value) => [place, value] as const)),
  ]);

  test.each(cases)("%s refuses %p and says so", async (place, value) => {
    const failure = await failureOf(place, value);
    expect(failure).toBeInstanceOf(ArgumentError);
    const { message, hint, op } = failure as ArgumentError;
    expect(message).toStartWith(`${op}: `);
    expect(message).toEndWith(hint);
    if (typeof value === "number" || typeof value === "bigint") expect(message).toContain(String(value));
  });
});

test("what is refused leaves nothing behind", () => {
  expect(job.stats()).toMatchObject({ allocations: 0, publications: 0 });
});
