import type { Device } from "../../src/device/index.ts";
import type { Model } from "../../src/popef/index.ts";
import { Session, type SessionConfig } from "../../src/session/index.ts";
import { anyDevice } from "../device/under-test.ts";
import { type CopyOptions, copyModel } from "./copy-model.ts";

/** A session with its model and device; all end with it. */
export class Bound implements AsyncDisposable {
  readonly model: Model;
  readonly device: Device;
  readonly session: Session;
  /** What `collect` has seen. */
  readonly seen: number[][] = [];

  /** Of the copying model, on any device. */
  constructor(options: CopyOptions = {}, config: SessionConfig = {}) {
    this.model = copyModel(options);
    this.device = anyDevice();
    this.session = new Session(this.model, config);
    this.session.bindToDevice(this.device);
  }

  /** `h2d_image` gives the values one after the other, four times each; `d2h_echo` goes to `seen`. */
  feed(...values: number[]): this {
    let index = 0;
    this.session.setCallbackForAnchor("h2d_image", (view) => {
      (view.data as Uint8Array).set(new Uint8Array(new Float32Array(4).fill(values[index++ % values.length]!).buffer));
    });
    return this.collect("d2h_echo");
  }

  collect(handle: string): this {
    this.session.setCallbackForAnchor(handle, (view) => void this.seen.push([...view.as("float32")]));
    return this;
  }

  /** The first element of each that was seen. */
  get firsts(): number[] {
    return this.seen.map(([first]) => first!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close();
    this.device.close();
    this.model.close();
  }
}
