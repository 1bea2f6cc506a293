import { expect, test } from "bun:test";
import { readFileSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import { nativeOwnerOf } from "../../src/tensor/index.ts";
import { failsWith } from "./fails-with.ts";
import { Place } from "./job.ts";
import { Peer } from "./peer.ts";

test("what is written through map is in the memory itself, for everybody", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  using tensor = job.create({ dtype: "int32", shape: [3] });
  tensor.map().set([1, 2, 3]);
  tensor.publish("x");
  expect(await peer.run(({ job }) => [...job.get("x").getArray()].map(Number))).toEqual([1, 2, 3]);
  await peer.run(({ job }) => {
    job.get("x", { dtype: "int32" }).map()[2] = 30;
  });
  expect([...tensor.map(), ...tensor.getArray()]).toEqual([1, 2, 30, 1, 2, 30]);
});

test("a consumer that writes to what getArray gave changes nothing for anyone else", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  job.publishArray(new Float32Array([1, 2, 3]), "x");
  const mine = job.get("x", { dtype: "float32" });
  const wrote = await peer.run(({ job }) => {
    const array = job.get("x", { dtype: "float32" }).getArray();
    array.fill(9);
    job.get("x").getBytes()[0] = 1;
    return array[2];
  });
  expect(wrote).toBe(9);
  expect([...mine.map()]).toEqual([1, 2, 3]);
  mine.getArray().fill(8);
  expect([...mine.map()]).toEqual([1, 2, 3]);
  expect(await peer.run(({ job }) => [...job.get("x", { dtype: "float32" }).map()])).toEqual([1, 2, 3]);
});

test("a segment that is still published stays mapped for the next get", () => {
  using place = new Place();
  const job = place.open();
  job.publishArray(new Float32Array(5000), "x");
  const first = job.get("x");
  const { buffer } = first.getArray();
  first.release();
  using second = job.get("x");
  expect(second.getArray().buffer).toBe(buffer);
});

test("what a reader wrote to its own pages is forgotten when it releases", () => {
  using place = new Place();
  const job = place.open();
  job.publishArray(new Float32Array([1, 2]), "x");
  const first = job.get("x", { dtype: "float32" });
  first.getArray()[0] = 100;
  first.release();
  using second = job.get("x", { dtype: "float32" });
  expect([...second.getArray()]).toEqual([1, 2]);
});

test("recycled memory is never seen through an old mapping", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  for (let round = 1; round <= 20; round++) {
    using tensor = job.create({ dtype: "float64", shape: [600] });
    tensor.map().fill(round);
    tensor.publish("x");
    const seen = await peer.run(({ job }) => {
      const got = job.get("x", { dtype: "float64" });
      const array = got.getArray();
      const both = [array[0], array[599]];
      array.fill(-1);
      got.release();
      return both;
    });
    expect(seen).toEqual([round, round]);
    tensor.free();
  }
});

test("a range beyond the memory, or of no whole elements, is refused with the figures", () => {
  using place = new Place();
  const job = place.open();
  using tensor = job.create({ dtype: "float32", shape: [10] });
  tensor.map().set(Array.from({ length: 10 }, (_, i) => i));
  expect([...tensor.getArray({ offset: 8, length: 12 })]).toEqual([2, 3, 4]);
  expect([...tensor.map({ offset: 36 })]).toEqual([9]);
  expect(tensor.getArray({ length: 0 })).toHaveLength(0);
  expect(tensor.getBytes({ offset: 40 })).toHaveLength(0);
  const cases: Array<[{ offset?: number; length?: number }, string, string]> = [
    [{ offset: 36, length: 8 }, "out_of_bounds", "8 bytes at 36 reach beyond the 40 there are"],
    [{ offset: 44 }, "out_of_bounds", "at 44"],
    [{ length: 44 }, "out_of_bounds", "44 bytes at 0"],
    [{ offset: 2, length: 4 }, "invalid_argument", "offset 2"],
    [{ length: 6 }, "invalid_argument", "length 6"],
    [{ offset: -4 }, "invalid_argument", "offset is -4"],
    [{ length: 1.5 }, "invalid_argument", "length is 1.5"],
  ];
  for (const [window, code, text] of cases) {
    expect(() => tensor.map(window)).toThrow(failsWith(code, text));
    expect(() => tensor.getArray(window)).toThrow(failsWith(code, text));
  }
  expect(() => tensor.getBytes({ offset: 41, length: 0 })).toThrow(failsWith("out_of_bounds"));
});

