import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { alive, model } from "./fixture.ts";

const programs = join(import.meta.dir, "programs");

async function run(program: string, ...args: string[]): Promise<{ exit: number; signal: unknown; out: string }> {
  const child = Bun.spawn([process.execPath, join(programs, program), ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const exit = await child.exited;
  return { exit, signal: child.signalCode, out: out + err };
}

describe("a process", () => {
  test("ends by itself while an idle runner is open", async () => {
    expect(await run("idle.ts", model("batch.onnx"))).toEqual({ exit: 0, signal: null, out: "answered\n" });
  });

  test("stays until a request under way has been answered", async () => {
    expect(await run("pending.ts", model("slow-steps.onnx"))).toEqual({ exit: 0, signal: null, out: "9\n" });
  });

  test.each(["exit", "throw", "reject"])("ends at once while a model runs: %s", async (how) => {
    const { exit, signal, out } = await run("leave.ts", model("slow-steps.onnx"), how);
    expect({ exit, signal }).toEqual({ exit: how === "exit" ? 7 : 1, signal: null });
    expect(out).toStartWith("running\n");
  });
});

test("a hot reload ends what the old modules were running, and a model can be loaded again", async () => {
  const out = await run("reload.ts", model("slow-steps.onnx"));
  expect(out).toEqual({ exit: 0, signal: null, out: "closed closed closed\n5\n" });
});

describe("a Worker", () => {
  const settled = async (before: ReturnType<typeof alive>) => {
    // The thread that ran the model lets go a moment after the Worker has ended.
    while (JSON.stringify(alive()) !== JSON.stringify(before)) await Bun.sleep(2);
  };

  test.each(["queued", "blocking", "loading"])("that is terminated leaves nothing behind: %s", async (what) => {
    const before = alive();
    const worker = new Worker(join(programs, "worker.ts"));
    const running = new Promise<void>((resolve) => {
      worker.onmessage = () => resolve();
    });
    worker.postMessage({ model: model("slow-steps.onnx"), what });
    await running;
    await Bun.sleep(10);
    const ended = new Promise<void>((resolve) => worker.addEventListener("close", () => resolve()));
    worker.terminate();
    await ended;
    await settled(before);
  });

  test("has runners of its own", async () => {
    const before = alive();
    const workers = [1, 2, 3].map(async (k) => {
      const worker = new Worker(join(programs, "worker.ts"));
      const answer = new Promise<number>((resolve) => {
        worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
      });
      worker.postMessage({ model: model("batch.onnx"), what: "answer", k });
      expect(await answer).toBe(1 + (9 * k) / 4);
      worker.terminate();
    });
    await Promise.all(workers);
    await settled(before);
  });
});
