import { expect, test } from "bun:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import type { FastIOAllocation } from "../../src/fastio/index.ts";
import { failsWith } from "./fails-with.ts";
import { Place } from "./job.ts";
import { Peer } from "./peer.ts";

test("get gives a new reference with a copy of the metadata as it was published", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  using scan = job.create({ dtype: "int16", shape: [2, 3, 4] });
  scan.attributes = { spacingMm: [1, 0.7], name: "Größe" };
  scan.publish("scan");
  scan.setTypeAndDimensions("uint8", [48]);
  scan.attributes = { later: true };
  const seen = await peer.run(({ job }) => {
    const { dtype, shape, attributes, sizeInBytes } = job.get("scan");
    return { dtype, shape, attributes, sizeInBytes };
  });
  expect(seen).toEqual({
    dtype: "int16",
    shape: [2, 3, 4],
    attributes: { spacingMm: [1, 0.7], name: "Größe" },
    sizeInBytes: 48,
  });
  using got = job.get("scan");
  expect(got).not.toBe(scan);
  expect(got.shape).toEqual([2, 3, 4]);
});

test("setTypeAndDimensions changes what one reference says, not what others say or was published", () => {
  using place = new Place();
  const job = place.open();
  using made = job.create({ dtype: "float32", shape: [6] });
  made.publish("x");
  using got = job.get("x");
  expect(got.setTypeAndDimensions("u8" as "uint8", [2, 3])).toBe(got as FastIOAllocation as never);
  expect(got).toMatchObject({ dtype: "uint8", shape: [2, 3], byteLength: 6, sizeInBytes: 24 });
  expect(got.getArray()).toBeInstanceOf(Uint8Array);
  expect(made).toMatchObject({ dtype: "float32", shape: [6] });
  using again = job.get("x");
  expect(again).toMatchObject({ dtype: "float32", shape: [6] });
});

test("type and dimensions that need more than the memory has are refused with both figures", () => {
  using place = new Place();
  const job = place.open();
  using memory = job.create(100);
  memory.setTypeAndDimensions("float32", [25]);
  expect(() => memory.setTypeAndDimensions("float32", [26])).toThrow(
    failsWith("wrong_size", "float32 [26] needs 104 bytes, the allocation has 100"),
  );
  expect(() => memory.setTypeAndDimensions("float32", [-1])).toThrow(failsWith("invalid_shape"));
  expect(() => memory.setTypeAndDimensions("text" as "uint8", [1])).toThrow(failsWith("invalid_dtype"));
  expect(memory).toMatchObject({ dtype: "float32", shape: [25] });
  memory.setTypeAndDimensions("uint8", new Array(17).fill(1));
  expect(() => memory.publish("x")).toThrow(failsWith("invalid_shape", "17 dimensions exceed the 16"));
  memory.setTypeAndDimensions("uint8", new Array(16).fill(1));
  memory.publish("x");
  using got = job.get("x");
  expect(got.shape).toEqual(new Array(16).fill(1));
});

test("whoever got an allocation may publish it again under another name", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  job.publishArray(new Float32Array([1, 2, 3, 4]), "x");
  await peer.run(({ job }) => {
    job
      .get("x")
      .setTypeAndDimensions("float32", [2, 2])
      .publish("square", { attributes: { by: "peer" } });
  });
  using square = job.get("square", { dtype: "float32" });
  expect(square).toMatchObject({ shape: [2, 2], attributes: { by: "peer" } });
  square.map()[0] = 10;
  using x = job.get("x", { dtype: "float32" });
  expect([...x.getArray()]).toEqual([10, 2, 3, 4]);
  expect(x.shape).toEqual([4]);
});

test("a name that is published already is refused", () => {
  using place = new Place();
  const job = place.open();
  job.publishArray(new Uint8Array([1]), "x");
  expect(() => job.publishArray(new Uint8Array([2]), "x")).toThrow(failsWith("exists", '"x" is published already'));
  using mine = job.create(4);
  expect(() => mine.publish("x")).toThrow(failsWith("exists", "replace: true"));
  expect([...job.get("x").getBytes()]).toEqual([1]);
  expect(job.list()).toEqual(["x"]);
});

