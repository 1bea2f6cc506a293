import { switchable } from "../native/switches.ts";
import type { TensorInput, TensorMemoryView } from "../tensor/index.ts";

/** Called just before the first byte of an entry goes to the device. Again if it was prefetched and then dropped. */
export type ReadStartCallback = () => void;
/** Called when the device has all of an entry and its memory is free again. */
export type ReadCompleteCallback = ReadStartCallback;
/** Called when all of an entry has been written. */
export type WriteCompleteCallback = () => void;

/** Memory to write to: a typed array, raw bytes, a `TensorMemory` or a view of one. */
export type OutputTarget =
  | Exclude<TensorInput, { bytes(): Uint8Array } | { readonly data: unknown }>
  | TensorMemoryView;

const inputDefaults = switchable("InputData", {
  data: null as TensorInput | null,
  dataSize: 0,
  readStart: null as ReadStartCallback | null,
  readComplete: null as ReadCompleteCallback | null,
});
const outputDefaults = switchable("OutputData", {
  data: null as OutputTarget | null,
  dataSize: 0,
  writeComplete: null as WriteCompleteCallback | null,
});

/** An entry for the device, to be filled between `enqueueLock` and `enqueueComplete`. */
export class InputData {
  data: TensorInput | null | undefined = inputDefaults.data;
  /** Bytes of `data` to use, a multiple of a sample's; 0: all. */
  dataSize = inputDefaults.dataSize;
  readStart: ReadStartCallback | null | undefined = inputDefaults.readStart;
  readComplete: ReadCompleteCallback | null | undefined = inputDefaults.readComplete;
}

/** A place for what the device writes, to be filled in between `enqueueLock` and `enqueueComplete`. */
export class OutputData {
  data: OutputTarget | null | undefined = outputDefaults.data;
  /** Bytes of `data` to write, a multiple of a sample's; 0: all. */
  dataSize = outputDefaults.dataSize;
  writeComplete: WriteCompleteCallback | null | undefined = outputDefaults.writeComplete;
}
