import { off, switchable } from "../../native/switches.ts";
import type { Anchor } from "../anchor.ts";
import type { Executable } from "../blobs/executable.ts";
import type { OpaqueBlob } from "../blobs/opaque.ts";
import type { FeedDataBlob, TensorDataBlob } from "../blobs/tensors.ts";
import type { Metadata } from "../metadata.ts";
import { openExecutable, openFeedData, openOpaque, openTensorData } from "../reading/placed-blob.ts";
import { Reader } from "../reading/reader.ts";
import { Lifetime } from "../storage/lifetime.ts";
import { TensorType } from "../tensor-type.ts";
import { type Linked, link } from "./link.ts";

export interface ModelOptions {
  /** Name of the executable; needed where there are several. */
  readonly executable?: string | undefined;
}

/**
 * One model: an executable, its metadata, and the data of its anchors. Nothing but headers and messages was read when it
 * is there; its files stay open until it is closed.
 *
 * ```ts
 * using model = await Model.open("digits.popef");
 * for (const anchor of model.metadata.anchors) show(anchor.name, model.tensorData(anchor)?.data.byteLength);
 * ```
 */
export class Model implements Disposable {
  readonly metadata: Metadata;
  readonly executable: Executable;
  /** Those of this executable. */
  readonly opaqueBlobs: readonly OpaqueBlob[];
  readonly #lifetime: Lifetime;
  readonly #tensors: ReadonlyMap<string, TensorDataBlob>;
  readonly #feeds: ReadonlyMap<string, FeedDataBlob>;

  /** Made by `Model.open` and `ModelBuilder`. @internal */
  constructor(linked: Linked) {
    const lifetime = new Lifetime("model");
    const blobs = [linked.executable, ...linked.opaqueBlobs, ...linked.tensors.values(), ...linked.feeds.values()];
    for (const { source } of blobs) lifetime.share(source);
    this.#lifetime = lifetime;
    this.metadata = linked.metadata;
    this.executable = openExecutable(linked.executable, lifetime);
    this.opaqueBlobs = Object.freeze(linked.opaqueBlobs.map((blob) => openOpaque(blob, lifetime)));
    this.#tensors = new Map(Array.from(linked.tensors, ([name, blob]) => [name, openTensorData(blob, lifetime)]));
    this.#feeds = new Map(Array.from(linked.feeds, ([name, blob]) => [name, openFeedData(blob, lifetime)]));
  }

  /**
   * Opens the model in a file, or in several that belong together, off the event loop.
   *
   * @throws NotFoundError `file_not_found`; FormatError `invalid_popef`, `model_conflict`; the signal's reason.
   */
  static async open(
    paths: string | readonly string[],
    options: ModelOptions & { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Model> {
    using reader = new Reader();
    for (const path of [paths].flat()) await reader.parseFileAsync(path, { signal: options.signal });
    return new ModelBuilder(reader).createModel(options);
  }

  /** As `open`, and blocks meanwhile. */
  static openSync(paths: string | readonly string[], options: ModelOptions = {}): Model {
    using reader = new Reader();
    for (const path of [paths].flat()) reader.parseFile(path);
    return new ModelBuilder(reader).createModel(options);
  }

  /**
   * The tensor that the files hold for an anchor, or undefined. For an output there is none: a weight's data belongs to
   * its input, which has the same name.
   */
  tensorData(anchor: Anchor | string): TensorDataBlob | undefined {
    return find(this.#tensors, anchor);
  }

  /** The feed that the files hold for an anchor, or undefined; as `tensorData`. */
  feedData(anchor: Anchor | string): FeedDataBlob | undefined {
    return find(this.#feeds, anchor);
  }

  get closed(): boolean {
    return this.#lifetime.closed;
  }

  /** Closes the files and gives mapped memory back; views of it get length 0. Closing twice is fine. */
  close(): void {
    this.#lifetime.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function find<T>(data: ReadonlyMap<string, T>, anchor: Anchor | string): T | undefined {
  if (typeof anchor === "string") return data.get(anchor);
  return anchor.type === TensorType.Output && !off("popef_data_of_inputs") ? undefined : data.get(anchor.name);
}

/** Makes models of what a reader has parsed. The reader may be closed afterwards, or be used for another model. */
export class ModelBuilder {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /**
   * Links the blobs to one model: of the executable that is named, or that an opaque blob names, or of the only one.
   *
   * @throws FormatError `model_conflict`, naming the blobs: there is no executable or more than one, two of one name,
   * none or two of its metadata, two anchors with one handle, data that is there twice or does not fit its anchor;
   * StateError `closed`
   */
  createModel(options: ModelOptions = {}): Model {
    return new Model(link(this.#reader.blobs(), options.executable));
  }
}

switchable("Model", Model);
switchable("ModelBuilder", ModelBuilder);
