import { expect, test } from "bun:test";
import { setImmediate } from "node:timers";
import { elementTypes } from "../../src/tensor/index.ts";
import { failsWith } from "./fails-with.ts";
import { Place } from "./job.ts";
import { Peer } from "./peer.ts";

test("a created allocation is private until it is published", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  using allocation = job.create(100);
  const seen = () => peer.run(({ job }) => [job.list(), job.has("x"), job.tryGet("x") === undefined]);
  expect(await seen()).toEqual([[], false, true]);
  allocation.publish("x");
  expect(await seen()).toEqual([["x"], true, false]);
});

test("a created allocation has the type and shape asked for, and no attributes", () => {
  using place = new Place();
  const job = place.open();
  for (const { name, size } of Object.values(elementTypes)) {
    using tensor = job.create({ dtype: name, shape: [2, 3] });
    expect(tensor).toMatchObject({ dtype: name, shape: [2, 3], byteLength: 6 * size, sizeInBytes: 6 * size });
    expect(tensor.attributes).toEqual({});
    expect(tensor.map()).toHaveLength(6);
  }
  using scalar = job.create({ dtype: "float64", shape: [] });
  expect(scalar).toMatchObject({ shape: [], sizeInBytes: 8 });
  using bytes = job.create(5);
  expect(bytes).toMatchObject({ dtype: "uint8", shape: [5], sizeInBytes: 5, memoryKind: "shared" });
});

test("an unpublished allocation dies with its creator", async () => {
  using place = new Place();
  const job = place.open();
  const peer = await Peer.join(job);
  await peer.run(({ job, kept }) => {
    kept["private"] = job.create(50_000);
  });
  expect(job.stats()).toMatchObject({ allocations: 1, bytes: 50_000 });
  await peer.kill();
  job.reap();
  expect(job.stats()).toMatchObject({ allocations: 0, recyclable: 0 });
});

test("a size that is no size is refused with its value", async () => {
  using place = new Place();
  const job = place.open();
  const sizes: unknown[] = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "8", 8n, null, undefined];
  for (const size of sizes) {
    const refusal = failsWith("invalid_argument", `the size in bytes is ${size}${typeof size === "bigint" ? "n" : ""}`);
    expect(() => job.create(size as number)).toThrow(refusal);
    await expect(job.createAsync(size as number)).rejects.toThrow(refusal);
  }
  const cases: Array<[string, readonly number[], string, string]> = [
    ["float32", [2, 0], "invalid_argument", "[2,0] has no elements"],
    ["float32", [2, -1], "invalid_shape", "axis 1 has no size yet"],
    ["float32", [2.5], "invalid_shape", "axis 0 is 2.5"],
    ["float64", [2 ** 30, 2 ** 30], "invalid_shape", "2^53"],
    ["float33", [1], "invalid_dtype", "float33"],
  ];
  for (const [dtype, shape, code, text] of cases) {
    expect(() => job.create({ dtype: dtype as "float32", shape })).toThrow(failsWith(code, text));
  }
  expect(job.stats().allocations).toBe(0);
});

test("more than there is room for is refused with both figures and the cure", async () => {
  using place = new Place();
  const job = place.open();
  for (const size of [2 ** 46, 2 ** 47]) {
    const refusal = expect.objectContaining({
      code: "no_space",
      retryable: true,
      message: expect.stringMatching(new RegExp(`${size}|${size + 4096}.*room for \\d+\\..*--shm-size`)),
    }) as unknown as Error;
    expect(() => job.create(size)).toThrow(refusal);
    await expect(job.createAsync(size)).rejects.toThrow(refusal);
  }
  expect(() => job.create(2 ** 52)).toThrow(failsWith("no_space", String(2 ** 52)));
  expect(job.stats()).toMatchObject({ allocations: 0, bytes: 0 });
});

test("memory is zeroed, also when it was used before, unless asked otherwise", () => {
  using place = new Place();
  const job = place.open();
  const fill = (value: number) => {
    using used = job.create(20_000, { uninitialized: true });
    used.map().fill(value);
  };
  fill(7);
  using zeroed = job.create(20_000);
  expect(zeroed.map().every((byte) => byte === 0)).toBe(true);
  fill(8);
  using dirty = job.create(20_000, { uninitialized: true });
  expect(dirty.map().every((byte) => byte === 8)).toBe(true);
});

test("memory that nobody holds is used again by its creator, up to the limit", () => {
  using place = new Place();
  const job = place.open("job", { recycleBytesMax: 100_000 });
  const [a, b, c] = [job.create(40_000), job.create(40_000), job.create(40_000)];
  for (const one of [a, b, c]) one.release();
  expect(job.stats()).toMatchObject({ allocations: 0, recyclable: 2, recyclableBytes: 2 * 40_960 });
  using _again = job.create(39_000);
  expect(job.stats()).toMatchObject({ allocations: 1, recyclable: 1 });
  // A quarter and a page may go unused, not more.
  using _small = job.create(10_000);
  expect(job.stats()).toMatchObject({ allocations: 2, recyclable: 1 });
});

test("memory of one job is never used in another", () => {
  using place = new Place();
  const [one, other] = [place.open("one"), place.open("other")];
  const secret = one.create(30_000);
  secret.map().fill(0x55);
  secret.release();
  expect(one.stats().recyclable).toBe(1);
  using fresh = other.create(30_000, { uninitialized: true });
  expect(fresh.map().includes(0x55)).toBe(false);
  expect(one.stats().recyclable).toBe(1);
});

test("the event loop turns while createAsync reserves memory", async () => {
  using place = new Place();
  const job = place.open();
  let turns = 0;
  setImmediate(() => turns++);
  using allocation = await job.createAsync({ dtype: "float32", shape: [1000, 1000] });
  expect(turns).toBeGreaterThan(0);
  expect(allocation).toMatchObject({ dtype: "float32", shape: [1000, 1000], sizeInBytes: 4_000_000 });
  expect(allocation.map()[999_999]).toBe(0);
});

test("closing the context while createAsync is under way gives the memory back", async () => {
  using place = new Place();
  const job = place.open();
  const other = place.open();
  const created = job.createAsync(10_000);
  job.close();
  await expect(created).rejects.toThrow(failsWith("closed"));
  expect(other.stats().allocations).toBe(0);
});
