import { expect, test } from "bun:test";
import { simulate } from "../../src/testing/index.ts";
import { copyPlan } from "./plans.ts";
import { lastFailure, ShimDevice, ShimEngine } from "./shim.ts";

/** An engine whose input gives 1, 2, 3, …, with what was called: p prefetch, f fetch, c complete, i invalidate; o output. */
class Recorded implements Disposable {
  readonly calls: string[] = [];
  readonly engine: ShimEngine;
  /** What the next element is. */
  next = 1;
  /** Elements that are there for a prefetch; more only for a fetch. */
  available = Number.POSITIVE_INFINITY;
  readonly #pending: number[] = [];

  constructor(iterations: number, options: Readonly<Record<string, string>>, prefetches = true) {
    this.engine = new ShimEngine(copyPlan({ iterations }), options);
    const give = (buffer: ArrayBuffer, call: string) => {
      new Int32Array(buffer)[0] = this.next;
      this.calls.push(`${call}${this.next}`);
      this.#pending.push(this.next++);
    };
    const prefetch = (buffer: ArrayBuffer) => {
      if (this.next > this.available) return this.calls.push("n") < 0;
      give(buffer, "p");
      return true;
    };
    this.engine.connect("in", 4, {
      prefetch: prefetches ? prefetch : undefined,
      fetch: (buffer) => give(buffer, "f"),
      complete: () => this.calls.push(`c${this.#pending.shift()}`),
      invalidate: () => {
        this.calls.push("i");
        this.next = this.#pending[0] ?? this.next;
        this.#pending.length = 0;
      },
    });
    this.engine.connect("out", 4, {
      fetch: (buffer) => this.calls.push(`o${new Int32Array(buffer)[0]}`),
      complete: () => this.calls.push("oc"),
    });
  }

  [Symbol.dispose](): void {
    this.engine[Symbol.dispose]();
  }
}

const lookAhead = "streamCallbacks.maxLookahead";

const orders: [string, { options: Record<string, string>; prefetches?: boolean; available?: number; calls: string }][] =
  [
    [
      "what was prefetched is used and completed, and several prefetches may come before one complete",
      { options: {}, calls: "p1 p2 c1 p3 o1 oc c2 o2 oc c3 o3 oc" },
    ],
    [
      "the look-ahead says how many host syncs are prepared in advance",
      { options: { [lookAhead]: "1" }, calls: "p1 c1 p2 o1 oc c2 p3 o2 oc c3 o3 oc" },
    ],
    [
      "without look-ahead every element is fetched when it is needed, and then completed",
      { options: { [lookAhead]: "0" }, calls: "f1 c1 o1 oc f2 c2 o2 oc f3 c3 o3 oc" },
    ],
    [
      "exchange.enablePrefetch false turns prefetching off",
      { options: { "exchange.enablePrefetch": "false" }, calls: "f1 c1 o1 oc f2 c2 o2 oc f3 c3 o3 oc" },
    ],
    [
      "a callback without prefetch is only fetched from",
      { options: {}, prefetches: false, calls: "f1 c1 o1 oc f2 c2 o2 oc f3 c3 o3 oc" },
    ],
    [
      "an element that was not available for a prefetch is fetched",
      { options: { [lookAhead]: "1" }, available: 1, calls: "p1 c1 n o1 oc f2 c2 n o2 oc f3 c3 o3 oc" },
    ],
  ];

test.each(orders)("%s", (_, { options, prefetches, available, calls }) => {
  using _sim = simulate({ ipus: 1 });
  using device = ShimDevice.open(0);
  using recorded = new Recorded(3, options, prefetches ?? true);
  recorded.available = available ?? Number.POSITIVE_INFINITY;
  expect(recorded.engine.load(device)).toBe("ok");
  expect(recorded.engine.run()).toBe("ok");
  expect(recorded.calls.join(" ")).toBe(calls);
});

test("what was prefetched and not completed is dropped when a run ends early, and offered again in the next", () => {
  using sim = simulate({ ipus: 1 });
  using device = ShimDevice.open(0);
  using recorded = new Recorded(3, {});
  recorded.engine.load(device);
  sim.ipu.fail({ atSync: 3, error: "application" });
  expect(recorded.engine.run()).toBe("application");
  expect(recorded.calls.join(" ")).toBe("p1 p2 c1 p3 o1 oc i");
  recorded.calls.length = 0;
  recorded.engine.load(device);
  expect(recorded.engine.run()).toBe("ok");
  expect(recorded.calls.filter((call) => call.startsWith("o") && call !== "oc")).toEqual(["o2", "o3", "o4"]);
});

test("a run in which the host takes longer than target.hostSyncTimeout ends with an error that names the option", () => {
  using _sim = simulate({ ipus: 1 });
  using device = ShimDevice.open(0);
  using engine = new ShimEngine(copyPlan(), { "target.hostSyncTimeout": "0.005" });
  engine.connect("in", 4, { fetch: () => Bun.sleepSync(20) });
  engine.connectMemory("out", new Int32Array(1));
  engine.load(device);
  expect(engine.run()).toBe("host_sync_timeout");
  expect(lastFailure().message).toContain("target.hostSyncTimeout");
});

