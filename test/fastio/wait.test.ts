import { expect, test } from "bun:test";
import { setTimeout } from "node:timers/promises";
import { failsWith } from "./fails-with.ts";
import { Place } from "./job.ts";
import { Peer } from "./peer.ts";

/** What a promise came to, or "pending" when that takes more than two seconds. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  const given = promise.then(
    () => "fulfilled",
    (error) => error.code ?? error,
  );
  return Promise.race([given, setTimeout(2000, "pending", { ref: false })]);
}

test("waitFor gives what is there at once", async () => {
  using place = new Place();
  const job = place.open();
  job.publishArray(new Float32Array([1]), "x");
  using got = await job.waitFor("x", { dtype: "float32", timeoutMs: 0 });
  expect([...got.getArray()]).toEqual([1]);
});

test("waitFor resolves when another process publishes, before and after this one has gone to sleep", async () => {
  using place = new Place();
  const job = place.open();
  await using peer = await Peer.join(job);
  for (const [name, delay] of [["soon", 0] as const, ["late", 150] as const]) {
    const waiting = job.waitFor(name, { dtype: "int32" });
    await setTimeout(delay);
    await peer.run(({ job }, name) => job.publishArray(new Int32Array([3, 4]), name), name);
    expect(await outcome(waiting)).toBe("fulfilled");
    expect([...(await waiting).getArray()]).toEqual([3, 4]);
  }
});

test("waitFor resolves in this process too, once for each that waits", async () => {
  using place = new Place();
  const job = place.open();
  const waiting = ["a", "b", "a", "c"].map((name) => job.waitFor(name));
  for (const name of ["c", "a", "b"]) {
    await setTimeout(20);
    job.publishArray(new Uint8Array(1), name);
  }
  expect(await Promise.all(waiting.map(outcome))).toEqual(new Array(4).fill("fulfilled"));
});

test("waitFor gives up at its deadline, and says after how long", async () => {
  using place = new Place();
  const job = place.open();
  expect(await outcome(job.waitFor("never", { timeoutMs: 30 }))).toBe("deadline");
  await expect(job.waitFor("never", { timeoutMs: 1 })).rejects.toThrow(failsWith("deadline", '"never" within 1 ms'));
  job.publishArray(new Uint8Array(1), "never");
});

test("what was published while the event loop was held up still counts at the deadline", async () => {
  using place = new Place();
  const job = place.open();
  const waiting = job.waitFor("x", { timeoutMs: 5 });
  job.publishArray(new Uint8Array(1), "x");
  Bun.sleepSync(20);
  expect(await outcome(waiting)).toBe("fulfilled");
});

test("waitFor rejects with its signal's reason", async () => {
  using place = new Place();
  const job = place.open();
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = job.waitFor("x", { signal: controller.signal, timeoutMs: 60_000 });
  controller.abort(reason);
  expect(await outcome(waiting)).toBe(reason);
  expect(await outcome(job.waitFor("x", { signal: controller.signal }))).toBe(reason);
  job.publishArray(new Uint8Array(1), "x");
  expect(await outcome(job.waitFor("x", { signal: new AbortController().signal }))).toBe("fulfilled");
});

test("waitFor rejects when its context is closed", async () => {
  using place = new Place();
  const job = place.open();
  const waiting = [job.waitFor("x"), job.waitFor("y", { timeoutMs: 60_000 })];
  job.close();
  expect(await Promise.all(waiting.map(outcome))).toEqual(["closed", "closed"]);
});

test("waitFor refuses at once what cannot be waited for", async () => {
  using place = new Place();
  const job = place.open();
  const cases: Array<[Parameters<typeof job.waitFor>, string, string]> = [
    [["x", { timeoutMs: -1 }], "invalid_argument", "timeoutMs is -1"],
    [["x", { timeoutMs: Number.NaN }], "invalid_argument", "timeoutMs is NaN"],
    [["x", { timeoutMs: 2 ** 31 }], "invalid_argument", "timeoutMs is 2147483648"],
    [["x", { signal: "now" as never }], "invalid_argument", "the signal is now"],
    [["x", { signal: null as never }], "invalid_argument", "the signal is null"],
  ];
  for (const [given, code, text] of cases) await expect(job.waitFor(...given)).rejects.toThrow(failsWith(code, text));
});

test("waitFor rejects when what comes is of another element type", async () => {
  using place = new Place();
  const job = place.open();
  const waiting = job.waitFor("x", { dtype: "float32" });
  job.publishArray(new Int32Array(1), "x");
  expect(await outcome(waiting)).toBe("wrong_dtype");
});

test("a process ends although its context is open, as soon as nobody waits", async () => {
  using place = new Place();
  const job = place.open();
  const peer = await Peer.join(job);
  await peer.run(async ({ job }) => {
    await job.waitFor("x", { timeoutMs: 1 }).catch(() => {});
  });
  expect(job.stats().processes).toBe(2);
  await peer[Symbol.asyncDispose]();
  expect(job.stats().processes).toBe(1);
});