test("replace shows the new memory and leaves references to the old valid", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  job.publishArray(new Float32Array([1, 2]), "x");
  await peer.run(({ job, kept }) => {
    kept["old"] = job.get("x", { dtype: "float32" });
  });
  job.publishArray(new Float64Array([3]), "x", { replace: true });
  expect(job.get("x").dtype).toBe("float64");
  const old = await peer.run(({ kept }) => {
    const reference = kept["old"] as FastIOAllocation<"float32">;
    return { values: [...reference.getArray()], shape: reference.shape };
  });
  expect(old).toEqual({ values: [1, 2], shape: [2] });
  expect(await peer.run(({ job }) => [...job.get("x", { dtype: "float64" }).getArray()])).toEqual([3]);
  expect(job.stats()).toMatchObject({ publications: 1, allocations: 2 });
});

test("a name that nobody published is an error for get, and undefined for tryGet", () => {
  using place = new Place();
  const job = place.open();
  expect(() => job.get("missing")).toThrow(failsWith("not_found", 'nothing is published as "missing"'));
  expect(job.tryGet("missing")).toBeUndefined();
  job.publishArray(new Uint8Array([5]), "there");
  expect(job.tryGet("there")?.getBytes()[0]).toBe(5);
});

test("get checks the element type that it is given", () => {
  using place = new Place();
  const job = place.open();
  job.publishArray(new Float32Array(1), "x");
  expect(job.get("x", { dtype: "float32" }).dtype).toBe("float32");
  expect(job.get("x", { dtype: "f32" as "float32" }).dtype).toBe("float32");
  for (const get of [job.get, job.tryGet]) {
    expect(() => get.call(job, "x", { dtype: "int32" })).toThrow(failsWith("wrong_dtype", '"x" is float32, not int32'));
  }
  expect(() => job.get("x", { dtype: "number" as "float32" })).toThrow(failsWith("invalid_dtype"));
});

test("publishArray allocates, describes, copies and publishes in one call", () => {
  using place = new Place();
  const job = place.open();
  const array = new Float32Array([1, 2, 3, 4, 5, 6]);
  job.publishArray({ data: array, shape: [2, 3] }, "x", { attributes: { unit: "mm" } });
  array.fill(0);
  using x = job.get("x");
  expect(x).toMatchObject({ dtype: "float32", shape: [2, 3], sizeInBytes: 24, attributes: { unit: "mm" } });
  expect([...x.getArray()].map(Number)).toEqual([1, 2, 3, 4, 5, 6]);
  job.publishArray(new DataView(new ArrayBuffer(8)), "raw", { dtype: "int32", shape: [1, 2] });
  expect(job.get("raw")).toMatchObject({ dtype: "int32", shape: [1, 2] });
  job.publishArray(new Float32Array(0), "empty");
  expect(job.get("empty")).toMatchObject({ shape: [0], byteLength: 0 });
  job.publishArray(x, "copy");
  expect([...job.get("copy").getBytes()]).toEqual([...x.getBytes()]);
  expect(() => job.publishArray(Buffer.alloc(4), "untyped")).toThrow(failsWith("invalid_dtype"));
  expect(job.list()).toEqual(["copy", "empty", "raw", "x"]);
});

test("attributes travel with the publication", () => {
  using place = new Place();
  const job = place.open();
  using x = job.create(1);
  x.attributes = { own: 1 };
  x.publish("own");
  x.publish("given", { attributes: { given: [1, { deep: null }] } });
  expect(x.attributes).toEqual({ given: [1, { deep: null }] });
  expect(job.get("own").attributes).toEqual({ own: 1 });
  expect(job.get("given").attributes).toEqual({ given: [1, { deep: null }] });
});

