import { NativeBuffer } from "../native/buffer.ts";
import { check } from "../native/check.ts";
import { native } from "../native/library.ts";
import { registerNativeBuffer, unregisterNativeBuffer } from "../tensor/native-buffer-registry.ts";

// Segments that nobody here references but that others may show again: their mappings are kept warm, up to this many.
const parkedMax = 256;
const page = 4096;

/** A handle of an allocation: views are made through it, and native code reads through it. */
export interface Source {
  readonly slot: number;
  readonly generation: number;
}

interface View {
  readonly memory: NativeBuffer;
  readonly offset: number;
  /** The buffer that is registered as ours. */
  buffer: ArrayBuffer | undefined;
}

/** What one thread sees of one segment, shared by all its allocations of that segment. */
export class SegmentViews {
  readonly generation: number;
  readonly sources = new Set<Source>();
  readonly #whole: { shared?: View; private?: View } = {};
  readonly #windows: View[] = [];
  /** The private pages were shown since the last reset, and may have been written. */
  #written = false;

  constructor(generation: number) {
    this.generation = generation;
  }

  whole(kind: "shared" | "private", source: Source, size: number, op: string): ArrayBuffer {
    this.#written ||= kind === "private";
    this.#whole[kind] ??= map(source, kind, 0, size, op);
    return this.#show(kind, this.#whole[kind]);
  }

  window(kind: "shared" | "private", source: Source, offset: number, length: number, op: string): ArrayBuffer {
    const view = map(source, kind, offset, length, op);
    this.#windows.push(view);
    return this.#show(kind, view);
  }

  /** Nobody here references it: the next reader sees what was published, not what this one wrote to its own pages. */
  park(): void {
    if (this.#written) this.#whole.private?.memory.reset();
    this.#written = false;
    for (const view of [this.#whole.shared, this.#whole.private]) if (view !== undefined) hide(view);
    for (const view of this.#windows.splice(0)) close(view);
  }

  close(): void {
    for (const view of [this.#whole.shared, this.#whole.private]) if (view !== undefined) close(view);
    for (const view of this.#windows) close(view);
  }

  /**
   * Native code that is given a typed array over the shared view works through an allocation that is still held. A
   * private view is the reader's own: it may have been written, so it is copied as any other array is.
   */
  #show(kind: "shared" | "private", view: View): ArrayBuffer {
    const { buffer } = view.memory;
    if (kind === "shared" && buffer !== view.buffer) {
      const first = () => this.sources.values().next().value;
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

function map(source: Source, kind: "shared" | "private", offset: number, length: number, op: string): View {
  const slot = check(
    native.mr_allocation_view(source.slot, source.generation, kind === "private" ? 1 : 0, offset, length),
    op,
  );
  return { memory: NativeBuffer.adopt(slot, length), offset, buffer: undefined };
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

  /** A reference was taken: pairs with `release`. */
  retain(segment: number, generation: number, source: Source): SegmentViews {
    let views = this.#segments.get(segment);
    if (views?.generation !== generation) {
      views?.close();
      this.#segments.delete(segment);
      views = new SegmentViews(generation);
      this.#segments.set(segment, views);
      if (this.#segments.size > parkedMax) this.#evict();
    }
    views.sources.add(source);
    return views;
  }

  /** `gone`: nobody anywhere holds the memory, so its views end now. */
  release(segment: number, views: SegmentViews, source: Source, gone: boolean): void {
    views.sources.delete(source);
    if (views.sources.size > 0) return;
    if (!gone) return views.park();
    views.close();
    if (this.#segments.get(segment) === views) this.#segments.delete(segment);
  }

  close(): void {
    for (const views of this.#segments.values()) views.close();
    this.#segments.clear();
  }

  #evict(): void {
    for (const [segment, views] of this.#segments) {
      if (this.#segments.size <= parkedMax) return;
      if (views.sources.size > 0) continue;
      views.close();
      this.#segments.delete(segment);
    }
  }
}

/** The page-aligned window that holds `[offset, offset + length)`, and where the range begins in it. */
export function alignWindow(offset: number, length: number): { start: number; size: number; lead: number } {
  const lead = offset % page;
  return { start: offset - lead, size: length + lead, lead };
}
