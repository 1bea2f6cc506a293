import { expect, test } from "bun:test";
import fc from "fast-check";
import { failsWith } from "./fails-with.ts";
import { Place } from "./job.ts";

test("a name is 1 to 255 bytes of UTF-8 without NUL", async () => {
  using place = new Place();
  const job = place.open();
  using memory = job.create(1);
  const good = ["x", "a/b\\c", ".", "..", " ", "x".repeat(255), "ü".repeat(127), "😀".repeat(63), "\n", "\u{10ffff}"];
  for (const name of good) {
    memory.publish(name);
    expect(job.get(name).sizeInBytes).toBe(1);
  }
  expect(job.list()).toEqual(good.sort());
  const bad: Array<[unknown, string]> = [
    ["", "the name is empty"],
    ["a\0", "contains NUL"],
    ["\ud800", "half a surrogate pair"],
    ["x\udc00y", "half a surrogate pair"],
    ["x".repeat(256), "256 bytes"],
    ["ü".repeat(128), "256 bytes"],
    ["😀".repeat(64), "256 bytes"],
    [7, "the name is 7"],
    [undefined, "the name is undefined"],
  ];
  for (const [name, text] of bad as Array<[string, string]>) {
    const refusal = failsWith("invalid_name", text);
    expect(() => memory.publish(name)).toThrow(refusal);
    expect(() => job.get(name)).toThrow(refusal);
    expect(() => job.tryGet(name)).toThrow(refusal);
    expect(() => job.has(name)).toThrow(refusal);
    await expect(job.waitFor(name)).rejects.toThrow(refusal);
    expect(() => job.publishArray(new Uint8Array(1), name)).toThrow(refusal);
  }
  expect(job.stats()).toMatchObject({ publications: good.length, allocations: 1 });
});

test("any text that fits is published, listed and found as it was given", () => {
  using place = new Place();
  const names = fc.uniqueArray(
    fc.string({ unit: "binary", minLength: 1, maxLength: 60 }).filter((name) => !name.includes("\0")),
    { maxLength: 30 },
  );
  const run = (texts: string[]) => {
    const job = place.open();
    for (const [index, text] of texts.entries()) job.publishArray(new Uint16Array([index]), text);
    expect(job.list()).toEqual(texts.sort());
    const found = texts.map((text) => [text, job.has(text), job.get(text).dtype]);
    expect(found).toEqual(texts.map((text) => [text, true, "uint16"]));
    job.close();
  };
  fc.assert(fc.property(names, run), { numRuns: 20 });
});

test("has tells whether a name is published now", () => {
  using place = new Place();
  const job = place.open();
  expect(job.has("x")).toBe(false);
  job.publishArray(new Uint8Array(1), "x");
  expect([job.has("x"), job.has("X"), job.has("x ")]).toEqual([true, false, false]);
  job.get("x").free();
  expect(job.has("x")).toBe(false);
});

test("list gives all names, sorted, however many there are", () => {
  using place = new Place();
  const job = place.open();
  using memory = job.create(1);
  const names = Array.from({ length: 1000 }, (_, i) => `${"name ".repeat(i % 40)}${i * 7919}`);
  for (const name of names) memory.publish(name);
  expect(job.list()).toEqual(names.sort());
});

test("a full table of publications says how many it holds, and has room again after a free", () => {
  using place = new Place();
  const job = place.open();
  using first = job.create(1);
  using rest = job.create(1);
  first.publish("first");
  for (let i = 1; i < 8192; i++) rest.publish(`name ${i}`);
  expect(() => rest.publish("one more")).toThrow(failsWith("table_full", "8192 publications"));
  expect(job.stats().publications).toBe(8192);
  job.get("first").free();
  rest.publish("one more");
  expect(job.has("one more")).toBe(true);
  rest.free();
  expect(job.list()).toEqual([]);
});
