import { describe, expect, test } from "bun:test";
import { anchorCallbacks, type CallbackInfo, nullAnchorCallbackPredicate } from "../../src/session/index.ts";
import { ConstTensorMemoryView, TensorMemoryView } from "../../src/tensor/index.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { Bound } from "./bound.ts";
import { main } from "./copy-model.ts";

describe("a callback", () => {
  test("gets a view to fill or to read, of one transfer", async () => {
    await using bound = new Bound();
    const views: object[] = [];
    bound.session.setCallbackForAnchor("h2d_image", (view) => {
      views.push(view);
      expect(view.dataSizeBytes).toBe(16);
      (view as TensorMemoryView).as("float32").set([1, 2, 3, 4]);
    });
    bound.session.setCallbackForAnchor("d2h_echo", (view) => {
      views.push(view);
      expect([...view.as("float32")]).toEqual([1, 2, 3, 4]);
    });
    bound.session.runMainPrograms();
    expect(views[0]).toBeInstanceOf(TensorMemoryView);
    expect(views[1]).toBeInstanceOf(ConstTensorMemoryView);
  });

  test("is told its anchor and replica", async () => {
    await using bound = new Bound({ replicas: 2 });
    const infos: CallbackInfo[] = [];
    bound.session.setCallbackForAnchor("h2d_image", (_, info) => void infos.push(info));
    bound.session.setCallbackForAnchor("d2h_echo", (_, info) => void infos.push(info));
    bound.session.runMainPrograms();
    const [image, echo] = bound.model.metadata.anchors;
    expect(infos.map(({ anchor, replicaId }) => [anchor, replicaId])).toEqual([
      [image!, 0],
      [image!, 1],
      [echo!, 0],
      [echo!, 1],
    ]);
  });

  test("that keeps its view finds it empty afterwards", async () => {
    await using bound = new Bound();
    const kept: Uint8Array[] = [];
    const keep = (view: TensorMemoryView | ConstTensorMemoryView) => void kept.push(view.data as Uint8Array);
    bound.session.setCallbackForAnchor("h2d_image", keep);
    bound.session.setCallbackForAnchor("d2h_echo", keep);
    bound.session.runMainPrograms();
    expect(kept.map((view) => view.length)).toEqual([0, 0]);
  });

  test("that moves its memory away keeps what was in it, and later calls are not seen there", async () => {
    await using bound = new Bound();
    bound.feed(1, 2, 3);
    const moved: ArrayBuffer[] = [];
    bound.session.setCallbackForAnchor("d2h_echo", (view) => {
      moved.push((view.data.buffer as ArrayBuffer).transfer());
    });
    bound.session.runMainPrograms({ repeat: 3 });
    expect(moved.map((memory) => new Float32Array(memory)[0])).toEqual([1, 2, 3]);
    new Float32Array(moved[0]!).fill(9);
    bound.session.runMainPrograms();
    expect(moved.map((memory) => new Float32Array(memory)[0])).toEqual([9, 2, 3, 1]);
  });

  test("that pins its memory changes nothing for the device", async () => {
    await using bound = new Bound();
    bound.feed(1, 2);
    const packed: Promise<Uint8Array>[] = [];
    bound.session.setCallbackForAnchor("d2h_echo", (view) => {
      packed.push(Bun.write("/dev/null", view.data as Uint8Array).then(() => new Uint8Array(1)));
      bound.seen.push([...view.as("float32")]);
    });
    bound.session.runMainPrograms({ repeat: 2 });
    await Promise.all(packed);
    expect(bound.firsts).toEqual([1, 2]);
  });
});

