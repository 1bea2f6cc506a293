/** What the benchmarks of messages send: eight numbers, written one by one and read back one by one. */
export const words = 8;
export const messageBytes = words * 8;

export function writeMessage(to: Float64Array, at: number, value: number): void {
  for (let i = 0; i < words; i++) to[at + i] = value + i;
}

/** 0 when all eight words are those of `value`. */
export function readMessage(from: Float64Array, at: number, value: number): number {
  let wrong = 0;
  for (let i = 0; i < words; i++) if (from[at + i] !== value + i) wrong = 1;
  return wrong;
}
