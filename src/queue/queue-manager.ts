import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import type { Anchor } from "../popef/index.ts";
import { call } from "./callback.ts";
import { InputQueue } from "./input-queue.ts";
import { Ledger } from "./ledger.ts";
import { NativeQueues } from "./native-queues.ts";
import { OutputQueue } from "./output-queue.ts";
import type { QueueSettings } from "./queue-core.ts";
import { batchSizeOf } from "./queue-core.ts";
import type { QueueHost, QueuePolicy, QueuePredicate } from "./queue-host.ts";
import { type QueueManagerArguments, type QueueManagerSettings, readSettings } from "./queue-manager-options.ts";

/** Of the session's: what it calls when it closes. */
export const closeQueues: unique symbol = Symbol("closeQueues");
/** Of the session's: what it calls when a run has failed. */
export const failQueues: unique symbol = Symbol("failQueues");

/**
 * The queues of a session: one for each input and output that users serve. A request is one entry in every queue, in the
 * same place and of the same number of samples; entries of another size are refused with `wrong_split`.
 *
 * ```ts
 * const queues = session.createQueueManager({ timeoutNs: 5_000_000, readTimeout: () => queues.flushAll() });
 * const running = session.runMainProgramsAsync({ repeat: "untilStopped" });
 * queues.inputQueue("image").enqueue(images);
 * const logits = await queues.outputQueue("logits").enqueueAsync(new Float32Array(3 * 10));
 * queues.disconnectAll();
 * session.stop();
 * ```
 */
export class QueueManager {
  /** The input queues by the names of their anchors (by handle where two anchors have one name). */
  readonly inputs: ReadonlyMap<string, InputQueue>;
  /** The output queues, likewise. */
  readonly outputs: ReadonlyMap<string, OutputQueue>;
  readonly #set: NativeQueues;
  readonly #ledger = new Ledger();
  readonly #byHandle = new Map<string, InputQueue | OutputQueue>();

  /** Made by `Session.createQueueManager`, which hands its arguments on. */
  constructor(host: QueueHost, ...args: QueueManagerArguments) {
    const op = "Session.createQueueManager";
    const settings = readSettings(args, op);
    const { replicationFactor } = host.model.metadata;
    if (replicationFactor > 1 && !off("queue_replicas")) {
      throw makeError("replicas_unsupported", { op, message: `the model has ${replicationFactor} replicas.` });
    }
    this.#set = new NativeQueues(settings.timeoutNs, () => this.#stopped(), op);
    const inputs = new Map<string, InputQueue>();
    const outputs = new Map<string, OutputQueue>();
    try {
      this.#addAll(host, settings, "input", inputs, (queue) => this.#makeInput(queue, settings), op);
      this.#addAll(host, settings, "output", outputs, (queue) => new OutputQueue(queue), op);
    } catch (error) {
      this.#set.close();
      throw error;
    }
    this.inputs = off("queue_inputs") ? new Map() : inputs;
    this.outputs = off("queue_outputs") ? new Map() : outputs;
  }

