import { describe, expect, test } from "bun:test";
import {
  InputQueue,
  OutputQueue,
  QueueManager,
  type QueueManagerArguments,
  type QueuePolicy,
  ringSizeMultiplierFactory,
} from "../../src/queue/index.ts";
import { closeQueues } from "../../src/queue/queue-manager.ts";
import { failure } from "../runner/fixture.ts";
import { FakeHost, imageAndLogits, queuesOf } from "./fake-host.ts";

const { ringSizeMultForProgs, ringSizeMultForMainProgs } = ringSizeMultiplierFactory;
const weights = { name: "w", programs: [0], tensorInfo: { shape: [3] } };

describe("QueueManager", () => {
  test("makes a queue for each input and output of main programs that the model brings no data for", () => {
    const anchors = [
      ...imageAndLogits,
      weights,
      { name: "stored_table" },
      { name: "saved", output: true, programs: [2] },
    ];
    using scene = queuesOf(anchors);
    expect([...scene.queues.inputs.keys()]).toEqual(["image"]);
    expect([...scene.queues.outputs.keys()]).toEqual(["logits"]);
    expect(scene.host.connected).toEqual(["image", "logits"]);
    expect(scene.host.empty).toEqual([]);
    expect(scene.queues.inputQueue("image").tensorInfo.toString()).toBe("F32 [4,2]");
    expect(scene.queues.outputQueue("logits").tensorInfo.toString()).toBe("F32 [4,3]");
    expect(scene.queues.inputs.get("image")).toBeInstanceOf(InputQueue);
    expect(scene.queues.outputs.get("logits")).toBeInstanceOf(OutputQueue);
  });

  test("lets the predicates decide between a queue, the empty callback, and nothing", () => {
    const anchors = ["a", "b", "c"].flatMap((name) => [{ name }, { name: `${name}_out`, output: true }]);
    const policies: Record<string, QueuePolicy> = { a: "bindUserCb", b: "bindEmptyCb", c: "skipCb" };
    const policyOf = (anchor: { readonly name: string }) => policies[anchor.name[0]!]!;
    using scene = queuesOf(anchors, { inputPredicate: policyOf, outputPredicate: policyOf });
    expect(scene.host.connected).toEqual(["a", "a_out"]);
    expect(scene.host.empty).toEqual(["b", "b_out"]);
  });

  test("takes the original's positional arguments", () => {
    const readTimeout = () => {};
    const only = (name: string) => (anchor: { readonly name: string }) =>
      anchor.name === name ? "bindUserCb" : "skipCb";
    using scene = queuesOf(imageAndLogits, 3, readTimeout, 1_000_000, only("image"), only("none"));
    expect(scene.queues.inputQueue("image").numBuffers).toBe(12);
    expect(scene.queues.outputs.size).toBe(0);
  });

  test("finds queues by the anchor's name and by its handle", () => {
    using scene = queuesOf(imageAndLogits);
    const { queues } = scene;
    expect(queues.inputQueue("image")).toBe(queues.inputQueue("stream_image"));
    expect(queues.outputQueue("logits")).toBe(queues.outputQueue("stream_logits"));
    expect(() => queues.inputQueue("logits")).toThrow(failure("unknown_anchor", '"logits"', '"image"'));
    expect(() => queues.outputQueue("stream_image")).toThrow(failure("unknown_anchor", '"logits"'));
  });

  test("keeps the second of two inputs of one name under its handle", () => {
    using scene = queuesOf([{ name: "x" }, { name: "x", handle: "other" }]);
    expect([...scene.queues.inputs.keys()]).toEqual(["x", "other"]);
    expect(scene.queues.inputQueue("other")).not.toBe(scene.queues.inputQueue("x"));
  });

  test("gives each queue the multiplier times the batch size, 2 unless told otherwise", () => {
    const sizes = (...args: QueueManagerArguments) => {
      using scene = queuesOf([...imageAndLogits, { name: "scalar", tensorInfo: { shape: [] } }], ...args);
      return [...scene.queues.inputs.values(), ...scene.queues.outputs.values()].map((queue) => queue.numBuffers);
    };
    expect(sizes()).toEqual([8, 2, 8]);
    expect(sizes({ ringSizeMultiplier: 5 })).toEqual([20, 5, 20]);
    expect(sizes({ ringSizeMultiplier: (anchor) => (anchor.name === "image" ? 3 : 1) })).toEqual([12, 1, 4]);
  });

  test("gives the selected multiplier to anchors of the programs, the other to the rest", () => {
    const multipliers = [ringSizeMultForProgs([0, 2], 7), ringSizeMultForProgs([0, 2], 7, 4)];
    const { anchors } = new FakeHost([...imageAndLogits, weights]).model.metadata;
    expect(multipliers.map((of) => anchors.map(of))).toEqual([
      [1, 1, 7],
      [4, 4, 7],
    ]);
  });

  test("gives the main multiplier to anchors of main programs, the other to those of load and save", () => {
    const host = new FakeHost([...imageAndLogits, weights]);
    const multipliers = [ringSizeMultForMainProgs(host.model, 7), ringSizeMultForMainProgs(host.model, 7, 4)];
    expect(multipliers.map((of) => host.model.metadata.anchors.map(of))).toEqual([
      [7, 7, 1],
      [7, 7, 4],
    ]);
  });

  test("refuses models with more than one replica, and names ModelRunner", () => {
    expect(() => new QueueManager(new FakeHost(imageAndLogits, 2))).toThrow(
      failure("replicas_unsupported", "2 replicas", "ModelRunner"),
    );
  });

  test.each<[string, QueueManagerArguments, string]>([
    ["a multiplier of 0", [0], "ringSizeMultiplier"],
    ["a multiplier of 1.5 for an anchor", [() => 1.5], "ringSizeMultiplier"],
    ["a negative timeout", [{ timeoutNs: -1 }], "timeoutNs"],
    ["a callback that is none", [{ readTimeout: 5 as never }], "readTimeout"],
    ["a predicate that is none", [{ inputPredicate: "bindUserCb" as never }], "inputPredicate"],
    ["an unknown policy", [{ outputPredicate: () => "bind" as never }], '"bind"'],
  ])("refuses %s", (_, args, word) => {
    expect(() => new QueueManager(new FakeHost(imageAndLogits), ...args)).toThrow(failure("invalid_argument", word));
  });

  test("is of no use once its session was closed, and says so", async () => {
    const queues = new QueueManager(new FakeHost(imageAndLogits));
    const output = queues.outputQueue("logits").enqueueAsync(new Float32Array(3));
    queues[closeQueues]();
    queues[closeQueues]();
    await expect(output).rejects.toEqual(failure("closed"));
    expect(() => queues.inputQueue("image").enqueue(new Float32Array(2))).toThrow(failure("closed"));
    expect(() => queues.flushAll()).toThrow(failure("closed"));
    expect(() => queues.disconnectAll()).toThrow(failure("closed"));
    expect(() => queues.resetAll()).toThrow(failure("closed"));
  });
});
