import { makeError } from "../native/error.ts";
import { type NativeRef, nativeOwnerOf, type RawMemory, rawBytes, type TensorSource } from "../tensor/index.ts";
import { ipcHandleBytes } from "./device-memory.ts";

/** The native memory under what a user gives. @throws ArgumentError `invalid_argument` */
export function ownerOf(memory: TensorSource | RawMemory | ArrayBufferView, op: string): NativeRef {
  const owner = ArrayBuffer.isView(memory)
    ? nativeOwnerOf(memory)
    : rawBytes in memory
      ? nativeOwnerOf(memory[rawBytes])
      : memory.native;
  if (owner !== undefined) return owner;
  throw makeError("invalid_argument", {
    op,
    message: "the memory is not native memory of ours.",
    hint: "Pass a FastIO allocation or TensorMemory, or use allocatePinned.",
  });
}

/** @throws ArgumentError `invalid_argument` */
export function checkHandle(handle: Uint8Array, op: string): Uint8Array {
  if (handle.byteLength === ipcHandleBytes) return handle;
  throw makeError("invalid_argument", {
    op,
    message: `a handle has ${ipcHandleBytes} bytes, this has ${handle.byteLength}.`,
  });
}
