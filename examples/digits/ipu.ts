// Classifies the held-out digits on simulated IPUs, from the file that compile.ts wrote: `bun examples/digits/ipu.ts digits.popef`.
import { join } from "node:path";
import { DeviceManager } from "millrace/device";
import { Model } from "millrace/popef";
import { anchorCallbacks, Session } from "millrace/session";
import { simulate } from "millrace/testing";
import { readDigits } from "./digits-file.ts";

const { count, largest, pixels, labels } = await readDigits(join(import.meta.dir, "heldout.bin"));
const classes = 10;

using model = await Model.open(process.argv[2] ?? "digits.popef");
using ipus = simulate({ ipus: model.metadata.numIpus });
using device = await new DeviceManager().getDeviceAsync(model);
await using session = new Session(model);
await session.bindToDeviceAsync(device);

// Replicas take turns within an iteration: each reads the next images, and writes their logits in the same order.
const main = anchorCallbacks.predProgramFlowMain(model.metadata.programFlow);
let read = 0;
session.setUserInputHandler(() => {
  return (view) => {
    const image = view.as("float32");
    for (let i = 0; i < image.length; i++) image[i] = pixels[read++]! / largest;
  };
}, main);
let right = 0;
let answered = 0;
session.setUserOutputHandler(() => {
  return (view) => {
    const logits = view.as("float32");
    for (let at = 0; at < logits.length; at += classes) {
      const row = logits.subarray(at, at + classes);
      if (row.indexOf(Math.max(...row)) === labels[answered++]) right++;
    }
  };
}, main);

while (answered < count) await session.runMainProgramsAsync();
await session.unloadFromDeviceAsync();
device.close();
const { replicationFactor, deviceIterations } = model.metadata;
console.log(`replicas: ${replicationFactor}, iterations in a run: ${deviceIterations}`);
console.log(`accuracy: ${((100 * right) / count).toFixed(1)} %, ${right} of ${count}`);
if (ipus.leaks().length > 0) throw new Error(ipus.leaks().join(", "));
