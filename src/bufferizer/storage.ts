import type { DArray, DeviceMemory } from "../cuda/index.ts";
import type { DType, TensorMemory } from "../tensor/index.ts";
import type { Source } from "./form.ts";

/** Memory for a number of elements side by side, on the host or on a device. */
export interface Storage<D extends DType = DType> {
  readonly allocation: TensorMemory | DeviceMemory;
  /** Copies `count` elements of `source`, from its `first`-th on, to the place `slot`. */
  write(slot: number, source: Source, first: number, count: number): void;
  /** Moves elements to another place, which does not overlap theirs. */
  move(from: number, to: number, count: number): void;
  /** Sets elements to a value. @throws ArgumentError `invalid_argument`: the element type does not hold it */
  fill(value: number | bigint | boolean, count: number): void;
  /** The memory itself, elements first. */
  view(slot: number, count: number): DArray<D>;
  close(): void;
}
