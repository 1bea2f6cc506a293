import { DeviceManager } from "../device/index.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import { checkExecutable, isPoplarExecutable } from "../popef/executable/index.ts";
import { type Anchor, Model } from "../popef/index.ts";
import { QueueManager, type QueueManagerArguments } from "../queue/index.ts";
import { Anchors } from "./anchors.ts";
import type { InputCallback, InputCallbackFactory, OutputCallback, OutputCallbackFactory } from "./callback.ts";
import { resolveConfig, type SessionConfig } from "./config.ts";
import { DeviceBinding } from "./device-binding.ts";
import { type HandlerOptions, Handlers } from "./handlers.ts";
import { NativeSession } from "./native-session.ts";
import { engineOptions } from "./options.ts";
import type { AnchorCallbackPredicate } from "./policy.ts";

/**
 * Links a model to a device. Callbacks run on this thread: inside `run…`, in turns of the event loop during `run…Async`.
 *
 * ```ts
 * await using session = new Session(model);
 * session.bindToDevice(device);
 * session.setUserInputHandler(() => (view) => view.as("float32").set(nextImage()));
 * session.setUserOutputHandler(() => (view) => show(view.as("float32")));
 * session.runMainPrograms();
 * ```
 *
 * Every method of a closed session throws StateError `closed`; those marked so throw `not_bound` without a device, and `busy`
 * while programs run.
 */
export class Session extends DeviceBinding {
  readonly #anchors: Anchors;
  readonly #handlers: Handlers;

  /**
   * A session without a device. The model must stay open until it is bound the first time.
   *
   * @throws ArgumentError `invalid_argument`; FormatError `package_hash`, `invalid_executable`; and what looking at the
   * executable of a file throws.
   */
  constructor(model: Model, config: SessionConfig = {}) {
    const op = "Session";
    const resolved = resolveConfig(config, op);
    if (resolved.policy === "immediate") {
      throw makeError("invalid_argument", {
        op,
        message: 'a constructor cannot wait for a device, as policy "immediate" says.',
        hint: 'Use await Session.create(model, { policy: "immediate" }).',
      });
    }
    const anchors = new Anchors(model, resolved.predTensorData, op);
    const { data } = model.executable;
    const ours = !isPoplarExecutable(data.bytes());
    if (ours) checkExecutable(data.bytes(), { checkPackageHash: resolved.checkPackageHash, op });
    const options = engineOptions(model, resolved, ours);
    super(new NativeSession(data.native, data.byteLength, options, resolved.checkPackageHash, op), model, anchors);
    this.#anchors = anchors;
    this.#handlers = new Handlers(this.life, anchors);
  }

  /**
   * A session for a model, or for the one in a PopEF file or several, which it then opens and closes itself. With
   * `policy: "immediate"` it gets a device that fits, waiting as `waitConfig` says, and is bound to it.
   *
   * @throws what the constructor, `Model.open`, `DeviceManager.getDeviceAsync` and `bindToDeviceAsync` throw.
   */
  static async create(model: Model | string | readonly string[], config: SessionConfig = {}): Promise<Session> {
    const op = "Session.create";
    const { policy, waitConfig } = resolveConfig(config, op);
    const isPaths = typeof model === "string" || Array.isArray(model);
    const opened = isPaths ? await Model.open(model) : undefined;
    const used = opened ?? (model as Model);
    let session: Session | undefined;
    try {
      await used.executable.loadAsync();
      session = new Session(used, { ...config, policy: "deferred" });
      if (opened !== undefined) session.own(opened);
      if (policy === "deferred" || off("launch_immediate")) return session;
      const device = await new DeviceManager().getDeviceAsync(used, { wait: waitConfig });
      session.own(device);
      await session.bindToDeviceAsync(device);
      return session;
    } catch (error) {
      if (session === undefined) opened?.close();
      else await session.close();
      throw error;
    }
  }

  /** All inputs, those included that the model's data serves. */
  getInputAnchors(): Anchor[] {
    return [...this.#anchors.inputs];
  }

  getOutputAnchors(): Anchor[] {
    return [...this.#anchors.outputs];
  }

  /** Inputs for the user to serve: without data in the model, or with data that is not to be used. */
  getUserInputAnchors(): Anchor[] {
    return off("user_anchors") ? this.getInputAnchors() : this.#anchors.userInputs();
  }

  getUserOutputAnchors(): Anchor[] {
    return this.#anchors.userOutputs();
  }

  /**
   * Sets what fills an input or takes an output, for all replicas; replaces what did before, the model's data included.
   *
   * @throws `not_bound`, `busy`; ArgumentError `unknown_anchor`, `invalid_argument`
   */
  setCallbackForAnchor(anchorHandle: string, callback: InputCallback): void;
  setCallbackForAnchor(anchorHandle: string, callback: OutputCallback): void;
  setCallbackForAnchor(anchorHandle: string, callback: InputCallback | OutputCallback): void {
    this.#handlers.setOne(anchorHandle, callback, this.open("Session.setCallbackForAnchor"));
  }

  /**
   * Asks `factory` for the callback of each user input, replica by replica. A callback replaces what served the stream before;
   * null leaves it. `predicate` chooses the inputs: `"bindUserCb"` asks the factory, `"bindEmptyCb"` connects the empty
   * callback (the input reads zeros), `"skipCb"` leaves the stream as it is. Without one the factory is asked for all.
   *
   * @throws `not_bound`, `busy`; ArgumentError `invalid_argument`
   */
  setUserInputHandler(
    factory: InputCallbackFactory,
    predicate?: AnchorCallbackPredicate | null | undefined,
    options?: HandlerOptions | undefined,
  ): void {
    const op = this.open("Session.setUserInputHandler");
    this.#handlers.setAll(this.#anchors.userInputs(), factory, predicate, options, op);
  }

  /** As `setUserInputHandler`, for outputs: the empty callback drops what the device writes. */
  setUserOutputHandler(
    factory: OutputCallbackFactory,
    predicate?: AnchorCallbackPredicate | null | undefined,
    options?: HandlerOptions | undefined,
  ): void {
    const op = this.open("Session.setUserOutputHandler");
    this.#handlers.setAll(this.#anchors.userOutputs(), factory, predicate, options, op);
  }

  /**
   * Anchors of these programs that nothing serves, by program; programs that have all they need are left out.
   *
   * @throws `not_bound`; ArgumentError `unknown_program`
   */
  anchorsNotConnectedToCallbacks(programs: readonly number[]): Map<number, Anchor[]> {
    return this.#handlers.notConnected(programs, this.open("Session.anchorsNotConnectedToCallbacks"));
  }

  /** @throws StateError `not_connected`, listing programs and anchors; and as `anchorsNotConnectedToCallbacks`. */
  errorIfAnchorsAreNotConnectedToCallbacks(programs: readonly number[]): void {
    this.#handlers.requireConnected(programs, this.open("Session.errorIfAnchorsAreNotConnectedToCallbacks"));
  }

  /**
   * Queues for the anchors that users serve. They belong to the session and end with it; a second call replaces the first's.
   *
   * @throws `not_bound`, `busy`; ArgumentError `replicas_unsupported`, `invalid_argument`
   */
  createQueueManager(...args: QueueManagerArguments): QueueManager {
    const op = this.open("Session.createQueueManager");
    const host = this.#handlers.queueHost(this.model, op);
    return this.setQueues(() => new QueueManager(host, ...args));
  }
}

switchable("Session", Session);
