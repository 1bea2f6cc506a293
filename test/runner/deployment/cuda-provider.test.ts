import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { CudaDevice } from "../../../src/cuda/index.ts";
import { ModelRunner } from "../../../src/runner/index.ts";
import { simulate } from "../../../src/testing/index.ts";
import { alive, failure, grown } from "../fixture.ts";
import { popefFile, weighted } from "./popef-models.ts";

const variable = "MILLRACE_ONNXRUNTIME_CUDA";
const before = process.env[variable];
afterEach(() => {
  if (before === undefined) delete process.env[variable];
  else process.env[variable] = before;
});

/** Nothing is asked of the device before the provider is there. */
const device = { native: { slot: 1, generation: 1 }, ordinal: 0 };

describe("a graph on a CUDA device without ONNX Runtime's provider", () => {
  test("says what to install and how to name it", async () => {
    delete process.env[variable];
    for (const source of [weighted, await popefFile()]) {
      await expect(ModelRunner.load(source, { device })).rejects.toEqual(
        failure("provider_missing", "engine.cudaProvider", variable, "onnxruntime-ep-cuda12", "onnxruntime-ep-cuda13"),
      );
    }
  });

  test("names the file that is not there, and who named it", async () => {
    process.env[variable] = "/nonexistent/from-environment.so";
    await expect(ModelRunner.load(weighted, { device })).rejects.toEqual(
      failure("provider_missing", variable, "/nonexistent/from-environment.so"),
    );
    await expect(
      ModelRunner.load(weighted, { device, engine: { cudaProvider: "/nonexistent/given.so" } }),
    ).rejects.toEqual(failure("provider_missing", "engine.cudaProvider", "/nonexistent/given.so"));
  });

  test("says what is wrong with a file that is no provider, in the engine's words", async () => {
    using sim = simulate({ cuda: 1 });
    {
      using gpu = CudaDevice.open(0);
      const cudaProvider = join(import.meta.dir, "images.ts");
      const before = alive();
      for (const source of [weighted, await popefFile()]) {
        await expect(ModelRunner.load(source, { device: gpu, engine: { cudaProvider } })).rejects.toEqual(
          failure("provider_missing", cudaProvider, "onnxruntime-ep-cuda12"),
        );
      }
      expect(await grown(before)).toEqual([]);
    }
    expect(sim.leaks()).toEqual([]);
  });
});
