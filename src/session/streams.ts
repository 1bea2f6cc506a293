import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { decodeExecutable, isPoplarExecutable } from "../popef/executable/index.ts";
import type { Anchor, Model } from "../popef/index.ts";
import { TensorType } from "../popef/index.ts";
import type { NativeRef } from "../tensor/index.ts";
import { describedStreams } from "./described-streams.ts";
import type { NativeSession, StreamHandle, StreamInfo, Transfer } from "./native-session.ts";
import { dataStream, storedStream } from "./popef-data.ts";

/** What serves a stream. `implicit`: nothing that anybody asked for, so that it counts as not connected. */
type Served = { readonly by: "user" | "data" | "empty" | "queue" | "implicit"; readonly key?: number | undefined };

/** The streams of a session's anchors, and what serves each replica of them. */
export class Streams {
  readonly #native: NativeSession;
  readonly #model: Model;
  readonly #infos = new Map<string, StreamInfo>();
  /** By anchor handle, then replica. */
  readonly #served = new Map<string, Served[]>();

  /** For a session that has just been bound the first time. @throws `model_conflict`, `invalid_executable` */
  constructor(session: NativeSession, model: Model, op: string) {
    this.#native = session;
    this.#model = model;
    for (const info of describedStreams(session.streams(op), model, op)) {
      this.#infos.set(info.handle, info);
      // A device that it is bound to later may be another driver's.
      session.describe(info, op);
    }
    for (const anchor of model.metadata.anchors) if (anchor.useRemoteBuffers) this.#addRemote(anchor, op);
    for (const anchor of model.metadata.anchors) this.#checkSize(anchor, op);
  }

  /** Replicas with a stream of their own. @throws `unknown_anchor`: the executable has none. */
  of(anchor: Anchor, op: string): StreamInfo {
    const info = this.#infos.get(anchor.handle);
    if (info === undefined)
      throw makeError("unknown_anchor", { op, message: `the executable has no stream "${anchor.handle}".` });
    return info;
  }

  has(anchor: Anchor): boolean {
    return this.#infos.has(anchor.handle);
  }

  isConnected(anchor: Anchor, replica: number): boolean {
    const served = this.#served.get(anchor.handle)?.[replica];
    return served !== undefined && served.by !== "implicit";
  }

  /** Whether every replica is. */
  isWholeConnected(anchor: Anchor): boolean {
    const info = this.#infos.get(anchor.handle);
    if (info === undefined) return true;
    for (let replica = 0; replica < info.replicas; replica++) if (!this.isConnected(anchor, replica)) return false;
    return true;
  }

  connectUser(anchor: Anchor, replica: number, transfer: Transfer, op: string): void {
    const stream = this.#native.userStream(this.of(anchor, op), transfer, op);
    this.#connect(anchor, replica, stream, { by: "user", key: stream.key }, op);
  }

  connectData(anchor: Anchor, op: string): void {
    const info = this.of(anchor, op);
    for (let replica = 0; replica < info.replicas; replica++)
      this.#connect(anchor, replica, dataStream(this.#model, anchor, info, replica, op), { by: "data" }, op);
  }

  /** One tensor in native memory instead of the model's data. */
  connectStored(anchor: Anchor, memory: NativeRef, byteLength: number, op: string): void {
    const info = this.of(anchor, op);
    const tensors = { native: memory, byteLength, count: 1, size: byteLength };
    for (let replica = 0; replica < info.replicas; replica++)
      this.#connect(anchor, replica, storedStream(tensors, anchor, info, replica, op), { by: "data" }, op);
  }

  connectQueue(anchor: Anchor, stream: StreamHandle, op: string): void {
    this.#connect(anchor, 0, stream, { by: "queue" }, op);
  }

  /** Zeros for the device, nowhere for what it writes. */
  connectEmpty(anchor: Anchor, replica: number, by: "empty" | "implicit", op: string): void {
    const slot = check(native.mr_stream_empty(this.of(anchor, op).toDevice ? 1 : 0), op);
    this.#connect(anchor, replica, { slot, generation: block.results[0]! }, { by }, op);
  }

  #connect(anchor: Anchor, replica: number, to: StreamHandle, served: Served, op: string): void {
    this.#native.connect(anchor.handle, replica, to, op);
    const places = this.#served.get(anchor.handle) ?? [];
    const before = places[replica]?.key;
    if (before !== undefined) this.#native.forget(before);
    places[replica] = served;
    this.#served.set(anchor.handle, places);
  }

  #addRemote(anchor: Anchor, op: string): void {
    const { metadata } = this.#model;
    const size = anchor.tensorInfo.sizeInBytes();
    const replicas = anchor.isPerReplica ? metadata.replicationFactor : 1;
    const info = {
      handle: anchor.handle,
      size: size / replicas,
      toDevice: anchor.type !== TensorType.Output,
      replicas,
    };
    const bytes = this.#model.executable.data.bytes();
    // The driver takes it on trust how large a block is: of our executables we know.
    if (!isPoplarExecutable(bytes)) {
      const buffer = decodeExecutable(bytes, op).plan.remoteBuffers.find(({ handle }) => handle === anchor.handle);
      if (buffer === undefined) return;
      if (buffer.size !== info.size || anchor.repeats > buffer.repeats) {
        throw makeError("model_conflict", {
          op,
          message: `anchor "${anchor.handle}" has ${anchor.repeats} blocks of ${info.size} bytes, its remote buffer ${buffer.repeats} of ${buffer.size}.`,
        });
      }
    }
    this.#native.addRemoteBuffer(info, anchor.programs, anchor.repeats, op);
    this.#infos.set(anchor.handle, info);
  }

  #checkSize(anchor: Anchor, op: string): void {
    const info = this.#infos.get(anchor.handle);
    if (info === undefined) return;
    const size = anchor.tensorInfo.sizeInBytes();
    const all = info.size * (anchor.isPerReplica ? info.replicas : 1);
    if (size === all) return;
    throw makeError("model_conflict", {
      op,
      message: `anchor "${anchor.handle}" has ${size} bytes, its stream ${all}.`,
    });
  }
}
