import { CudaDevice } from "../../src/cuda/index.ts";
import { MillraceError } from "../../src/index.ts";
import { openJob } from "../fastio/exchange.ts";
import { Partner } from "../partner.ts";
import { makeRow, type Row } from "../row.ts";
import { type Statistics, sampleAsync } from "../statistics.ts";
import type { Context } from "../suite.ts";
import type { HandoffOrder } from "./handoff-partner.ts";

const sizes = [64 * 2 ** 10, 2 ** 20, 64 * 2 ** 20];
const row = "GPU tensor hand-off between two processes by name";
const timeoutMs = 10_000;

/** From the call that publishes memory of the GPU to another process that has it open on its own: the same time at every size. */
export async function handoffRows(context: Context): Promise<Row[]> {
  using gpu = openGpu();
  if (gpu === undefined) return [makeRow({ name: row, note: "no GPU" })];
  const name = gpu.name.includes("imulated") ? `${row}, simulated` : row;
  const measured: Statistics[] = [];
  const rows: Row[] = [];
  await using partner = await Partner.start(context, `${import.meta.dir}/handoff-partner.ts`);
  for (const bytes of sizes) {
    context.log(`${name}, ${bytes} B`);
    const statistics = await measure(context, partner, gpu, bytes);
    measured.push(statistics);
    const note = `${gpu.name}; publish, waitFor in the other process, one word back; opened anew each time; freeing is outside`;
    rows.push(makeRow({ name: `${name}, ${bytes / 1024} KiB`, statistics, note }));
  }
  const p50s = measured.map(({ p50 }) => p50);
  rows.push(
    makeRow({
      name: `${name}, the same at every size`,
      unit: "x",
      value: Math.min(...p50s) / Math.max(...p50s),
      n: measured[0]!.n,
      target: { of: "value", atLeast: 0.8 },
      note: `${gpu.name}; fastest p50 over slowest, 64 KiB to 64 MiB`,
    }),
  );
  return rows;
}

function openGpu(): CudaDevice | undefined {
  try {
    return CudaDevice.open(0);
  } catch (error) {
    if (error instanceof MillraceError && error.code === "cuda_missing") return undefined;
    throw error;
  }
}

async function measure(context: Context, partner: Partner, gpu: CudaDevice, bytes: number): Promise<Statistics> {
  const n = context.samples(2_000, 10);
  const warmup = Math.max(3, Math.round(n / 10));
  using job = openJob();
  const order: HandoffOrder = { job: job.name, rounds: warmup + n };
  const { done } = await partner.begin<void>("handoff", order);
  using stream = gpu.createStream();
  using memory = gpu.allocate(bytes);
  stream.fill(memory, 1);
  stream.synchronize();
  const described = { dtype: "uint8", shape: [bytes] } as const;
  const statistics = await sampleAsync(n, warmup, async (i) => {
    const before = performance.now();
    const published = memory.publish(job, `tensor ${i}`, described);
    const answer = await job.waitFor(`answer ${i}`, { timeoutMs });
    const ns = (performance.now() - before) * 1e6;
    answer.free();
    await published.freeAsync({ timeoutMs });
    return ns;
  });
  await done;
  return statistics;
}
