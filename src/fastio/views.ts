import { NativeBuffer } from "../native/buffer.ts";
import { check } from "../native/check.ts";
import { native } from "../native/library.ts";
import { registerNativeBuffer, unregisterNativeBuffer } from "../tensor/native-buffer-registry.ts";

// Segments that nobody here references but that others may show again: their mappings are kept warm, up to this many.
const parkedMax = 256;
const page = 4096;

/** A handle of an allocation, through which views are made. */
interface Source {
  readonly slot: number;
  readonly generation: number;
}

interface View {
  readonly memory: NativeBuffer;
  buffer: ArrayBuffer | undefined;
}

/** What one thread sees of one segment, shared by all its allocations of that segment. */
class SegmentViews {
  readonly generation: number;
  references = 0;
  readonly #whole: { shared?: View; private?: View } = {};
  readonly #windows: View[] = [];

  constructor(generation: number) {
    this.generation = generation;
  }

  whole(kind: "shared" | "private", source: Source, size: number, op: string): ArrayBuffer {
    return show(this.#wholeView(kind, source, size, op));
  }

  /** The handle through which native code reads the memory in place. */
  memory(source: Source, size: number, op: string): NativeBuffer {
    return this.#wholeView("shared", source, size, op).memory;
  }

  window(kind: "shared" | "private", source: Source, offset: number, length: number, op: string): ArrayBuffer {
    const view = map(source, kind, offset, length, op);
    this.#windows.push(view);
    return show(view);
  }

  #wholeView(kind: "shared" | "private", source: Source, size: number, op: string): View {
    this.#whole[kind] ??= map(source, kind, 0, size, op);
    return this.#whole[kind];
  }

  /** Nobody here references it: the next reader sees what was published, not what this one wrote to its own pages. */
  park(): void {
    this.#whole.private?.memory.reset();
    for (const view of this.#windows.splice(0)) close(view);
  }

  close(): void {
    for (const view of [this.#whole.shared, this.#whole.private]) if (view !== undefined) close(view);
    for (const view of this.#windows) close(view);
  }
}

function map(source: Source, kind: "shared" | "private", offset: number, length: number, op: string): View {
  const slot = check(
    native.mr_allocation_view(source.slot, source.generation, kind === "private" ? 1 : 0, offset, length),
    op,
  );
  return { memory: NativeBuffer.adopt(slot, length), buffer: undefined };
}

function show(view: View): ArrayBuffer {
  const { buffer, slot, generation } = view.memory;
  if (buffer !== view.buffer) {
    registerNativeBuffer(buffer, { slot, generation, byteOffset: 0, memoryKind: "shared" });
    view.buffer = buffer;
  }
  return buffer;
}

function close(view: View): void {
  if (view.buffer !== undefined) unregisterNativeBuffer(view.buffer);
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
  retain(segment: number, generation: number): SegmentViews {
    let views = this.#segments.get(segment);
    if (views?.generation !== generation) {
      views?.close();
      this.#segments.delete(segment);
      views = new SegmentViews(generation);
      this.#segments.set(segment, views);
      if (this.#segments.size > parkedMax) this.#evict();
    }
    views.references++;
    return views;
  }

  /** `gone`: nobody anywhere holds the memory, so its views end now. */
  release(segment: number, views: SegmentViews, gone: boolean): void {
    if (--views.references > 0) return;
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
      if (views.references > 0) continue;
      views.close();
      this.#segments.delete(segment);
    }
  }
}

export type { SegmentViews };

/** The page-aligned window that holds `[offset, offset + length)`, and where the range begins in it. */
export function alignWindow(offset: number, length: number): { start: number; size: number; lead: number } {
  const lead = offset % page;
  return { start: offset - lead, size: length + lead, lead };
}
