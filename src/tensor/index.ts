export { type AsTensorOptions, asTensor, isTensorSource } from "./as-tensor.ts";
export { type ConvertOptions, convert } from "./convert.ts";
export { DType, type TypedArray, type TypedArrayOf } from "./dtype.ts";
export { type ElementType, elementTypes } from "./element-type.ts";
export { elementsOf } from "./elements-of.ts";
export { TensorMemory } from "./memory.ts";
export { ConstTensorMemoryView, TensorMemoryView } from "./memory-view.ts";
export {
  hasNativeBuffers,
  type NativeBufferOwner,
  nativeOwnerOf,
  registerNativeBuffer,
  unregisterNativeBuffer,
} from "./native-buffer-registry.ts";
export { bytesOf, isRawBytes, isRawMemory, type RawMemory, rawBytes } from "./raw-bytes.ts";
export type { ReadonlyTypedArrayOf } from "./readonly-array.ts";
export { Shape } from "./shape.ts";
export {
  MemoryKind,
  type NativeRef,
  type RawBytes,
  type TensorData,
  type TensorInput,
  type TensorSource,
} from "./source.ts";
export { elementType, elementTypeOfCode } from "./spelling.ts";
export { dtypeOf } from "./typed-array.ts";
