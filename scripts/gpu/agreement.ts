// Every array and image operation on the GPU beside the same on the host: equal, or as near as one rounding of the result.
import { CudaDevice, DArray, DImage, type Stream } from "../../src/cuda/index.ts";
import { elementTypes } from "../../src/tensor/index.ts";

type Made = DArray | readonly number[];
type Operation = readonly [name: string, run: (stream: Stream | undefined) => Made];

let state = 7;
/** Seeded: the same in every run. */
function random(count: number, scale: number): Float32Array {
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * scale;
  });
}

const left = random(7 * 12 * 5, 200);
const right = random(7 * 12 * 5, 200).map((value) => value + 1);
const pixels = Uint8Array.from(random(2 * 37 * 53 * 3, 256));
const shape = [7, 12, 5];
const array = (values: Float32Array, stream: Stream | undefined) => DArray.from(values, { shape, stream });
const image = (stream: Stream | undefined) =>
  DImage.of(DArray.from(pixels, { shape: [2, 37, 53, 3], stream }), { layout: "NHWC", color: "bgr" });
const size = { width: 31, height: 23 };

const arithmetic = ["add", "sub", "mul", "div", "rsub", "rdiv"] as const;
const casts = ["uint8", "int16", "int64", "float16", "bfloat16", "float64"] as const;
const operations: readonly Operation[] = [
  ...arithmetic.map((name): Operation => [name, (stream) => array(left, stream)[name](array(right, stream))]),
  ...casts.map((dtype): Operation => [`astype ${dtype}`, (stream) => array(left, stream).astype(dtype)]),
  ["a view, transposed and reversed", (stream) => array(left, stream).T.slice("::-2", "...", "1:").copy()],
  ["scale and shift", (stream) => array(left, stream).scale(0.25).shift(-3)],
  ["abs", (stream) => array(left, stream).sub(100).abs()],
  ["fill", (stream) => array(left, stream).fill(2.5)],
  ["resize, nearest", (stream) => image(stream).resize(size, { interpolation: "nearest" })],
  ["resize, bilinear", (stream) => image(stream).resize(size)],
  ["letterbox", (stream) => image(stream).letterbox(size).image],
  ["cvtColor", (stream) => image(stream).cvtColor("gray")],
  ["toLayout", (stream) => image(stream).toLayout("NCHW")],
  ["normalize", (stream) => image(stream).normalize("tf")],
  ["preprocess", (stream) => image(stream).preprocess({ size, color: "rgb", normalize: "unit", dtype: "float16" })],
];

using gpu = CudaDevice.open(0);
using stream = gpu.createStream();
console.log(`${gpu.name}, ${operations.length} operations`);
let wrong = 0;
for (const [name, run] of operations) {
  const [host, device] = [numbers(run(undefined)), numbers(run(stream))];
  const apart = host.reduce((most, value, index) => Math.max(most, distance(value, device[index]!)), 0);
  const ok = host.length === device.length && apart <= 2e-3;
  if (!ok) wrong++;
  console.log(
    `${ok ? "ok     " : "FAILED "} ${name}: ${host.length} elements, at most ${apart.toExponential(1)} apart`,
  );
}
process.exitCode = wrong === 0 ? 0 : 1;

function numbers(made: Made): number[] {
  if (!(made instanceof DArray)) return [...made];
  const values = made.toHost() as ArrayLike<number | bigint>;
  if (elementTypes[made.dtype].name !== "bfloat16") return Array.from(values, Number);
  // Bit patterns: those of a float32's upper half.
  const wide = Uint32Array.from(values as ArrayLike<number>, (bits) => bits << 16);
  return [...new Float32Array(wide.buffer)];
}

/** Relative, where numbers are large. */
function distance(one: number, other: number): number {
  return Math.abs(one - other) / Math.max(1, Math.abs(one));
}
