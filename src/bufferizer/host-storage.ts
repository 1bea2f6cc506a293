import { DArray } from "../cuda/index.ts";
import { makeError } from "../native/error.ts";
import { type DType, elementTypes, rawBytes, type TensorMemory, type TypedArray } from "../tensor/index.ts";
import type { Form, Source } from "./form.ts";
import type { Storage } from "./storage.ts";

const none: TypedArray = new Uint8Array(0);

/** Native memory of the host, zeroed. Views of it keep it when the buffer lets it go. */
export class HostStorage<D extends DType> implements Storage<D> {
  readonly allocation: TensorMemory;
  readonly #form: Form<D>;
  readonly #whole: DArray<D>;
  #elements: TypedArray = none;
  #bytes: Uint8Array = new Uint8Array(0);

  /** @throws ArgumentError `too_large` (4 GiB); CapacityError `out_of_memory`, `too_many_mappings` */
  constructor(form: Form<D>, slots: number) {
    this.#form = form;
    this.#whole = new DArray({ shape: [slots, ...form.shape], dtype: form.dtype });
    this.allocation = this.#whole.allocation as TensorMemory;
  }

  write(slot: number, source: Source, first: number, count: number): void {
    // Length 0: not looked at yet, or moved away by whoever got hold of the buffer.
    if (this.#elements.length === 0) this.#look();
    const { values, bytes: size } = this.#form;
    if (ArrayBuffer.isView(source)) {
      const whole = source.length === count * values;
      const part = whole ? source : source.subarray(first * values, (first + count) * values);
      (this.#elements as Uint8Array).set(part as Uint8Array, slot * values);
      return;
    }
    const bytes = source.bytes();
    if (bytes.byteLength < (first + count) * size) {
      throw makeError("closed", {
        op: "Bufferizer.append",
        message: "the memory of the tensor was closed or moved away.",
      });
    }
    this.#bytes.set(bytes.subarray(first * size, (first + count) * size), slot * size);
  }

  move(from: number, to: number, count: number): void {
    if (this.#elements.length === 0) this.#look();
    const { values } = this.#form;
    this.#elements.copyWithin(to * values, from * values, (from + count) * values);
  }

  fill(value: number | bigint | boolean, count: number): void {
    using all = this.view(0, count);
    all.fill(value);
  }

  view(slot: number, count: number): DArray<D> {
    return this.#whole.slice({ start: slot, stop: slot + count });
  }

  close(): void {
    this.#whole[Symbol.dispose]();
  }

  /** @throws StateError `closed` when somebody closed the borrowed memory */
  #look(): void {
    const { arrayType, size } = elementTypes[this.#form.dtype];
    this.#bytes = this.allocation[rawBytes];
    const { buffer, byteOffset, byteLength } = this.#bytes;
    this.#elements = new arrayType(buffer, byteOffset, byteLength / size) as TypedArray;
  }
}