test("typed arrays over the memory itself go to native code by reference, private ones do not", () => {
  using place = new Place();
  const job = place.open();
  const tensor = job.create({ dtype: "float32", shape: [100] });
  expect(nativeOwnerOf(tensor.map().subarray(10))).toMatchObject({ memoryKind: "shared", byteOffset: 40 });
  // The reader's private pages may differ from what was published, so they are copied as any other array is.
  expect(nativeOwnerOf(tensor.getArray())).toBeUndefined();
  const view = tensor.map({ offset: 80 });
  expect(nativeOwnerOf(view)).toMatchObject({ ...tensor.native, byteOffset: 80 });
  tensor.publish("x");
  tensor.release();
  expect(nativeOwnerOf(view)).toBeUndefined();
});

test("mappings stay out of core dumps, and private ones reserve nothing", () => {
  using place = new Place();
  const job = place.open();
  using tensor = job.create(100_000);
  tensor.map();
  tensor.getArray();
  // "700…-701… rw-s … /dev/shm/…/s-2", some lines of figures, "VmFlags: rd wr sh …".
  const mappings = readFileSync("/proc/self/smaps", "utf8").matchAll(
    /^\S+ rw-([sp]) [^/\n]*(\/\S+)\n(?:[A-Z].*\n)*?VmFlags: (.*)/gm,
  );
  const ours = [...mappings].filter(([, , path]) => path!.startsWith(place.dir) && path!.includes("/s-"));
  const flags = new Map(ours.map(([, kind, , text]) => [kind!, text!.trim().split(" ")]));
  expect([...flags.keys()].sort()).toEqual(["p", "s"]);
  expect(flags.get("s")).toContain("dd");
  expect(flags.get("p")).toContain("dd");
  expect(flags.get("p")).toContain("nr");
});

const big = 4.5 * 2 ** 30;
const { bavail, bsize } = statfsSync("/dev/shm");
const room = Math.min(bavail * bsize, freemem());

test.skipIf(room < 8 * 2 ** 30)("memory above 4 GiB is reached through windows", async () => {
  using place = new Place();
  const job = place.open("job", { recycleBytesMax: 0 });
  using tensor = (await job.createAsync(big)).setTypeAndDimensions("float64", [big / 8]);
  expect(() => tensor.map()).toThrow(failsWith("too_large", `${big} bytes`));
  expect(() => tensor.getBytes()).toThrow(failsWith("too_large"));
  const places = [0, 8, 2 ** 31 - 8, 2 ** 31, 2 ** 32 - 8, 2 ** 32, 2 ** 32 + 8, big - 8];
  for (const [index, offset] of places.entries()) tensor.map({ offset, length: 8 })[0] = index + 1;
  for (const [index, offset] of places.entries()) {
    expect([...tensor.getArray({ offset, length: 8 })]).toEqual([index + 1]);
    expect(tensor.getBytes({ offset: offset + 7, length: 1 })).toHaveLength(1);
  }
  // Ends beyond the fixed window that it begins in.
  const across = tensor.map({ offset: 2 ** 31 - 8, length: 2 ** 31 + 16 });
  expect([across[0], across[1], across.at(-2), across.at(-1)]).toEqual([3, 4, 5, 6]);
  const walked = new Set<ArrayBufferLike>();
  for (let offset = 0; offset < big; offset += 2 ** 22) walked.add(tensor.getArray({ offset, length: 2 ** 22 }).buffer);
  expect(walked.size).toBe(3);
  tensor.release();
  expect(across).toHaveLength(0);
});
