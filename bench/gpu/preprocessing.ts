import { type CudaDevice, DArray, DImage } from "../../src/cuda/index.ts";
import { makeRow, type Peer, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import { deviceTime } from "./timing.ts";

const images = 64;
const [height, width, side] = [1080, 1920, 224];
/** What the device fetches at least, whatever is asked for. */
const sectorBytes = 32;

export const preprocessingName = "preprocess of 64 1080p frames to 3x224x224 float32";

/** 64 frames of 1080p to 3x224x224 in one pass, beside the time that the bytes it has to move would take in a copy. */
export function preprocessingRows(context: Context, gpu: CudaDevice, peer: Peer): Row[] {
  context.log("preprocessing 64 frames");
  using stream = gpu.createStream();
  using pixels = DArray.zeros([images, height, width, 3], { dtype: "uint8", stream });
  using batch = DImage.of(pixels, { layout: "NHWC", color: "bgr" });
  using inputs = DArray.empty([images, 3, side, side], { stream });
  const options = {
    size: { width: side, height: side },
    color: "rgb",
    normalize: "meanStd",
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    dst: inputs,
  } as const;
  const runs = context.samples(100);
  const whole = deviceTime(gpu, stream, runs, () => void batch.preprocess(options));
  using from = gpu.allocate(256 << 20);
  using to = gpu.allocate(256 << 20);
  const copy = deviceTime(gpu, stream, runs, () => void stream.copy(to.at(0), from.at(0), 256 << 20));
  // A copy reads and writes each byte.
  const bytesPerNs = (2 * (256 << 20)) / copy.p50;
  const bytes = bytesRead() + inputs.nbytes;
  return [
    makeRow({
      name: preprocessingName,
      statistics: whole,
      peer: { name: "its bytes at the card's copy rate", value: bytes / bytesPerNs },
      target: { of: "ratio", atLeast: 0.8 },
      note: `${bytes} bytes: the ${sectorBytes}-byte sectors that hold the pixels it needs, and what it writes; bilinear, by events`,
    }),
    makeRow({
      name: preprocessingName,
      statistics: whole,
      peer,
      target: { of: "ratio", atLeast: 1.5 },
      note: "the peer resizes, reorders and normalises uint8 frames on the GPU",
    }),
  ];
}

/** Sectors with pixels that bilinear sampling needs, in bytes: two rows and two columns for each pixel that comes out. */
function bytesRead(): number {
  const needed = (from: number) => {
    const all = new Set<number>();
    for (let i = 0; i < side; i++) {
      const low = Math.floor(((i + 0.5) * from) / side - 0.5);
      all.add(low).add(Math.min(low + 1, from - 1));
    }
    return all;
  };
  const sectors = new Set<number>();
  for (const column of needed(width)) {
    for (const byte of [column * 3, column * 3 + 2]) sectors.add(Math.floor(byte / sectorBytes));
  }
  return images * needed(height).size * sectors.size * sectorBytes;
}
