import { expect, test } from "bun:test";
import { FastIOContext } from "../../src/fastio/index.ts";
import { failsWith } from "./fails-with.ts";
import { Place } from "./job.ts";
import { Peer } from "./peer.ts";

test("processes that open the same name share one job", async () => {
  using place = new Place();
  const job = place.open("shared");
  await using peer = await Peer.join(job);
  job.publishArray(new Float32Array([1, 2, 3]), "here");
  expect(await peer.run(({ job }) => [...job.get("here", { dtype: "float32" }).getArray()])).toEqual([1, 2, 3]);
  await peer.run(({ job }) => job.publishArray(new Uint8Array([4]), "there"));
  expect([...job.get("there").getBytes()]).toEqual([4]);
  expect(job.stats().processes).toBe(2);
});

test("jobs of different names, and of different directories, know nothing of each other", () => {
  using place = new Place();
  using elsewhere = new Place();
  const jobs = [place.open("a"), place.open("b"), elsewhere.open("a")];
  jobs[0]!.publishArray(new Uint8Array(1), "x");
  expect(jobs.map((job) => job.list())).toEqual([["x"], [], []]);
});

test("one thread may open a job twice, and closing one leaves the other", () => {
  using place = new Place();
  const [one, two] = [place.open(), place.open()];
  one.publishArray(new Uint8Array([1]), "x");
  using allocation = two.get("x");
  const view = allocation.getArray();
  one.close();
  expect(view).toHaveLength(1);
  expect(two.list()).toEqual(["x"]);
});

test("each thread of a process opens the job for itself", async () => {
  using place = new Place();
  const job = place.open();
  job.publishArray(new Float32Array([1, 2]), "from the main thread");
  const worker = new Worker(new URL("./programs/thread.ts", import.meta.url).href);
  const answer = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.postMessage({ name: job.name, dir: job.dir });
  expect(await answer).toEqual({ values: [1, 2], processes: 1 });
  using got = await job.waitFor("from the worker", { dtype: "int32" });
  expect([...got.getArray()]).toEqual([7]);
  using mine = job.get("from the main thread", { dtype: "float32" });
  expect([...mine.getArray()]).toEqual([1, 2]);
  worker.terminate();
});

test("a view held after the context is closed has length 0", () => {
  using place = new Place();
  const job = place.open();
  const allocation = job.create({ dtype: "float32", shape: [1000] });
  allocation.publish("x");
  const released = job.get("x");
  const views = [allocation.map(), allocation.getArray(), allocation.getBytes(), allocation.map({ offset: 64 })];
  const last = released.getArray();
  released.release();
  expect([...views, last].map((view) => view.length)).toEqual([1000, 1000, 4000, 984, 1000]);
  job.close();
  expect([...views, last].map((view) => view.length)).toEqual([0, 0, 0, 0, 0]);
});

test("a closed context refuses everything, by name, and closing it again is fine", async () => {
  using place = new Place();
  const job = place.open("study");
  const allocation = job.create(16);
  job.close();
  job.close();
  expect(job.closed).toBe(true);
  const calls: Array<() => unknown> = [
    () => job.create(1),
    () => job.get("x"),
    () => job.tryGet("x"),
    () => job.publishArray(new Uint8Array(1), "x"),
    () => job.has("x"),
    () => job.list(),
    () => job.stats(),
    () => job.reap(),
  ];
  for (const call of calls) expect(call).toThrow(failsWith("closed", 'the context "study" was closed'));
  await expect(job.createAsync(1)).rejects.toThrow(failsWith("closed", "study"));
  await expect(job.waitFor("x")).rejects.toThrow(failsWith("closed", "study"));
  const uses = [
    () => allocation.map(),
    () => allocation.getArray(),
    () => allocation.getBytes(),
    () => allocation.publish("x"),
    () => allocation.setTypeAndDimensions("uint8", [1]),
    () => allocation.native,
  ];
  for (const use of uses) expect(use).toThrow(failsWith("closed", "the context was closed"));
  expect(allocation.released).toBe(true);
  allocation.release();
  allocation.free();
});

test("the last to close a job clears it from shared memory", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  job.publishArray(new Uint8Array(100_000), "x");
  const held = job.get("x");
  expect(held.released).toBe(false);
  job.close();
  expect(place.left).not.toEqual([]);
  expect(await peer.run(({ job }) => job.get("x").sizeInBytes)).toBe(100_000);
  await peer.run(({ job }) => job.close());
  expect(place.left).toEqual([]);
});

test("open refuses what cannot be a job", () => {
  using place = new Place();
  const { dir } = place;
  const cases: Array<[() => unknown, string, string]> = [
    [() => FastIOContext.open("", { dir }), "invalid_name", "the job's name is empty"],
    [() => FastIOContext.open("x".repeat(256), { dir }), "invalid_name", "256 bytes"],
    [() => FastIOContext.open("job", { dir: `${dir}/missing` }), "file_not_found", `${dir}/missing`],
    [() => FastIOContext.open("job", { dir: `/${"x".repeat(500)}` }), "invalid_argument", "more than 440 bytes"],
    [() => FastIOContext.open("job", { dir, recycleBytesMax: -1 }), "invalid_argument", "recycleBytesMax is -1"],
    [() => FastIOContext.open("job", { dir, recycleBytesMax: 0.5 }), "invalid_argument", "recycleBytesMax is 0.5"],
  ];
  for (const [call, code, text] of cases) expect(call).toThrow(failsWith(code, text));
  expect(place.left).toEqual([]);
});

test("what a killed process held goes back when somebody reaps", async () => {
  using place = new Place();
  const job = place.open();
  const peer = await Peer.join(job);
  await peer.run(({ job, kept }) => {
    job.publishArray(new Uint8Array([7]), "survives");
    job.publishArray(new Uint8Array(10), "held");
    kept["held"] = job.get("held");
  });
  job.get("held").free();
  expect(job.stats()).toMatchObject({ processes: 2, allocations: 2 });
  await peer.kill();
  expect(job.reap()).toBe(1);
  expect(job.reap()).toBe(0);
  expect(job.stats()).toMatchObject({ processes: 1, allocations: 1, recyclable: 0 });
  expect([...job.get("survives").getArray()]).toEqual([7]);
});

test("a job in which nobody lives is cleared on demand", async () => {
  using place = new Place();
  const peer = await Peer.join({ name: "dead", dir: place.dir });
  await peer.run(({ job }) => job.publishArray(new Uint8Array(10_000), "x"));
  expect(FastIOContext.reap({ dir: place.dir })).toBe(0);
  await peer.kill();
  expect(place.left).not.toEqual([]);
  expect(FastIOContext.reap({ dir: place.dir })).toBe(1);
  expect(place.left).toEqual([]);
});

test("stats count the job's publications, memory and copied bytes, in every process", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  const before = job.stats();
  expect(Object.values(before)).toEqual([0, 0, 0, 0, 0, 2, 0, 0, 0]);
  using scan = job.create(5000);
  scan.publish("scan");
  scan.publish("again");
  job.publishArray(new Float64Array(10), "copied");
  const after = { publications: 3, allocations: 2, bytes: 5080, bytesPublished: 10_080, bytesCopiedIn: 80 };
  expect(job.stats()).toMatchObject(after);
  expect(await peer.run(({ job }) => job.stats())).toEqual(job.stats());
});
