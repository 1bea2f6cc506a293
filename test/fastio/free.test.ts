import { expect, test } from "bun:test";
import type { FastIOAllocation } from "../../src/fastio/index.ts";
import { onLog } from "../../src/native/log.ts";
import { failsWith } from "./fails-with.ts";
import { Place } from "./job.ts";
import { Peer } from "./peer.ts";

test("release drops one reference, and the memory goes with the last", () => {
  using place = new Place();
  const job = place.open("job", { recycleBytesMax: 0 });
  const first = job.create(10_000);
  first.publish("x");
  const second = job.get("x");
  const view = second.getArray();
  first.release();
  expect(first.released).toBe(true);
  expect(job.stats().allocations).toBe(1);
  second.release();
  expect(job.list()).toEqual(["x"]);
  expect(job.stats().allocations).toBe(1);
  job.get("x").free();
  expect(job.stats().allocations).toBe(0);
  expect(view).toHaveLength(0);
  const unnamed = job.create(10);
  unnamed.release();
  expect(job.stats().allocations).toBe(0);
});

test("releasing or freeing twice is fine, using after it is closed", () => {
  using place = new Place();
  const job = place.open();
  const cases = [
    (allocation: FastIOAllocation) => allocation.release(),
    (allocation: FastIOAllocation) => allocation.free(),
    (allocation: FastIOAllocation) => allocation[Symbol.dispose](),
  ];
  for (const end of cases) {
    const allocation = job.create(16);
    const view = allocation.map();
    end(allocation);
    for (const again of cases) again(allocation);
    expect(view).toHaveLength(0);
    expect(() => allocation.map()).toThrow(failsWith("closed", "the allocation was released"));
    expect(() => allocation.publish("x")).toThrow(failsWith("closed"));
    expect(() => allocation.setTypeAndDimensions("uint8", [1])).toThrow(failsWith("closed"));
  }
});

test("free hides every name of the memory in the whole job at once", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  using other = job.create(1);
  other.publish("other");
  const memory = job.create(10);
  memory.publish("one");
  memory.publish("two");
  await peer.run(({ job }) => job.get("one").publish("three"));
  memory.free();
  const seen = await peer.run(({ job }) => [job.list(), job.has("one"), job.tryGet("three") === undefined]);
  expect(seen).toEqual([["other"], false, true]);
  expect(job.list()).toEqual(["other"]);
});

test("whoever got an allocation may free it", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  job.publishArray(new Uint8Array(10), "x");
  await peer.run(({ job }) => job.get("x").free());
  expect(job.has("x")).toBe(false);
  expect(job.stats().allocations).toBe(0);
});

test("references that exist when the memory is freed stay valid, for reading and for writing", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  job.publishArray(new Float32Array([1, 2]), "x");
  await peer.run(({ job, kept }) => {
    kept["before"] = job.get("x", { dtype: "float32" });
  });
  using mine = job.get("x", { dtype: "float32" });
  job.get("x").free();
  mine.map()[1] = 20;
  const seen = await peer.run(({ kept }) => [...(kept["before"] as FastIOAllocation<"float32">).getArray()]);
  expect(seen).toEqual([1, 20]);
});

test("freed memory gets no new names", async () => {
  using place = new Place();
  const job = place.open();
  using mine = job.create(10);
  mine.publish("x");
  job.get("x").free();
  expect(() => mine.publish("y")).toThrow(failsWith("freed", 'the memory of "y" was freed'));
  expect(job.list()).toEqual([]);
});

test("the memory goes with the last reference, in whichever process that is", async () => {
  using place = new Place();
  const job = place.open("job", { recycleBytesMax: 0 });
  await using peer = await Peer.join(job);
  const mine = job.create(10_000);
  mine.publish("x");
  await peer.run(({ job, kept }) => {
    kept["x"] = job.get("x");
  });
  mine.free();
  expect(job.stats()).toMatchObject({ allocations: 1, bytes: 10_000 });
  await peer.run(({ kept }) => (kept["x"] as FastIOAllocation).release());
  expect(job.stats()).toMatchObject({ allocations: 0, bytes: 0 });
  expect(place.left.filter((path) => path.includes("/s-"))).toEqual([]);
});

test("an allocation that is forgotten is reported, and its views stay valid", async () => {
  using place = new Place();
  const job = place.open();
  const warnings: string[] = [];
  const stop = onLog(({ level, message }) => {
    if (level === "warn") warnings.push(message);
  });
  const views = Array.from({ length: 50 }, (_, i) => {
    const view = job.create(1234).map();
    view[0] = i;
    return view;
  });
  for (let turn = 0; turn < 100 && warnings.length === 0; turn++) {
    Bun.gc(true);
    await Bun.sleep(1);
  }
  stop();
  expect(warnings[0]).toMatch(/^an allocation of 1234 bytes was collected without release/);
  expect(views.map((view) => view[0])).toEqual(Array.from({ length: 50 }, (_, i) => i));
});
