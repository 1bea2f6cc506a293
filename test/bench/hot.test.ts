import { expect, test } from "bun:test";
import { begin, end, parseLog } from "../../bench/hot/allocated.ts";

const collection = (before: number, after: number, asked?: number): string =>
  `${asked === undefined ? "" : `Requesting GC because bytes allocated this cycle: ${asked} exceed bytes allowed: 1\n`}[GC<0x1>: START M ${before}kb => EdenCollection, v=0kb => ${after}kb, p=1ms END]\n`;

test("allocated bytes are those of every collection between the marks and of the rest after the last", () => {
  const log = `${collection(900, 100)}${begin}\n${collection(8_100, 200, 8_000_000)}${collection(8_200, 200, 8_000_000)}${collection(1_200, 200)}${end}\n`;
  expect(parseLog(log, 1_000)).toBe((16_000_000 + 1_000 * 1024) / 1_000);
});

test("a rest that blocks alone explain counts as nothing", () => {
  expect(parseLog(`${collection(900, 100)}${begin}\n${collection(300, 100)}${end}\n`, 10)).toBe(0);
});

test("a log without marks or collections gives no figure", () => {
  expect(parseLog("", 1)).toBeNull();
  expect(parseLog(`${begin}\n${end}\n`, 1)).toBeNull();
});
