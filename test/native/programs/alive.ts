// Ends by itself when nothing is pending, whatever is open; STATE says what is.
import { FastIOContext } from "../../../src/fastio/index.ts";
import { TensorMemory } from "../../../src/tensor/index.ts";

const states: Record<string, () => Promise<unknown> | undefined> = {
  imported: () => undefined,
  "a tensor memory open": () => {
    new TensorMemory(100_000).getView();
    return undefined;
  },
  "a context and an allocation open": () => {
    FastIOContext.open("idle").create(100_000).map();
    return undefined;
  },
  "waits that have ended": async () => {
    const job = FastIOContext.open("idle");
    await job.waitFor("never", { timeoutMs: 1 }).catch(() => {});
    await job.createAsync(100);
  },
  "a wait that was aborted": async () => {
    const job = FastIOContext.open("idle");
    await job.waitFor("never", { signal: AbortSignal.timeout(5) }).catch(() => {});
  },
  "a wait for what another thread publishes": async () => {
    const job = FastIOContext.open("idle");
    const publisher = `
      const { FastIOContext } = await import(${JSON.stringify(import.meta.resolve("../../../src/fastio/index.ts"))});
      await Bun.sleep(150);
      FastIOContext.open("idle").publishArray(Float32Array.of(1), "late");
    `;
    // Unreferenced: nothing but the wait keeps the process.
    const worker = new Worker(URL.createObjectURL(new Blob([publisher], { type: "application/typescript" })));
    worker.unref();
    console.log(`got ${(await job.waitFor("late")).getArray()[0]}`);
  },
};

void states[process.env["STATE"]!]!();
