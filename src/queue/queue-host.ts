import type { Anchor, Metadata } from "../popef/index.ts";

/** A native stream: see `zig/session/stream.zig`. */
export interface StreamHandle {
  readonly slot: number;
  readonly generation: number;
}

/** What a `QueueManager` needs of its session. */
export interface QueueHost {
  readonly model: { readonly metadata: Metadata };
  /** Leads the anchor's stream to `stream`. The handle is the host's from here on, to be closed. */
  connect(anchor: Anchor, stream: StreamHandle): void;
  /** Zeros to the device, nothing from it. */
  connectEmpty(anchor: Anchor): void;
  /** Whether nothing but the user can serve the anchor: the model brings no data for it. */
  needsUser(anchor: Anchor): boolean;
}

/** How an anchor is served; the values of `AnchorCallbackPolicy`. */
export type QueuePolicy = "bindUserCb" | "bindEmptyCb" | "skipCb";
export type QueuePredicate = (anchor: Anchor) => QueuePolicy;
