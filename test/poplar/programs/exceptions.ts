// What becomes of each kind of exception on its way out of Poplar. Run with MILLRACE_SIMULATOR naming the shim.
import { simulate } from "../../../src/testing/index.ts";
import { copyPlan } from "../../device/plans.ts";
import { lastFailure, ShimDevice, ShimEngine } from "../../device/shim.ts";

using sim = simulate({ ipus: 1 });
using device = ShimDevice.open(0);
const found: Record<string, unknown> = {};

function connected(options: Readonly<Record<string, string>> = {}): ShimEngine {
  const engine = new ShimEngine(copyPlan(), options);
  engine.connectMemory("in", new Int32Array(1));
  engine.connectMemory("out", new Int32Array(1));
  return engine;
}

for (const error of ["application", "recoverable", "unrecoverable", "unknown"] as const) {
  using engine = connected();
  engine.load(device);
  sim.ipu.fail({
    atSync: 1,
    error,
    recoveryAction: error === "recoverable" ? "PARTITION_RESET" : undefined,
    message: "x",
  });
  engine.run();
  found[error] = lastFailure();
  sim.ipu.repair();
}
for (const thrown of ["bad_alloc", "logic_error", "number"]) {
  try {
    connected({ "lookAlike.throw": thrown });
  } catch {
    found[thrown] = lastFailure();
  }
}
try {
  connected({ "no.such": "option" });
} catch {
  found["option"] = lastFailure();
}
using engine = new ShimEngine(copyPlan());
engine.connectMemory("nowhere", new Int32Array(1));
found["stream"] = lastFailure();
sim.ipu.fail({ atLoad: 1, error: "outOfMemory", message: "full" });
engine.load(device);
found["memory"] = lastFailure();
console.log(JSON.stringify(found));
