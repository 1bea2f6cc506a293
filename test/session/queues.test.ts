import { describe, expect, test } from "bun:test";
import { anchorCallbacks } from "../../src/session/index.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { Bound } from "./bound.ts";
import { weight } from "./copy-model.ts";

const four = (value: number) => new Float32Array(4).fill(value);

describe("createQueueManager", () => {
  test("makes queues for the user's anchors, which programs then read and write", async () => {
    await using bound = new Bound();
    const queues = bound.session.createQueueManager();
    expect([...queues.inputs.keys(), ...queues.outputs.keys()]).toEqual(["image", "echo"]);
    const running = bound.session.runMainProgramsAsync({ repeat: "untilStopped" });
    queues.inputQueue("image").enqueue(four(3));
    expect(await queues.outputQueue("echo").enqueueAsync(four(0))).toEqual(four(3));
    bound.session.stop();
    await running;
  });

  test("takes predicates of the session's, which leave the model's own data in place", async () => {
    await using bound = new Bound();
    const main = anchorCallbacks.predProgramFlowMain(bound.model.metadata.programFlow);
    const queues = bound.session.createQueueManager({ inputPredicate: main, outputPredicate: main });
    expect([...queues.inputs.keys(), ...queues.outputs.keys()]).toEqual(["image", "echo"]);
    queues.inputQueue("image").enqueue(four(1));
    const echo = queues.outputQueue("echo").enqueueAsync(four(0));
    bound.session.runMainPrograms();
    expect(await echo).toEqual(four(1));
    bound.collect("d2h_w").session.runSavePrograms();
    expect(bound.seen).toEqual([weight]);
  });

  test("has its callbacks served by a run that blocks the same thread", async () => {
    await using bound = new Bound();
    let timeouts = 0;
    const queues = bound.session.createQueueManager({
      timeoutNs: 1e6,
      readTimeout: () => {
        if (++timeouts === 2) queues.flushAll();
      },
    });
    bound.session.runMainPrograms();
    expect(timeouts).toBeGreaterThanOrEqual(2);
  });

  test("ends the device's waiting when the session is stopped", async () => {
    await using bound = new Bound();
    const queues = bound.session.createQueueManager();
    const running = bound.session.runMainProgramsAsync();
    const pending = queues.outputQueue("echo").enqueueAsync(four(0));
    const dropped = pending.catch((error) => error);
    bound.session.stop();
    await expect(running).rejects.toEqual(failsWith("stopped"));
    expect(await dropped).toEqual(failsWith("invalidated"));
    queues.resetAll();
    bound.session.reload();
    queues.inputQueue("image").enqueue(four(2));
    const echo = queues.outputQueue("echo").enqueueAsync(four(0));
    await bound.session.runMainProgramsAsync();
    expect(await echo).toEqual(four(2));
  });

  test("gives way to a second one, and ends with the session", async () => {
    const bound = new Bound();
    const first = bound.session.createQueueManager();
    const second = bound.session.createQueueManager(2);
    expect(() => first.flushAll()).toThrow(failsWith("closed"));
    second.flushAll();
    await bound[Symbol.asyncDispose]();
    expect(() => second.flushAll()).toThrow(failsWith("closed"));
  });

  test("is for one replica", async () => {
    await using bound = new Bound({ replicas: 2 });
    expect(() => bound.session.createQueueManager()).toThrow(failsWith("replicas_unsupported", "ModelRunner"));
  });
});
