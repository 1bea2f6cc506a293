// What both programs begin with: the digits model, compiled for batches, and a device for it.
import { join } from "node:path";
import { DeviceManager } from "millrace/device";
import { compileOnnx } from "millrace/popef";
import { type Digits, readDigits } from "../digits/digits-file.ts";

const folder = join(import.meta.dir, "../digits");
export const batchSize = 16;
export const pixelsPerImage = 64;
export const classes = 10;

/** Compiled here; a PopEF file would be opened with `Model.open`. */
export const compile = () => compileOnnx(join(folder, "digits.onnx"), { batchSize });

/** This machine's processor. With IPUs, `getDevice(model)` of the same class. */
export const openDevice = () => new DeviceManager().createCpuDevice();

export const readScans = () => readDigits(join(folder, "heldout.bin"));

/** Some scans as the model takes them: a number from 0 (paper) to 1 (ink) for each pixel. */
export function imagesOf({ pixels, largest }: Digits, first: number, count: number): Float32Array<ArrayBuffer> {
  const images = new Float32Array(count * pixelsPerImage);
  const from = pixels.subarray(first * pixelsPerImage, (first + count) * pixelsPerImage);
  from.forEach((ink, index) => {
    images[index] = ink / largest;
  });
  return images;
}

/** How many rows of logits have their largest number at the scan's label. */
export function countCorrect(logits: Float32Array, labels: Uint8Array): number {
  let correct = 0;
  labels.forEach((label, row) => {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    if (scores.indexOf(Math.max(...scores)) === label) correct++;
  });
  return correct;
}