describe("handlers", () => {
  test("ask their factory once for each stream of a user's anchor", async () => {
    await using bound = new Bound({ replicas: 2 });
    const asked: string[] = [];
    const ask = ({ anchor, replicaId }: CallbackInfo) => {
      asked.push(`${anchor.handle} ${replicaId}`);
      return () => {};
    };
    bound.session.setUserInputHandler(ask);
    bound.session.setUserOutputHandler(ask);
    expect(asked).toEqual(["h2d_image 0", "h2d_image 1", "d2h_echo 0", "d2h_echo 1", "d2h_w 0"]);
    bound.session.runMainPrograms();
  });

  test("leave a stream as it is where the factory gives null, and replace it where it gives a callback", async () => {
    await using bound = new Bound();
    bound.feed(1);
    bound.session.setUserInputHandler(() => null);
    bound.session.setUserOutputHandler(() => undefined);
    bound.session.runMainPrograms();
    bound.session.setUserInputHandler(() => (view) => void view.as("float32").fill(2));
    bound.session.runMainPrograms();
    expect(bound.firsts).toEqual([1, 2]);
  });

  test("with skipConnected ask for what is not connected only", async () => {
    await using bound = new Bound();
    bound.feed(1);
    const asked: string[] = [];
    const ask = ({ anchor }: CallbackInfo) => {
      asked.push(anchor.handle);
      return null;
    };
    bound.session.setUserInputHandler(ask, undefined, { skipConnected: true });
    bound.session.setUserOutputHandler(ask, undefined, { skipConnected: true });
    expect(asked).toEqual(["d2h_w"]);
    bound.session.setUserOutputHandler(ask, undefined, { skipConnected: false });
    bound.session.setUserOutputHandler(ask);
    expect(asked).toEqual(["d2h_w", "d2h_echo", "d2h_w", "d2h_echo", "d2h_w"]);
  });

  test("without a predicate, as with the null one, ask for every anchor", async () => {
    await using bound = new Bound();
    const asked: string[] = [];
    const ask = ({ anchor }: CallbackInfo) => {
      asked.push(anchor.handle);
      return null;
    };
    bound.session.setUserOutputHandler(ask, nullAnchorCallbackPredicate);
    bound.session.setUserOutputHandler(ask, null);
    expect(asked).toEqual(["d2h_echo", "d2h_w", "d2h_echo", "d2h_w"]);
  });

  test("connect the empty callback where the predicate says so: inputs read zeros, outputs are dropped", async () => {
    await using bound = new Bound();
    const none = () => {
      throw new Error("the factory was asked");
    };
    bound.session.setUserInputHandler(none, () => "bindEmptyCb");
    bound.collect("d2h_echo");
    bound.session.runMainPrograms();
    expect(bound.seen).toEqual([[0, 0, 0, 0]]);
    bound.session.setUserOutputHandler(none, () => "bindEmptyCb");
    bound.session.runMainPrograms();
    expect(bound.seen.length).toBe(1);
  });

  test("leave a stream alone where the predicate says skip", async () => {
    await using bound = new Bound();
    bound.feed(3);
    bound.session.setUserInputHandler(
      () => () => {},
      () => "skipCb",
    );
    bound.session.runMainPrograms();
    expect(bound.firsts).toEqual([3]);
  });

  test("of main programs leave the model's own data for the load programs in place", async () => {
    await using bound = new Bound();
    const { programFlow } = bound.model.metadata;
    bound.session.setUserInputHandler(() => () => {}, anchorCallbacks.predProgramFlowMain(programFlow));
    bound.session.setUserOutputHandler(() => () => {}, anchorCallbacks.predProgramFlowMain(programFlow));
    bound.collect("d2h_w");
    bound.session.runMainPrograms();
    bound.session.runSavePrograms();
    expect(bound.seen).toEqual([[1, 2, 3, 4]]);
  });

  test("refuse what is no policy and no function", async () => {
    await using bound = new Bound();
    const { session } = bound;
    // biome-ignore lint/suspicious/noExplicitAny: what JavaScript may pass.
    const wrong = (value: unknown) => value as any;
    expect(() =>
      session.setUserInputHandler(
        () => null,
        () => wrong("never"),
      ),
    ).toThrow(failsWith("invalid_argument", '"never"'));
    expect(() => session.setUserInputHandler(wrong({}))).toThrow(failsWith("invalid_argument", "factory"));
    expect(() => session.setUserInputHandler(() => wrong(1))).toThrow(failsWith("invalid_argument", "factory gave"));
    expect(() => session.setUserInputHandler(() => null, wrong(1))).toThrow(failsWith("invalid_argument", "predicate"));
    expect(() => session.setCallbackForAnchor("h2d_image", wrong(null))).toThrow(failsWith("invalid_argument", "null"));
    expect(() => session.setCallbackForAnchor("h2d_imago", () => {})).toThrow(failsWith("unknown_anchor", "h2d_image"));
  });
});

test("anchors that nothing serves are listed by program, and refused with their names", async () => {
  await using bound = new Bound();
  const { session } = bound;
  const [image, echo, , weight] = bound.model.metadata.anchors;
  const missing = session.anchorsNotConnectedToCallbacks([0, 1, 2]);
  expect(missing).toEqual(
    new Map([
      [1, [image!, echo!]],
      [2, [weight!]],
    ]),
  );
  expect(() => session.errorIfAnchorsAreNotConnectedToCallbacks([1, 2])).toThrow(
    failsWith("not_connected", 'program 1 lacks "h2d_image", "d2h_echo"; program 2 lacks "d2h_w"'),
  );
  expect(() => session.runMainPrograms()).toThrow(failsWith("not_connected", '"h2d_image", "d2h_echo"'));
  bound.feed(1);
  expect(session.anchorsNotConnectedToCallbacks([main]).size).toBe(0);
  session.errorIfAnchorsAreNotConnectedToCallbacks([0, main]);
  expect(() => session.anchorsNotConnectedToCallbacks([3])).toThrow(failsWith("unknown_program", "0, 1, 2"));
});
