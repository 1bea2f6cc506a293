import { switchable } from "../native/switches.ts";
import { requireCount, requireText } from "./requirements.ts";
import { type TensorInfo, type TensorInfoOptions, tensorInfoOf } from "./tensor-info.ts";

export interface TensorDataInfoOptions {
  /** Name of the anchor (not its handle) whose data this is. */
  readonly name: string;
  readonly tensorInfo: TensorInfo | TensorInfoOptions;
}

/** What a blob of tensor data holds: one tensor. */
export class TensorDataInfo {
  readonly name: string;
  readonly tensorInfo: TensorInfo;

  /** @throws ArgumentError `invalid_argument`, `invalid_shape`, `invalid_dtype` */
  constructor({ name, tensorInfo }: TensorDataInfoOptions) {
    this.name = requireText(name, "name", "TensorDataInfo");
    this.tensorInfo = tensorInfoOf(tensorInfo);
  }

  sizeInBytes(): number {
    return this.tensorInfo.sizeInBytes();
  }
}

export interface FeedDataInfoOptions extends TensorDataInfoOptions {
  /** Tensors in the feed, one after another. */
  readonly numTensors: number;
}

/** What a blob of feed data holds: `numTensors` tensors of one shape and type. */
export class FeedDataInfo {
  readonly name: string;
  readonly tensorInfo: TensorInfo;
  readonly numTensors: number;

  /** @throws ArgumentError `invalid_argument`, `invalid_shape`, `invalid_dtype` */
  constructor({ name, tensorInfo, numTensors }: FeedDataInfoOptions) {
    this.name = requireText(name, "name", "FeedDataInfo");
    this.tensorInfo = tensorInfoOf(tensorInfo);
    this.numTensors = requireCount(numTensors, "numTensors", "FeedDataInfo");
  }

  /** Bytes of all tensors of the feed. */
  sizeInBytes(): number {
    return this.tensorInfo.sizeInBytes() * this.numTensors;
  }
}

switchable("TensorDataInfo", TensorDataInfo);
switchable("FeedDataInfo", FeedDataInfo);