test("an engine option that there is not is refused by name, and those that Poplar has are taken", () => {
  using _sim = simulate({ ipus: 1 });
  const known = {
    "target.hostSyncTimeout": "300",
    "target.syncMethod": "hybrid",
    "target.syncPollPeriodUs": "0",
    "target.exceptionPollPeriodUs": "250000",
    "streamCallbacks.multiThreadMode": "dedicated",
    "streamCallbacks.numWorkerThreads": "auto",
    "streamCallbacks.numaAware": "true",
    "exchange.streamBufferOverlap": "any",
  };
  new ShimEngine(copyPlan(), known)[Symbol.dispose]();
  expect(() => new ShimEngine(copyPlan(), { "target.hostSink": "1" })).toThrow(/^invalid_option: .*target\.hostSink/);
});

test("a stream that is connected to nothing ends the run by name", () => {
  using _sim = simulate({ ipus: 1 });
  using device = ShimDevice.open(0);
  using engine = new ShimEngine(copyPlan());
  engine.load(device);
  engine.connectMemory("in", new Int32Array(1));
  expect(engine.run()).toBe("stream");
  expect(lastFailure().message).toContain("out");
  expect(engine.connectMemory("elsewhere", new Int32Array(1))).toBe("stream");
});

test("memory is read in turns from its begin to its end", () => {
  using _sim = simulate({ ipus: 1 });
  using device = ShimDevice.open(0);
  using engine = new ShimEngine(copyPlan({ iterations: 5 }));
  const out = new Int32Array(5);
  engine.connectMemory("in", Int32Array.of(7, 8));
  engine.connectMemory("out", out);
  engine.load(device);
  expect(engine.run()).toBe("ok");
  expect([...out]).toEqual([7, 8, 7, 8, 7]);
});

test("remote buffers are written by the host, read by programs, and read back, block by block", () => {
  using _sim = simulate({ ipus: 1 });
  using device = ShimDevice.open(0);
  using engine = new ShimEngine(copyPlan());
  const out = new Int32Array(1);
  engine.connectMemory("out", out);
  engine.load(device);
  expect(engine.toRemote("far", Int32Array.of(11), 0)).toBe("ok");
  expect(engine.toRemote("far", Int32Array.of(12), 1)).toBe("ok");
  expect(engine.run(1)).toBe("ok");
  expect(out[0]).toBe(11);
  const back = new Int32Array(1);
  expect(engine.fromRemote("far", back, 1)).toBe("ok");
  expect(back[0]).toBe(12);
  expect(engine.toRemote("far", back, 2)).toBe("invalid_argument");
});

test("a stopped engine runs nothing until it is loaded again", () => {
  using _sim = simulate({ ipus: 1 });
  using device = ShimDevice.open(0);
  using engine = new ShimEngine(copyPlan());
  engine.connectMemory("in", new Int32Array(1));
  engine.connectMemory("out", new Int32Array(1));
  expect(engine.run()).toBe("stopped");
  engine.load(device);
  expect(engine.stop()).toBe("ok");
  expect(engine.run()).toBe("stopped");
  expect(engine.load(device)).toBe("ok");
  expect(engine.run()).toBe("ok");
});

test("a device runs what was loaded last, and loading unloads what was there", () => {
  using _sim = simulate({ ipus: 1 });
  using device = ShimDevice.open(0);
  using first = new ShimEngine(copyPlan());
  using second = new ShimEngine(copyPlan());
  for (const engine of [first, second]) {
    engine.connectMemory("in", new Int32Array(1));
    engine.connectMemory("out", new Int32Array(1));
    expect(engine.load(device)).toBe("ok");
  }
  expect(first.run()).toBe("stopped");
  expect(second.run()).toBe("ok");
});

test("attaching fails while another object has the device, or one that shares an IPU with it; detaching frees it", () => {
  using _sim = simulate({ ipus: 4 });
  using pair = ShimDevice.open(4);
  for (const id of [0, 1, 6]) expect(() => ShimDevice.open(id)).toThrow("held by this process");
  using other = ShimDevice.open(2);
  expect(pair.detach()).toBe("ok");
  using single = ShimDevice.open(0);
  expect(pair.attach()).toBe(false);
  expect(lastFailure().message).toBe(`IPU 0 is held by this process, ${process.pid}`);
  expect([single, other].every((device) => device.attach())).toBe(true);
});

test("an engine is loaded onto attached devices only", () => {
  using _sim = simulate({ ipus: 1 });
  using device = ShimDevice.open(0);
  device.detach();
  using engine = new ShimEngine(copyPlan());
  expect(engine.load(device)).toBe("not_attached");
});
