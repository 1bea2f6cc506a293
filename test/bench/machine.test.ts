import { expect, test } from "bun:test";
import { allowedCpus, parseList, placements } from "../../bench/placement.ts";
import { quantity, size } from "../../bench/quantity.ts";

test("the kernel's CPU lists are read with ranges and single numbers", () => {
  expect(parseList("0-3,8,10-11")).toEqual([0, 1, 2, 3, 8, 10, 11]);
  expect(parseList("5")).toEqual([5]);
});

test("every placement uses CPUs that this process may run on", () => {
  const allowed = allowedCpus();
  for (const { cpus, relation } of placements(allowed)) {
    expect(allowed).toEqual(expect.arrayContaining([...cpus]));
    expect(relation === "one CPU").toBe(cpus[0] === cpus[1]);
  }
});

test("a single CPU is a placement of its own", () => {
  expect(placements([3])).toEqual([{ cpus: [3, 3], relation: "one CPU" }]);
});

test("quantities carry the unit a reader expects", () => {
  const cases: [string, string][] = [
    [quantity(250, "ns"), "250 ns"],
    [quantity(1_234, "ns"), "1.23 us"],
    [quantity(25_000_000, "ns"), "25 ms"],
    [quantity(2_400_000, "1/s"), "2.40 M/s"],
    [quantity(null, "ns"), ""],
    [size(64), "64 B"],
    [size(64 * 1024 * 1024), "64 MiB"],
  ];
  for (const [found, expected] of cases) expect(found).toBe(expected);
});
