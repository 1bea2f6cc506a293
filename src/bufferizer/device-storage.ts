import { elementBits } from "../cuda/darray/element-bits.ts";
import { DArray, type DeviceMemory, type Stream } from "../cuda/index.ts";
import { off } from "../native/switches.ts";
import { type DType, elementTypes, type TensorSource } from "../tensor/index.ts";
import type { Form, Source } from "./form.ts";
import type { Storage } from "./storage.ts";
import { StreamOrder } from "./stream-order.ts";

/** Memory of a device, zeroed. All work on it is queued on one stream, in the order of the calls. */
export class DeviceStorage<D extends DType> implements Storage<D> {
  readonly allocation: DeviceMemory;
  readonly #form: Form<D>;
  readonly #whole: DArray<D>;
  readonly #stream: Stream;
  readonly #order: StreamOrder;
  /** Where the next copies go from and to: the same two objects for every call. */
  readonly #to: { slot: number; generation: number; byteOffset: number };
  readonly #from: { slot: number; generation: number; byteOffset: number };

  /** @throws as `CudaDevice.allocate` */
  constructor(form: Form<D>, slots: number, stream: Stream) {
    this.#form = form;
    this.#stream = stream;
    this.#order = new StreamOrder(stream);
    this.#whole = new DArray({ shape: [slots, ...form.shape], dtype: form.dtype, stream });
    this.allocation = this.#whole.allocation as DeviceMemory;
    this.#to = { ...this.allocation.native };
    this.#from = { ...this.allocation.native };
    this.fill(0, slots);
  }

  write(slot: number, source: Source, first: number, count: number): void {
    const { bytes, values } = this.#form;
    if (ArrayBuffer.isView(source)) {
      const whole = source.length === count * values;
      const part = whole ? source : source.subarray(first * values, (first + count) * values);
      this.#stream.upload(this.allocation, part, { byteOffset: slot * bytes });
    } else if (source.memoryKind === "device") this.#fromDevice(slot, source, first, count);
    else this.#fromHost(slot, source, first, count);
  }

  move(from: number, to: number, count: number): void {
    const { bytes } = this.#form;
    this.#from.slot = this.#to.slot;
    this.#from.generation = this.#to.generation;
    this.#from.byteOffset = from * bytes;
    this.#to.byteOffset = to * bytes;
    this.#stream.copy(this.#to, this.#from, count * bytes);
  }

  fill(value: number | bigint | boolean, count: number): void {
    const { dtype, values } = this.#form;
    const { size } = elementTypes[dtype];
    const { low, high } = elementBits(value, dtype, "Bufferizer.flush");
    // The driver fills with 1, 2 or 4 bytes; a kernel does the rest.
    if (size < 8) this.#stream.fill(this.allocation, low, { width: size as 1 | 2 | 4, count: count * values });
    else if (low === high) this.#stream.fill(this.allocation, low, { width: 4, count: 2 * count * values });
    else {
      using all = this.view(0, count);
      all.fill(value);
    }
  }

  view(slot: number, count: number): DArray<D> {
    return this.#whole.slice({ start: slot, stop: slot + count });
  }

  close(): void {
    this.#order.close();
    this.#whole.close();
  }

  /** One call for what lies dense on the device: a record for its thread, and nothing else. */
  #fromDevice(slot: number, source: TensorSource, first: number, count: number): void {
    const { bytes } = this.#form;
    const stream = (source as { readonly stream?: Stream | undefined }).stream;
    const ref = source.native;
    if (ref === undefined || off("append_direct")) return this.#fromStrided(slot, source as DArray<D>, first, count);
    const other = stream !== undefined && stream !== this.#stream;
    if (other) this.#order.after(stream);
    this.#from.slot = ref.slot;
    this.#from.generation = ref.generation;
    this.#from.byteOffset = ref.byteOffset + first * bytes;
    this.#to.byteOffset = slot * bytes;
    this.#stream.copy(this.#to, this.#from, count * bytes);
    if (other) this.#order.before(stream);
  }

  /** A kernel gathers what does not lie dense. */
  #fromStrided(slot: number, source: DArray<D>, first: number, count: number): void {
    const single = source.ndim === this.#form.shape.length;
    using here = source.stream === this.#stream ? source.slice() : source.withStream(this.#stream);
    using part = single ? here.slice() : here.slice({ start: first, stop: first + count });
    using place = single ? this.#whole.slice(slot) : this.view(slot, count);
    place.assign(part);
    if (source.stream !== undefined && source.stream !== this.#stream) this.#order.before(source.stream);
  }

  #fromHost(slot: number, source: TensorSource, first: number, count: number): void {
    const { bytes } = this.#form;
    const ref = source.native;
    if (ref === undefined) {
      const part = source.bytes().subarray(first * bytes, (first + count) * bytes);
      this.#stream.upload(this.allocation, part, { byteOffset: slot * bytes });
      return;
    }
    this.#from.slot = ref.slot;
    this.#from.generation = ref.generation;
    this.#from.byteOffset = ref.byteOffset + first * bytes;
    this.#to.byteOffset = slot * bytes;
    this.#stream.copy(this.#to, this.#from, count * bytes);
  }
}
