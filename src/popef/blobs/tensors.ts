import { checkInteger } from "../../native/check.ts";
import { switchable } from "../../native/switches.ts";
import type { PopefData } from "../data.ts";
import type { FeedDataInfo, TensorDataInfo } from "../data-info.ts";

/** One tensor that a file holds. */
export class TensorDataBlob {
  readonly info: TensorDataInfo;
  readonly data: PopefData;

  /** Made by readers and models. @internal */
  constructor(info: TensorDataInfo, data: PopefData) {
    this.info = info;
    this.data = data;
  }
}

/** A feed that a file holds: tensors of one shape and type. */
export class FeedDataBlob {
  readonly info: FeedDataInfo;
  /** All tensors, one after another. */
  readonly data: PopefData;

  /** Made by readers and models. @internal */
  constructor(info: FeedDataInfo, data: PopefData) {
    this.info = info;
    this.data = data;
  }

  /**
   * One tensor of the feed.
   * @throws ArgumentError `invalid_argument`: no such tensor.
   */
  tensor(index: number): PopefData {
    checkInteger(index, "index", "FeedDataBlob.tensor", 0, this.info.numTensors - 1);
    const byteLength = this.info.tensorInfo.sizeInBytes();
    return this.data.window(index * byteLength, byteLength);
  }
}

switchable("FeedDataBlob", FeedDataBlob);
