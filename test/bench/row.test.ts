import { describe, expect, test } from "bun:test";
import { makeRow, type RowParts } from "../../bench/row.ts";

const base = { name: "row", note: "how" } satisfies RowParts;

describe("makeRow", () => {
  test("makes every ratio above 1 when Millrace is better, whichever way the unit runs", () => {
    const peer = { name: "peer", value: 200 };
    expect(makeRow({ ...base, value: 100, peer }).ratio).toBe(2);
    expect(makeRow({ ...base, value: 400, peer, unit: "1/s", higherIsBetter: true }).ratio).toBe(2);
  });

  test("counts an absent peer as absent, never as beaten", () => {
    const row = makeRow({
      ...base,
      value: 1,
      peer: { name: "iceoryx2", absent: "no cargo" },
      target: { of: "ratio", atLeast: 1 },
    });
    expect([row.peerValue, row.ratio, row.met]).toEqual([null, null, null]);
    expect(row.note).toContain("iceoryx2 is absent: no cargo");
  });

  test("judges a target by the number it is about", () => {
    const cases: [Partial<RowParts>, boolean | null, string][] = [
      [{ value: 5, target: { of: "value", atMost: 5 } }, true, "value <= 5"],
      [{ value: 6, target: { of: "value", atMost: 5 } }, false, "value <= 5"],
      [{ value: 1, peer: { name: "p", value: 1 }, target: { of: "ratio", atLeast: 1 / 1.1 } }, true, "ratio >= 0.909"],
      [{ value: 2, peer: { name: "p", value: 1 }, target: { of: "ratio", atLeast: 1 / 1.1 } }, false, "ratio >= 0.909"],
      [{ target: { of: "value", atMost: 5 } }, null, "value <= 5"],
    ];
    for (const [parts, met, target] of cases) {
      const row = makeRow({ ...base, ...parts });
      expect([row.met, row.target]).toEqual([met, target]);
    }
  });

  test("says that nothing was measured when nothing was", () => {
    const row = makeRow(base);
    expect([row.value, row.n]).toEqual([null, 0]);
  });
});
