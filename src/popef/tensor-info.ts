import { makeError } from "../native/error.ts";
import { switchable } from "../native/switches.ts";
import { type DType, elementTypes, Shape } from "../tensor/index.ts";
import { DataType, dtypeOfDataType, isDataType } from "./data-type.ts";

export interface TensorInfoOptions {
  /** Axis sizes, outermost first; `[]`, the default, is a scalar. */
  readonly shape?: readonly number[] | undefined;
  /** `"F32"` unless given. */
  readonly dataType?: DataType | undefined;
}

/** Shape and element type of a tensor in a file. Data is dense, row-major and little-endian. */
export class TensorInfo {
  readonly shape: readonly number[];
  readonly dataType: DataType;
  /** `dataType` by its canonical name; `"uint8"` for `"F8"`. */
  readonly dtype: DType;

  /** @throws ArgumentError `invalid_shape`; `invalid_dtype`: `dataType` is none of PopEF's. */
  constructor({ shape = [], dataType = DataType.F32 }: TensorInfoOptions = {}) {
    const op = "TensorInfo";
    if (!isDataType(dataType)) {
      throw makeError("invalid_dtype", {
        op,
        message: `${JSON.stringify(dataType)} is none of PopEF's types.`,
        hint: `Use one of ${Object.values(DataType).join(", ")}.`,
      });
    }
    this.shape = Shape.validate(shape, op);
    this.dataType = dataType;
    this.dtype = dtypeOfDataType(dataType);
    Shape.byteSize(this.dtype, this.shape, op);
  }

  get isScalar(): boolean {
    return this.shape.length === 0;
  }

  /** Bytes of all elements. */
  sizeInBytes(): number {
    return Shape.elementCount(this.shape) * elementTypes[this.dtype].size;
  }

  /** Same shape and same type; `F8` equals nothing but `F8`. */
  equals(other: TensorInfo): boolean {
    return this.dataType === other.dataType && Shape.equals(this.shape, other.shape);
  }

  /** `F32 [2,3]` */
  toString(): string {
    return `${this.dataType} ${Shape.format(this.shape)}`;
  }
}

/** The info itself, or one made of its options. */
export function tensorInfoOf(info: TensorInfo | TensorInfoOptions): TensorInfo {
  return info instanceof TensorInfo ? info : new TensorInfo(info);
}

switchable("TensorInfo", TensorInfo);
