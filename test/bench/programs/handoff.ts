// The rows of the GPU hand-off with few samples, on the driver that the environment names.
import { handoffRows } from "../../../bench/gpu/handoff.ts";
import { usualPlacement } from "../../../bench/placement.ts";
import type { Context } from "../../../bench/suite.ts";

const context: Context = {
  placement: usualPlacement(),
  pin: false,
  buildPeers: false,
  samples: (_usual, least = 1) => least,
  once: (_key, measure) => measure(),
  log: () => {},
};
console.log(JSON.stringify(await handoffRows(context)));
