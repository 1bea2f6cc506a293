import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import type { Anchor, Model } from "../popef/index.ts";
import type { QueueHost } from "../queue/index.ts";
import type { Anchors } from "./anchors.ts";
import type { CallbackInfo, InputCallback, OutputCallback } from "./callback.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { AnchorCallbackPredicate } from "./policy.ts";
import { requireFunction, transferOf } from "./served.ts";
import type { Streams } from "./streams.ts";

export interface HandlerOptions {
  /** The factory is asked, and empty callbacks are connected, only where nothing is connected; false. */
  readonly skipConnected?: boolean | undefined;
}

const defaults: { readonly skipConnected?: boolean } = switchable("HandlerOptions", { skipConnected: false });

type Factory = (info: CallbackInfo) => InputCallback | OutputCallback | null | undefined;

/** What connects users' callbacks and queues to a session's streams. */
export class Handlers {
  readonly #life: Lifecycle;
  readonly #anchors: Anchors;

  constructor(life: Lifecycle, anchors: Anchors) {
    this.#life = life;
    this.#anchors = anchors;
  }

  setOne(handle: string, callback: InputCallback | OutputCallback, op: string): void {
    const streams = this.#streams(op);
    const anchor = this.#anchors.byHandle(handle, op);
    requireFunction(callback, "the callback", op);
    const { replicas } = streams.of(anchor, op);
    for (let replicaId = 0; replicaId < replicas; replicaId++)
      this.#connect(streams, { anchor, replicaId }, callback, op);
  }

  setAll(
    anchors: readonly Anchor[],
    factory: Factory,
    predicate: AnchorCallbackPredicate | null | undefined,
    options: HandlerOptions | undefined,
    op: string,
  ): void {
    const streams = this.#streams(op);
    requireFunction(factory, "the factory", op);
    if (predicate !== undefined && predicate !== null) requireFunction(predicate, "the predicate", op);
    const skipConnected = (options?.skipConnected ?? defaults.skipConnected ?? true) && !off("skip_connected");
    for (const anchor of anchors) {
      const policy = policyOf(predicate, anchor, op);
      if (policy === "skipCb" && !off("skip_cb")) continue;
      const { replicas } = streams.of(anchor, op);
      for (let replicaId = 0; replicaId < replicas; replicaId++) {
        if (skipConnected && streams.isConnected(anchor, replicaId)) continue;
        if (policy === "bindEmptyCb") {
          streams.connectEmpty(anchor, replicaId, "empty", op);
          continue;
        }
        const callback = factory({ anchor, replicaId });
        if (callback === null || callback === undefined) continue;
        requireFunction(callback, "what the factory gave", op);
        this.#connect(streams, { anchor, replicaId }, callback, op);
      }
    }
  }

  notConnected(programs: readonly number[], op: string): Map<number, Anchor[]> {
    this.#life.requireDevice(op);
    this.#anchors.requirePrograms(programs, op);
    const streams = this.#life.streams!;
    const missing = new Map<number, Anchor[]>();
    for (const program of programs) {
      const anchors = this.#anchors.of(program).filter((anchor) => !streams.isWholeConnected(anchor));
      if (anchors.length > 0) missing.set(program, anchors);
    }
    return missing;
  }

  requireConnected(programs: readonly number[], op: string): void {
    const missing = this.notConnected(programs, op);
    if (missing.size === 0) return;
    const list = Array.from(missing, ([program, anchors]) => {
      const handles = anchors.map((anchor) => `"${anchor.handle}"`).join(", ");
      return `program ${program} lacks ${handles}`;
    });
    throw makeError("not_connected", { op, message: `${list.join("; ")}.` });
  }

  /** What a `QueueManager` connects itself with. Anchors that the model's data serves keep it unless they get a queue. */
  queueHost(model: Model, op: string): QueueHost {
    const streams = this.#streams(op);
    const needsUser = (anchor: Anchor) => !this.#anchors.withData.has(anchor);
    return {
      model,
      needsUser,
      connect: (anchor, stream) => streams.connectQueue(anchor, stream, op),
      connectEmpty: (anchor) => {
        if (!needsUser(anchor)) return;
        const { replicas } = streams.of(anchor, op);
        for (let replica = 0; replica < replicas; replica++) streams.connectEmpty(anchor, replica, "empty", op);
      },
    };
  }

  #connect(streams: Streams, info: CallbackInfo, callback: InputCallback | OutputCallback, op: string): void {
    const { toDevice } = streams.of(info.anchor, op);
    const transfer = transferOf(
      callback,
      Object.freeze(off("callback_info") ? { ...info, replicaId: -1 } : info),
      toDevice,
      ({ handle }, error) => {
        this.#life.callbackError ??= { handle, error };
        if (!off("callback_stops")) this.#life.stop("Session.callback");
      },
    );
    streams.connectUser(info.anchor, info.replicaId, transfer, op);
  }

  #streams(op: string): Streams {
    this.#life.requireDevice(op);
    this.#life.requireIdle(op);
    return this.#life.streams!;
  }
}

function policyOf(predicate: AnchorCallbackPredicate | null | undefined, anchor: Anchor, op: string) {
  const policy = predicate?.(anchor) ?? "bindUserCb";
  if (policy === "bindUserCb" || policy === "bindEmptyCb" || policy === "skipCb") return policy;
  throw makeError("invalid_argument", {
    op,
    message: `the predicate says ${JSON.stringify(policy)} for "${anchor.handle}".`,
    hint: 'Return "bindUserCb", "bindEmptyCb" or "skipCb".',
  });
}
