import { bufferBytesMax, NativeBuffer } from "../native/buffer.ts";
import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { native } from "../native/library.ts";
import { off } from "../native/switches.ts";
import { registerNativeBuffer, unregisterNativeBuffer } from "../tensor/native-buffer-registry.ts";
import type { Reference } from "./reference.ts";
import { windowFor } from "./window.ts";

// Segments that nobody here references but that others may show again: their mappings are kept warm, up to this many.
const parkedMax = 256;

/** `shared`: the memory itself. `private`: copy on write. */
export type ViewKind = "shared" | "private";

interface Range {
  readonly kind: ViewKind;
  readonly offset: number;
  readonly length: number;
  readonly op: string;
}

interface View {
  readonly memory: NativeBuffer;
  readonly offset: number;
  /** The buffer that is registered as ours. */
  buffer: ArrayBuffer | undefined;
}

/** What one thread sees of one segment, shared by all its references to that segment. */
export class SegmentViews {
  readonly generation: number;
  readonly references = new Set<Reference>();
  readonly #whole: { shared?: View; private?: View } = {};
  /** Of memory that one `ArrayBuffer` cannot hold, by kind and position. */
  readonly #windows = new Map<string, View>();
  /** The private pages were shown since the last reset, and may have been written. */
  #written = false;

  constructor(generation: number) {
    this.generation = generation;
  }

  /** The buffer that holds a range of the memory, and where in it the range begins. @throws `too_large` */
  show({ kind, offset, length, op }: Range, by: Reference): { buffer: ArrayBuffer; byteOffset: number } {
    const { sizeInBytes } = by;
    if (sizeInBytes <= bufferBytesMax || off("windows")) {
      this.#written ||= kind === "private";
      this.#whole[kind] ??= map(by, kind, 0, sizeInBytes, op);
      return { buffer: this.#wrap(kind, this.#whole[kind]), byteOffset: offset };
    }
    const { start, size } = windowFor(offset, length, sizeInBytes);
    if (size > bufferBytesMax) throw makeError("too_large", { op, message: `${length} bytes were asked for.` });
    const key = `${kind} ${start} ${size}`;
    const view = this.#windows.get(key) ?? map(by, kind, start, size, op);
    this.#windows.set(key, view);
    return { buffer: this.#wrap(kind, view), byteOffset: offset - start };
  }

  /** Nobody here references it: the next reader sees what was published, not what this one wrote to its own pages. */
  park(): void {
    if (this.#written && !off("park_forgets")) this.#whole.private?.memory.reset();
    this.#written = false;
    for (const view of [this.#whole.shared, this.#whole.private]) if (view !== undefined) hide(view);
    for (const view of this.#windows.values()) close(view);
    this.#windows.clear();
  }

  close(): void {
    for (const view of [this.#whole.shared, this.#whole.private]) if (view !== undefined) close(view);
    for (const view of this.#windows.values()) close(view);
  }

  /**
   * Native code that is given a typed array over the shared view works through a reference that is still held. A
   * private view is the reader's own: it may have been written, so it is copied as any other array is.
   */
  #wrap(kind: "shared" | "private", view: View): ArrayBuffer {
    const { buffer } = view.memory;
    if (kind === "shared" && buffer !== view.buffer && !off("native_reference")) {
      const first = () => this.references.values().next().value;
      registerNativeBuffer(buffer, {
        get slot() {
          return first()?.slot ?? 0;
        },
        get generation() {
          return first()?.generation ?? 0;
        },
        byteOffset: view.offset,
        memoryKind: "shared",
      });
      view.buffer = buffer;
    }
    return buffer;
  }
}

function map({ slot, generation }: Reference, kind: ViewKind, offset: number, length: number, op: string): View {
  const isPrivate = kind === "private" || off("map_shared") ? 1 : 0;
  const memory = check(native.mr_allocation_view(slot, generation, isPrivate, offset, length), op);
  return { memory: NativeBuffer.adopt(memory, length), offset, buffer: undefined };
}

function hide(view: View): void {
  if (view.buffer !== undefined) unregisterNativeBuffer(view.buffer);
  view.buffer = undefined;
}

function close(view: View): void {
  hide(view);
  view.memory.close();
}

/**
 * The mappings that one context of one thread has made, by segment. Mapping a gigabyte and wrapping it costs up to
 * milliseconds on a large heap, so a segment that others still show stays mapped after the last release here; a new
 * generation of the segment (recycled memory) never sees an old mapping.
 */
export class ViewCache {
  readonly #segments = new Map<number, SegmentViews>();
  /** Those without a reference, longest parked first. */
  readonly #parked = new Map<number, SegmentViews>();

  /** A reference was taken: pairs with `release`. */
  retain(reference: Reference): SegmentViews {
    const { segment, segmentGeneration } = reference;
    let views = this.#segments.get(segment);
    this.#parked.delete(segment);
    if (views?.generation !== segmentGeneration) {
      views?.close();
      views = new SegmentViews(segmentGeneration);
      this.#segments.set(segment, views);
    }
    views.references.add(reference);
    return views;
  }

  /** `gone`: nobody anywhere holds the memory, so its views end now. */
  release(reference: Reference, views: SegmentViews, gone: boolean): void {
    const { segment } = reference;
    views.references.delete(reference);
    if (views.references.size > 0) return;
    const known = this.#segments.get(segment) === views;
    if (gone || !known) {
      views.close();
      if (known) this.#segments.delete(segment);
      return;
    }
    views.park();
    this.#parked.set(segment, views);
    if (this.#parked.size > parkedMax) this.#evict();
  }

  close(): void {
    for (const views of this.#segments.values()) views.close();
    this.#segments.clear();
    this.#parked.clear();
  }

  #evict(): void {
    for (const [segment, views] of this.#parked) {
      views.close();
      this.#parked.delete(segment);
      this.#segments.delete(segment);
      return;
    }
  }
}
