import { CudaDevice } from "../../src/cuda/index.ts";
import { FastIOContext } from "../../src/fastio/index.ts";
import { type Ready, servePartner } from "../partner-side.ts";

export interface HandoffOrder {
  readonly job: string;
  readonly rounds: number;
}

const timeoutMs = 10_000;

servePartner({
  /** Fetches one tensor after the other, and says of each that it is here. */
  async handoff({ job: name, rounds }: HandoffOrder, ready: Ready) {
    using job = FastIOContext.open(name);
    using gpu = CudaDevice.open(0);
    await ready();
    for (let round = 0; round < rounds; round++) {
      using _tensor = await gpu.waitFor(job, `tensor ${round}`, { timeoutMs });
      job.publishArray(Int32Array.of(round), `answer ${round}`);
    }
  },
});
