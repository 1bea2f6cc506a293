// A Worker that is told to wait for something and says when it does. It is terminated there.
import { FastIOContext } from "../../../src/fastio/index.ts";
import { ModelRunner } from "../../../src/runner/index.ts";
import { Bound } from "../../session/bound.ts";

declare const self: Worker;
const mebibyte = 1024 * 1024;
const steps = (count: bigint) => ({ x: new Float32Array(1), steps: new BigInt64Array([count]) });
const endless = steps(1_000_000_000n);

/** Each begins to wait, or goes on calling until the end of time. */
const waits: Record<string, (path: string) => Promise<unknown> | undefined> = {
  waitFor: async () => {
    const job = FastIOContext.open("waiting");
    await Promise.all([job.waitFor("never"), job.waitFor("neither", { timeoutMs: 60_000 })]);
  },
  createAsync: async () => {
    const job = FastIOContext.open("waiting");
    for (;;) await Promise.all([1, 2, 3, 4, 5].map((size) => job.createAsync(size * 8 * mebibyte)));
  },
  create: () => {
    const job = FastIOContext.open("waiting", { recycleBytesMax: 0 });
    for (;;) {
      using memory = job.create(32 * mebibyte);
      memory.map()[0] = 1;
    }
  },
  get: () => {
    const job = FastIOContext.open("waiting");
    job.publishArray(new Float32Array(1000), `tensor ${Math.random()}`);
    for (;;) for (const name of job.list()) job.tryGet(name)?.release();
  },
  "open and close": () => {
    for (;;) FastIOContext.open("waiting").close();
  },
  load: async (path) => {
    for (;;) await (await ModelRunner.load(path)).close();
  },
  execute: async (path) => {
    const runner = await ModelRunner.load(path);
    runner.execute(endless);
  },
  "execute behind another": async (path) => {
    const runner = await ModelRunner.load(path);
    void runner.executeAsync(endless);
    runner.execute(endless);
  },
  executeAsync: async (path) => {
    const runner = await ModelRunner.load(path);
    for (;;) await Promise.all([1, 2, 3].map(() => runner.executeAsync(steps(1n))));
  },
  close: async (path) => {
    const runner = await ModelRunner.load(path);
    void runner.executeAsync(endless);
    await runner.close();
  },
  "session that waits": () => {
    const { session } = new Bound();
    session.createQueueManager();
    session.runMainPrograms();
  },
  "session with callbacks": () => {
    new Bound().feed(1).session.runMainPrograms({ repeat: "untilStopped" });
  },
  "session on the event loop": async () => {
    const bound = new Bound().feed(1);
    for (let i = 0; i < 3; i++) await bound.session.runMainProgramsAsync();
    await bound.session.runMainProgramsAsync({ repeat: "untilStopped" });
  },
};

self.onmessage = async ({ data }: MessageEvent<{ wait: string; model: string }>) => {
  self.postMessage("begun");
  await waits[data.wait]!(data.model);
};
