import type { MemoryKind, NativeRef } from "./source.ts";

/** Who stands behind an `ArrayBuffer` over native memory. */
export interface NativeBufferOwner {
  readonly slot: number;
  readonly generation: number;
  /** Where the buffer begins in the owner's memory, in bytes. */
  readonly byteOffset: number;
  readonly memoryKind: MemoryKind;
}

const owners = new WeakMap<ArrayBufferLike, NativeBufferOwner>();
let any = false;

/** Makes typed arrays over `buffer` recognisable: they then go to the native side by reference. One owner per buffer. */
export function registerNativeBuffer(buffer: ArrayBufferLike, owner: NativeBufferOwner): void {
  owners.set(buffer, owner);
  any = true;
}

/** Whether this thread has ever had one: as long as not, nobody need look for an array's buffer, which can be slow. */
export function hasNativeBuffers(): boolean {
  return any;
}

/** For an owner that closes while the buffer cannot be detached. Detached buffers need no call. */
export function unregisterNativeBuffer(buffer: ArrayBufferLike): void {
  owners.delete(buffer);
}

/**
 * The native memory under a view, or undefined when it is ordinary memory, or native memory that was closed or
 * moved away by a transfer.
 */
export function nativeOwnerOf(view: ArrayBufferView): (NativeRef & { readonly memoryKind: MemoryKind }) | undefined {
  const owner = owners.get(view.buffer);
  if (owner === undefined || (view.buffer as ArrayBuffer).detached) return undefined;
  const { slot, generation, memoryKind } = owner;
  return { slot, generation, byteOffset: owner.byteOffset + view.byteOffset, memoryKind };
}