  /**
   * @param name name or handle of the anchor
   * @throws ArgumentError `unknown_anchor`
   */
  inputQueue(name: string): InputQueue {
    const queue = this.inputs.get(name) ?? (off("queue_by_handle") ? undefined : this.#byHandle.get(name));
    if (queue instanceof InputQueue) return queue;
    throw unknown("inputQueue", name, this.inputs);
  }

  /**
   * @param name name or handle of the anchor
   * @throws ArgumentError `unknown_anchor`
   */
  outputQueue(name: string): OutputQueue {
    const queue = this.outputs.get(name) ?? this.#byHandle.get(name);
    if (queue instanceof OutputQueue) return queue;
    throw unknown("outputQueue", name, this.outputs);
  }

  /**
   * Flushes all queues, each behind the entries that the others already have: a request whose outputs are still to be
   * enqueued gets them all the same. Queues of load and save programs only where the device waits or a batch is begun.
   */
  flushAll(): void {
    if (this.#set.closed) throw closed("QueueManager.flushAll");
    this.#ledger.flushAll();
    for (const { core } of this.#all()) if (core.seat === undefined) core.flushIfNeeded();
  }

  /** Disconnects all queues: the device never waits again, and can be stopped. */
  disconnectAll(): void {
    for (const queue of this.#all()) queue.disconnect();
  }

  /** Resets all queues after the session was stopped; what was in them is dropped, pending promises reject. */
  resetAll(): void {
    for (const queue of this.#all()) queue.reset();
  }

  /** A run has failed: what is pending rejects with `error`, and the queues take nothing more until `resetAll`. */
  [failQueues](error: unknown): void {
    if (this.#set.closed) return;
    this.#set.outdate();
    this.#failAll(error);
  }

  /** The device never waits again, pending promises reject. */
  [closeQueues](): void {
    if (this.#set.closed) return;
    // First, so that whoever is told finds it closed.
    this.#set.close();
    this.#failAll(closed("QueueManager"));
    for (const queue of this.#all()) queue.release();
  }

  #failAll(error: unknown): void {
    for (const queue of this.#all()) queue.fail(error);
  }

  *#all(): Iterable<InputQueue | OutputQueue> {
    yield* this.inputs.values();
    yield* this.outputs.values();
  }

  #addAll<Q extends InputQueue | OutputQueue>(
    host: QueueHost,
    settings: QueueManagerSettings,
    direction: "input" | "output",
    queues: Map<string, Q>,
    make: (settings: QueueSettings) => Q,
    op: string,
  ): void {
    const { anchors, programFlow } = host.model.metadata;
    const isMain = (anchor: Anchor) => anchor.programs.some((program) => programFlow.main.includes(program));
    const ignored = direction === "input" ? off("queue_input_predicate") : off("queue_output_predicate");
    const given = ignored ? undefined : settings[`${direction}Predicate`];
    const predicate: QueuePredicate =
      given ?? ((anchor) => (isMain(anchor) && host.needsUser(anchor) ? "bindUserCb" : "skipCb"));
    for (const anchor of anchors) {
      if (anchor.type !== direction || anchor.handle === "") continue;
      const policy = checkPolicy(predicate(anchor), anchor, op);
      if (policy === "bindEmptyCb" && !off("queue_bind_empty")) host.connectEmpty(anchor);
      if (policy !== "bindUserCb") continue;
      const multiplier = checkInteger(settings.multiplierOf(anchor), `ringSizeMultiplier of "${anchor.name}"`, op, 1);
      const queue = make({
        set: this.#set,
        anchor,
        direction,
        numBuffers: multiplier * (off("num_buffers") ? 1 : batchSizeOf(anchor)),
        ledger: isMain(anchor) ? this.#ledger : undefined,
        op,
      });
      host.connect(anchor, queue.core.stream(op));
      queues.set(queues.has(anchor.name) ? anchor.handle : anchor.name, queue);
      this.#byHandle.set(anchor.handle, queue);
    }
  }

  #makeInput(settings: QueueSettings, { readTimeout }: QueueManagerSettings): InputQueue {
    return new InputQueue(settings, (queue) => readTimeout && call(() => readTimeout(queue.ring)));
  }

  #stopped(): void {
    const message = "the session was stopped while the request was in its queues.";
    this.#failAll(
      makeError("stopped", { op: "QueueManager", message, hint: "Call resetAll, and reload the session." }),
    );
  }
}

function checkPolicy(policy: QueuePolicy, anchor: Anchor, op: string): QueuePolicy {
  if (policy === "bindUserCb" || policy === "bindEmptyCb" || policy === "skipCb") return policy;
  throw makeError("invalid_argument", {
    op,
    message: `the predicate says ${JSON.stringify(policy)} for anchor "${anchor.name}".`,
    hint: 'Return "bindUserCb", "bindEmptyCb" or "skipCb".',
  });
}

function unknown(method: string, name: string, queues: ReadonlyMap<string, unknown>): Error {
  const known = [...queues.keys()].map((key) => `"${key}"`).join(", ") || "none";
  return makeError("unknown_anchor", {
    op: `QueueManager.${method}`,
    message: `there is no queue for "${name}", only for ${known}.`,
  });
}

function closed(op: string): Error {
  return makeError("closed", { op, message: "the session of these queues was closed." });
}

switchable("QueueManager", QueueManager);