test("attributes are JSON of at most 4096 bytes", () => {
  using place = new Place();
  const job = place.open();
  using x = job.create(1);
  const sized = (bytes: number) => ({ a: "x".repeat(bytes - '{"a":""}'.length) });
  x.attributes = sized(4096);
  x.publish("x");
  expect(job.get("x").attributes).toEqual(sized(4096));
  expect(() => x.publish("y", { attributes: sized(4097) })).toThrow(failsWith("attributes_too_large", "4097 bytes"));
  expect(() => {
    x.attributes = { a: "ü".repeat(2050) };
  }).toThrow(failsWith("attributes_too_large", "4108 bytes"));
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  for (const attributes of [circle, { big: 1n }, [1], "text"] as never[]) {
    expect(() => x.publish("y", { attributes })).toThrow(failsWith("invalid_argument", "no JSON object"));
  }
  expect(job.list()).toEqual(["x"]);
});

test("whatever is published, replaced and freed, the job shows what a map of names would", () => {
  using place = new Place();
  const name = fc.constantFrom("a", "b", "c", "d", "é", "x".repeat(255));
  const step = fc.oneof(
    fc.record({ do: fc.constant("publish"), name, replace: fc.boolean() }),
    fc.record({ do: fc.constant("alias"), name, as: name }),
    fc.record({ do: fc.constant("free"), name }),
    fc.record({ do: fc.constant("hold"), name }),
  );
  const run = (steps: readonly { do: string; name: string; as?: string; replace?: boolean }[]) => {
    const job = place.open();
    const model = new Map<string, number>();
    const held: Array<[FastIOAllocation, number]> = [];
    for (const [value, { do: what, name, as, replace }] of steps.entries()) {
      const shown = model.get(name);
      if (what === "publish") {
        const publish = () => job.publishArray(new Float64Array([value]), name, { replace });
        if (shown !== undefined && !replace) expect(publish).toThrow(failsWith("exists"));
        else {
          publish();
          model.set(name, value);
        }
      } else if (shown === undefined) {
        expect(() => job.get(name)).toThrow(failsWith("not_found"));
      } else if (what === "alias") {
        using got = job.get(name);
        got.publish(as!, { replace: true });
        model.set(as!, shown);
      } else if (what === "free") {
        job.get(name).free();
        for (const [other, at] of model) if (at === shown) model.delete(other);
      } else held.push([job.get(name), shown]);
      expect(job.list()).toEqual([...model.keys()].sort());
    }
    for (const [name, value] of model) {
      using got = job.get(name);
      expect([...got.getArray()].map(Number)).toEqual([value]);
    }
    for (const [got, value] of held) expect([...got.getArray()].map(Number)).toEqual([value]);
    const alive = new Set([...model.values(), ...held.map(([, value]) => value)]);
    expect(job.stats()).toMatchObject({ publications: model.size, allocations: alive.size });
    job.close();
  };
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), run), { numRuns: 60 });
});

test("while one process replaces, another reads old or new, never a mix", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  let writing = true;
  const written = peer
    .run(({ job }) => {
      for (let round = 1; round <= 1500; round++) {
        const data = new Float64Array(1 + (round % 50)).fill(round);
        job.publishArray(data, "x", { replace: true, attributes: { round } });
        if (round % 100 === 0) job.get("x").free();
      }
    })
    .finally(() => {
      writing = false;
    });
  let reads = 0;
  while (writing) {
    await setImmediate();
    for (let turn = 0; turn < 20; turn++) {
      using got = job.tryGet("x", { dtype: "float64" });
      if (got === undefined) continue;
      const round = got.attributes["round"] as number;
      expect([got.shape, new Set(got.getArray())]).toEqual([[1 + (round % 50)], new Set([round])]);
      reads++;
    }
  }
  await written;
  expect(reads).toBeGreaterThan(0);
  expect(job.stats()).toMatchObject({ publications: 0, allocations: 0 });
});
