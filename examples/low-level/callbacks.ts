// Runs the digits model with a callback for each end: `bun examples/low-level/callbacks.ts`.
import { anchorCallbacks, Session } from "millrace/session";
import { batchSize, classes, compile, countCorrect, imagesOf, openDevice, readScans } from "./model.ts";

const scans = await readScans();
using model = await compile();
using device = openDevice();
await using session = new Session(model);
session.bindToDevice(device);

// The model takes whole batches: what is left over at the end of the file is not asked for.
const batches = Math.floor(scans.count / batchSize);
const logits = new Float32Array(batches * batchSize * classes);
let sent = 0;
let received = 0;
// Inputs and outputs of the main program; the weights, which other programs move, are left alone.
const main = anchorCallbacks.predProgramFlowMain(model.metadata.programFlow);
session.setUserInputHandler(
  () => (view) => view.as("float32").set(imagesOf(scans, batchSize * sent++, batchSize)),
  main,
);
session.setUserOutputHandler(() => (view) => logits.set(view.as("float32"), batchSize * classes * received++), main);

session.runMainPrograms({ repeat: batches });
const count = batches * batchSize;
const correct = countCorrect(logits, scans.labels.subarray(0, count));
console.log(`${batches} batches of ${batchSize}: ${correct} of ${count} digits read correctly`);
