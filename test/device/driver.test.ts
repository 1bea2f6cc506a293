import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { endedWell, runChild } from "../native/child.ts";
import { simulatorPath } from "./shim.ts";

async function described(environment: Record<string, string | undefined>) {
  const ended = await runChild("../device/programs/describe.ts", environment);
  expect(ended).toMatchObject(endedWell);
  return JSON.parse(ended.stdout);
}

describe("the device driver", () => {
  test("is the simulator without IPUs when there is no other: models work everywhere", async () => {
    const { devices, tiles, lines } = await described({ MILLRACE_POPLAR: undefined });
    expect([devices, tiles]).toEqual([0, 4]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("models of IPUs only");
  });

  test("is the library that MILLRACE_POPLAR names", async () => {
    const { devices, lines } = await described({ MILLRACE_POPLAR: simulatorPath });
    expect(devices).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`${simulatorPath} (`);
    expect(lines[0]).toContain("MILLRACE_POPLAR");
  });

  test("that cannot be loaded is an error that names it", async () => {
    const missing = join(import.meta.dir, "no-such-library.so");
    expect(await described({ MILLRACE_POPLAR: missing })).toMatchObject({
      code: "driver_unusable",
      message: expect.stringContaining(missing),
    });
  });

  test("that is another library is an error that names the function it lacks", async () => {
    const other = simulatorPath.replace("libmillrace-sim-poplar", "libmillrace");
    expect(await described({ MILLRACE_POPLAR: other })).toMatchObject({
      code: "driver_unusable",
      message: expect.stringContaining("mrp_abi_version"),
    });
  });
});
