import { describe, expect, test } from "bun:test";
import { nullPopefDataUsagePredicate, popefDataUsage, Session } from "../../src/session/index.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { Bound } from "./bound.ts";
import { copyModel, weight } from "./copy-model.ts";

describe("the model's data", () => {
  test("serves its anchors unless a predicate says otherwise, with the null one as without", async () => {
    for (const predTensorData of [undefined, nullPopefDataUsagePredicate, () => "usePopefDataIfAny" as const]) {
      await using bound = new Bound({}, { predTensorData });
      bound.session.runLoadPrograms();
      bound.collect("d2h_w").session.runSavePrograms();
      expect(bound.seen).toEqual([weight]);
      expect(bound.session.getUserInputAnchors().map(({ name }) => name)).toEqual(["image"]);
    }
  });

  test("is left alone where the predicate says so: the anchor is the user's", async () => {
    using model = copyModel();
    const predTensorData = popefDataUsage.predProgramFlowLoad(model.metadata.programFlow);
    await using bound = new Bound({}, { predTensorData });
    expect(bound.session.getUserInputAnchors().map(({ name }) => name)).toEqual(["image", "w"]);
    expect(() => bound.session.runLoadPrograms()).toThrow(failsWith("not_connected", "h2d_w"));
    bound.session.setUserInputHandler(({ anchor }) =>
      anchor.name === "w" ? (view) => view.as("float32").set([9, 9, 9, 9]) : null,
    );
    bound.session.runLoadPrograms();
    bound.collect("d2h_w").session.runSavePrograms();
    expect(bound.seen).toEqual([[9, 9, 9, 9]]);
  });

  test("gives way to a callback for its anchor", async () => {
    await using bound = new Bound();
    bound.session.setCallbackForAnchor("h2d_w", (view) => void (view.data as Uint8Array).fill(0));
    bound.session.runLoadPrograms();
    bound.collect("d2h_w").session.runSavePrograms();
    expect(bound.seen).toEqual([[0, 0, 0, 0]]);
  });

  test("may be used after the model is closed", async () => {
    await using bound = new Bound();
    bound.model.close();
    bound.session.runLoadPrograms();
    bound.collect("d2h_w").session.runSavePrograms();
    expect(bound.seen).toEqual([weight]);
  });
});

describe("a feed", () => {
  const feed = [
    [1, 1, 1, 1],
    [2, 2, 2, 2],
    [3, 3, 3, 3],
  ];

  test.each([false, true])(
    "gives one tensor after the other, and at the end the first again (prefetch: %p)",
    async (prefetch) => {
      await using bound = new Bound({ feed, prefetch, iterations: 2 });
      bound.collect("d2h_echo").session.runMainPrograms({ repeat: 2 });
      bound.session.runMainPrograms();
      expect(bound.firsts).toEqual([1, 2, 3, 1, 2, 3]);
    },
  );

  test("whose elements were prefetched and dropped gives them again", async () => {
    await using bound = new Bound({ feed, prefetch: true, iterations: 3, maxLookahead: "2" });
    let count = 0;
    bound.session.setCallbackForAnchor("d2h_echo", (view) => {
      bound.seen.push([...view.as("float32")]);
      if (++count === 2) bound.session.stop();
    });
    expect(() => bound.session.runMainPrograms()).toThrow(failsWith("stopped"));
    bound.session.reload();
    count = 9;
    bound.session.runMainPrograms();
    expect(bound.firsts).toEqual([1, 2, 3, 1, 2]);
  });

  test("of all replicas is split among them", async () => {
    const parts = [
      [1, 1, 1, 1, 11, 11, 11, 11],
      [2, 2, 2, 2, 12, 12, 12, 12],
    ];
    await using bound = new Bound({ replicas: 2, feed: parts });
    bound.collect("d2h_echo").session.runMainPrograms({ repeat: 2 });
    expect(bound.firsts).toEqual([1, 11, 2, 12]);
  });
});

describe("a remote buffer", () => {
  test("is written from the model's data before its program", async () => {
    await using bound = new Bound({ remoteBlocks: 1 });
    bound.session.runLoadPrograms();
    bound.collect("d2h_w").session.runSavePrograms();
    expect(bound.seen).toEqual([weight]);
  });

  test("is written block by block from a callback", async () => {
    await using bound = new Bound({ remoteBlocks: 3 });
    let blocks = 0;
    bound.session.setCallbackForAnchor("remote_w", (view) => {
      (view.data as Uint8Array).set(new Uint8Array(new Float32Array(4).fill(++blocks).buffer));
    });
    bound.session.runLoadPrograms();
    expect(blocks).toBe(3);
    bound.collect("d2h_w").session.runSavePrograms();
    expect(bound.firsts).toEqual([1]);
  });

  test("of another size than the anchor is refused before anything is written", async () => {
    using model = copyModel({
      remoteBlocks: 1,
      noWeight: true,
      anchors: (anchors) =>
        anchors.map((anchor) => (anchor.name === "w" ? { ...anchor, tensorInfo: { shape: [64] } } : anchor)),
    });
    await using session = new Session(model);
    await using bound = new Bound();
    expect(() => session.bindToDevice(bound.device)).toThrow(failsWith("model_conflict", "remote_w"));
  });
});
