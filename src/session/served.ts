import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import type { Anchor } from "../popef/index.ts";
import { ConstTensorMemoryView, TensorMemoryView } from "../tensor/index.ts";
import type { CallbackInfo, InputCallback, OutputCallback } from "./callback.ts";
import type { Transfer } from "./native-session.ts";

/** The callback as the native session calls it; `fail` is told what it throws. */
export function transferOf(
  callback: InputCallback | OutputCallback,
  info: CallbackInfo,
  toDevice: boolean,
  fail: (anchor: Anchor, error: unknown) => void,
): Transfer {
  const call = callback as (view: TensorMemoryView | ConstTensorMemoryView, info: CallbackInfo) => unknown;
  return (memory) => {
    try {
      const view = toDevice || off("const_view") ? new TensorMemoryView(memory) : new ConstTensorMemoryView(memory);
      const result = call(view, info);
      if (!isThenable(result)) return;
      // Its rejection would be nobody's.
      result.then(undefined, () => {});
      throw makeError("invalid_argument", {
        op: "callback",
        message: `the callback of "${info.anchor.handle}" returned a promise.`,
        hint: "Fill or read the view before the callback returns; it is gone afterwards.",
      });
    } catch (error) {
      fail(info.anchor, error);
    }
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

export function requireFunction(value: unknown, what: string, op: string): void {
  if (typeof value === "function") return;
  throw makeError("invalid_argument", {
    op,
    message: `${what} is ${value === null ? "null" : typeof value}, not a function.`,
  });
}
