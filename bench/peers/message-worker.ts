import { readWhole } from "../workload.ts";
import type { Posted } from "./message.ts";

declare const self: Worker;

self.onmessage = (event: MessageEvent<Posted>) => {
  const { tensor, seed, carriage, echo } = event.data;
  if (seed !== undefined) readWhole(tensor, seed);
  self.postMessage({ tensor: echo ? tensor : undefined }, echo && carriage === "transfer" ? [tensor.buffer] : []);
};
