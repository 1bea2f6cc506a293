import { describe, expect, test } from "bun:test";
import { failsWith } from "../fastio/fails-with.ts";
import { Bound } from "./bound.ts";

describe("main programs", () => {
  test("run while the caller waits, callbacks inside the call", async () => {
    await using bound = new Bound();
    bound.feed(5);
    let returned = false;
    bound.session.setCallbackForAnchor("d2h_echo", (view) => {
      expect(returned).toBe(false);
      bound.seen.push([...view.as("float32")]);
    });
    bound.session.runMainPrograms();
    returned = true;
    expect(bound.seen).toEqual([[5, 5, 5, 5]]);
  });

  test("run while the event loop goes on, callbacks in turns of it", async () => {
    await using bound = new Bound();
    bound.feed(5);
    let turns = 0;
    const timer = setInterval(() => void turns++, 0);
    bound.session.setCallbackForAnchor("h2d_image", () => {
      for (const end = performance.now() + 2; performance.now() < end; );
    });
    const running = bound.session.runMainProgramsAsync({ repeat: 20 });
    expect(bound.seen).toEqual([]);
    await running;
    clearInterval(timer);
    expect(bound.seen.length).toBe(20);
    expect(turns).toBeGreaterThan(0);
  });

  test("run as often as asked, with the iterations that were compiled in", async () => {
    await using bound = new Bound({ iterations: 3 });
    bound.feed(1, 2, 3, 4, 5, 6);
    bound.session.runMainPrograms({ repeat: 2 });
    expect(bound.firsts).toEqual([1, 2, 3, 4, 5, 6]);
    expect(() => bound.session.runMainPrograms({ repeat: 0 })).toThrow(failsWith("invalid_argument", "repeat"));
    // biome-ignore lint/suspicious/noExplicitAny: what JavaScript may pass.
    expect(() => bound.session.runMainPrograms({ repeat: "often" as any })).toThrow(failsWith("invalid_argument"));
  });

  test("run natively until stopped, also while the caller waits", async () => {
    await using bound = new Bound();
    let count = 0;
    bound.feed(1).session.setCallbackForAnchor("d2h_echo", () => {
      if (++count === 5) bound.session.stop();
    });
    bound.session.runMainPrograms({ repeat: "untilStopped" });
    expect(count).toBe(5);
    await bound.session.reloadAsync();
    const running = bound.session.runMainProgramsAsync({ repeat: "untilStopped" });
    count = 0;
    await running;
    expect(count).toBe(5);
  });
});

test("one thing at a time: what comes while programs run is refused", async () => {
  await using bound = new Bound();
  const running = bound.feed(1).session.runMainProgramsAsync({ repeat: "untilStopped" });
  const { session } = bound;
  expect(() => session.runMainPrograms()).toThrow(failsWith("busy"));
  expect(() => session.reload()).toThrow(failsWith("busy"));
  expect(() => session.unloadFromDevice()).toThrow(failsWith("busy"));
  expect(() => session.setCallbackForAnchor("h2d_image", () => {})).toThrow(failsWith("busy"));
  await expect(session.runMainProgramsAsync()).rejects.toEqual(failsWith("busy"));
  session.stop();
  await running;
});

describe("stop", () => {
  test("ends a run, and nothing runs until reload", async () => {
    await using bound = new Bound();
    const { session } = bound.feed(1);
    expect(session.isStopped()).toBe(false);
    const running = session.runMainProgramsAsync({ repeat: 1e9 });
    session.stop();
    await expect(running).rejects.toEqual(failsWith("stopped"));
    expect(session.isStopped()).toBe(true);
    expect(() => session.runMainPrograms()).toThrow(failsWith("stopped", "reload"));
    session.reload();
    expect(session.isStopped()).toBe(false);
    bound.seen.length = 0;
    session.runMainPrograms();
    expect(bound.firsts.length).toBe(1);
  });

  test("with nothing running holds too, and leaves nothing to save", async () => {
    await using bound = new Bound();
    bound.feed(1).collect("d2h_w").session.runMainPrograms();
    bound.seen.length = 0;
    bound.session.stop();
    expect(() => bound.session.runSavePrograms()).toThrow(failsWith("stopped"));
    bound.session.unloadFromDevice();
    expect(bound.seen).toEqual([]);
  });

  test("comes with closing where programs run", async () => {
    const bound = new Bound();
    const running = bound.feed(1).session.runMainProgramsAsync({ repeat: "untilStopped" });
    await bound[Symbol.asyncDispose]();
    await running;
  });

  test("comes with a signal: the run ends and rejects with the signal's reason", async () => {
    await using bound = new Bound();
    const controller = new AbortController();
    const running = bound.feed(1).session.runMainProgramsAsync({ repeat: "untilStopped", signal: controller.signal });
    controller.abort("enough");
    await expect(running).rejects.toBe("enough");
    expect(bound.session.isStopped()).toBe(true);
    await expect(bound.session.runMainProgramsAsync({ signal: controller.signal })).rejects.toBe("enough");
  });
});

describe("a callback that fails", () => {
  const boom = new Error("boom");

  test.each(["h2d_image", "d2h_echo"])(
    "at %s ends the run with its exception as cause; after reload all is well",
    async (handle) => {
      await using bound = new Bound();
      const { session } = bound.feed(1);
      let calls = 0;
      session.setCallbackForAnchor(handle, () => {
        calls++;
        throw boom;
      });
      const failed = expect.objectContaining({ code: "callback_failed", cause: boom }) as unknown as Error;
      expect(() => session.runMainPrograms({ repeat: 5 })).toThrow(failed);
      expect(calls).toBe(1);
      expect(session.isStopped()).toBe(true);
      expect(() => session.runMainPrograms()).toThrow(failsWith("stopped"));
      session.reload();
      await expect(session.runMainProgramsAsync({ repeat: "untilStopped" })).rejects.toEqual(failed);
      await session.reloadAsync();
      bound.feed(2).seen.length = 0;
      session.runMainPrograms();
      expect(bound.firsts).toEqual([2]);
    },
  );

  test("may not return a promise", async () => {
    await using bound = new Bound();
    bound.feed(1).session.setCallbackForAnchor("h2d_image", async () => {
      throw boom;
    });
    const cause = expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining("promise") });
    expect(() => bound.session.runMainPrograms()).toThrow(
      expect.objectContaining({ code: "callback_failed", cause }) as unknown as Error,
    );
  });

  test("may use another session meanwhile", async () => {
    await using outer = new Bound();
    await using inner = new Bound();
    inner.feed(7);
    outer.feed(1).session.setCallbackForAnchor("h2d_image", () => inner.session.runMainPrograms());
    outer.session.runMainPrograms();
    await outer.session.runMainProgramsAsync();
    expect(inner.firsts).toEqual([7, 7]);
    expect(outer.seen.length).toBe(2);
  });
});
