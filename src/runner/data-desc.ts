import type { DType, Shape } from "../tensor/index.ts";

/** What a model says of one of its inputs or outputs. */
export interface DataDesc {
  readonly name: string;
  readonly dtype: DType;
  /** Axis sizes; -1 where the size is known only with the data. */
  readonly shape: Shape;
  /** The model's names of the axes, `"batch"` for instance; undefined where it has none. As long as `shape`. */
  readonly axisNames: readonly (string | undefined)[];
  /** Bytes of the whole tensor; undefined when an axis is -1. */
  readonly sizeInBytes: number | undefined;
  /** Whether the PopEF files have data for it, which `frozenInputs` may replace; never for what `execute` takes and gives. */
  readonly popefContainsTensorData: boolean;
}
