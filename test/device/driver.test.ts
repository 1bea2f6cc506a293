import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { nativeFolder } from "../../src/native/library-path.ts";
import { libraryName, nativeTarget } from "../../src/native/platform.ts";
import { endedWell, runChild } from "../native/child.ts";
import { simulatorPath } from "./under-test.ts";

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

  test("is nothing that somebody who asks for an IPU could be given instead: the error says in a line what is missing", async () => {
    const ended = await runChild("../device/programs/ask.ts", { MILLRACE_POPLAR: undefined });
    expect(ended).toMatchObject(endedWell);
    const { driver, errors, tried } = JSON.parse(ended.stdout);
    expect(driver).toMatchObject({ kind: "models", reason: expect.stringContaining("no Poplar shim") });
    expect(tried).toBeNull();
    expect(errors.map(({ code }: { code: string }) => code)).toEqual([
      "device_unavailable",
      "device_unavailable",
      "device_not_found",
    ]);
    for (const { message } of errors) {
      expect(message).toContain("bun run build:poplar");
      expect(message).not.toContain("\n");
    }
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
    const other = `${nativeFolder("test")}/${libraryName(nativeTarget())}`;
    expect(await described({ MILLRACE_POPLAR: other })).toMatchObject({
      code: "driver_unusable",
      message: expect.stringContaining("mrp_abi_version"),
    });
  });
});
