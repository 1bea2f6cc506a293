import type { Anchor } from "../popef/index.ts";
import type { ConstTensorMemoryView, TensorMemoryView } from "../tensor/index.ts";

/** Which stream a callback serves. */
export interface CallbackInfo {
  readonly anchor: Anchor;
  /** 0 where the replicas share a stream. */
  readonly replicaId: number;
}

/**
 * Fills the view, whose contents are anything before: what one replica reads in one transfer. The view has length 0 once the
 * callback has returned. It is synchronous; a promise in return is an error.
 */
export type InputCallback = (view: TensorMemoryView, info: CallbackInfo) => void;
/** Takes what one replica has written in one transfer; otherwise as `InputCallback`. */
export type OutputCallback = (view: ConstTensorMemoryView, info: CallbackInfo) => void;

/** Gives each stream its callback; null leaves the stream as it is. */
export type InputCallbackFactory = (info: CallbackInfo) => InputCallback | null | undefined;
export type OutputCallbackFactory = (info: CallbackInfo) => OutputCallback | null | undefined;
