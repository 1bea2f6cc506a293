/** Appending to a `Bufferizer`: in host memory beside PyTorch, and on the simulated GPU. */
import { measure } from "mitata";
import { simulatedRows } from "../bufferizer/simulated.ts";
import { bytesPerCall } from "../hot/allocated.ts";
import { batch, cases, imageShape } from "../hot/bufferizer.ts";
import { measureTorchCopy } from "../peers/torch.ts";
import { makeRow, type Peer, type Row } from "../row.ts";
import { type Statistics, summarize } from "../statistics.ts";
import type { Context } from "../suite.ts";

const imageBytes = 4 * imageShape.reduce((product, size) => product * size, 1);

export async function run(context: Context): Promise<Row[]> {
  const torch = await measureTorchCopy(context, imageShape, batch);
  const rows = [makeRow(copyRow(context))];
  for (const [index, { name, note, prepare }] of cases.entries()) {
    context.log(name);
    const { call, close } = await prepare();
    const stats = await measure(call, { min_cpu_time: context.samples(642e6, 20e6), gc: false });
    await close();
    const calls = context.samples(index === 0 ? 20_000 : 1_000_000, 5_000);
    const bytes = await bytesPerCall("bufferizer", name, calls);
    rows.push(
      makeRow({
        name,
        statistics: { ...summarize(Float64Array.from(stats.samples)), n: stats.ticks },
        // The target is the caller's side on a GPU (`bench gpu`): in host memory both are a copy.
        ...(index === 0 ? { peer: peer(torch) } : {}),
        note: `${note}; mitata, percentiles over batches of calls`,
      }),
      makeRow({
        name: `${name}: bytes allocated`,
        unit: "B",
        ...(bytes === null ? {} : { value: bytes, n: calls }),
        note: `per call, on the JavaScript heap, garbage included; to within ${Math.ceil(500_000 / calls)} B`,
      }),
    );
  }
  return [...rows, ...(await simulatedRows(context))];
}

function peer(torch: Statistics | { readonly absent: string }): Peer {
  const name = "PyTorch, buf[i].copy_(x)";
  return "absent" in torch ? { name, absent: torch.absent } : { name, value: torch.p50 };
}

/** What copying alone takes: the floor of every append to host memory. */
function copyRow(context: Context): Parameters<typeof makeRow>[0] {
  const from = new Uint8Array(imageBytes).fill(1);
  const to = new Uint8Array(imageBytes * batch);
  const runs = context.samples(2_000, 50);
  const samples = new Float64Array(runs);
  for (let run = -3; run < runs; run++) {
    const began = performance.now();
    for (let place = 0; place < batch; place++) to.set(from, place * imageBytes);
    if (run >= 0) samples[run] = ((performance.now() - began) * 1e6) / batch;
  }
  return {
    name: "copying 3x224x224 float32, nothing else",
    statistics: summarize(samples),
    note: `Uint8Array.set into ${batch} places in turn, ${imageBytes} bytes; mean of ${batch} calls a sample`,
  };
}
