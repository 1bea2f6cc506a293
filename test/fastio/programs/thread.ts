// A Worker of the test's process that opens the job for itself.
import { FastIOContext } from "../../../src/fastio/index.ts";

declare const self: Worker;

self.onmessage = ({ data: { name, dir } }: MessageEvent<{ name: string; dir: string }>) => {
  const job = FastIOContext.open(name, { dir });
  const got = job.get("from the main thread", { dtype: "float32" });
  const values = [...got.getArray()];
  got.getArray().fill(-1);
  job.publishArray(new Int32Array([7]), "from the worker");
  const { processes } = job.stats();
  job.close();
  self.postMessage({ values, processes });
};
