import { makeError } from "../../native/error.ts";
import { checkSignal } from "../../native/signal.ts";
import {
  asTensor,
  type DType,
  elementTypes,
  Shape,
  type TensorInput,
  type TensorSource,
  type TypedArrayOf,
} from "../../tensor/index.ts";
import type { DeviceMemory } from "../device-memory.ts";
import type { AsyncWaitOptions } from "../waiting.ts";
import { checkOut } from "./destination.ts";
import { elementwise, fresh } from "./elementwise.ts";
import { arrayPart, byteOffsetOf, countOf, type HasPart, hasPart, type Part } from "./part.ts";
import { isDense } from "./strided.ts";

/**
 * The elements of a dense part in host memory, in place.
 * @throws ArgumentError `wrong_device`; StateError `not_contiguous`
 */
export function elementsInPlace<D extends DType>(part: Part<D>, op: string): TypedArrayOf<D> {
  if (part.stream !== undefined)
    throw makeError("wrong_device", { op, message: "the array lies on a device.", hint: "Copy it: toHost()." });
  if (!isDense(part.view)) {
    throw makeError("not_contiguous", {
      op,
      message: `strides ${Shape.format(part.view.strides)} of shape ${Shape.format(part.view.shape)}.`,
    });
  }
  const { arrayType, size } = elementTypes[part.dtype];
  const count = countOf(part);
  if (count === 0) return new arrayType(0) as TypedArrayOf<D>;
  const bytes = part.storage.bytes();
  return new arrayType(bytes.buffer, bytes.byteOffset + part.view.offset * size, count) as TypedArrayOf<D>;
}

/**
 * Writes values to `out`, which was checked. What lies on JavaScript's heap is copied before the call returns.
 * @throws ArgumentError `wrong_dtype`, `wrong_shape`
 */
export function upload(out: Part, values: TensorInput | HasPart, op: string): void {
  const input = hasPart(values) ? values[arrayPart] : undefined;
  if (input === undefined) return write(out, tensorFor(out, values as TensorInput, op), op);
  checkOut(out, { dtype: input.dtype, shape: input.view.shape, stream: out.stream }, op);
  if (input.stream === out.stream) return elementwise("copy", out, [input], [], op);
  // Between two streams the values go through the host, which waits for the first.
  withDense(input, op, (dense) => {
    const elements = dense.stream === undefined ? elementsInPlace(dense, op) : download(dense, undefined, op);
    write(out, asTensor({ data: elements, dtype: dense.dtype, shape: dense.view.shape }, { op }), op);
  });
}

export async function uploadAsync(
  out: Part,
  values: TensorInput,
  options: AsyncWaitOptions,
  op: string,
): Promise<void> {
  throwIfAborted(options, op);
  upload(out, values, op);
  await out.stream?.synchronizeAsync(options);
}

/** The elements in row-major order, in `dst` or in a new array; waits for the stream. */
export function download<D extends DType>(
  part: Part<D>,
  dst: TypedArrayOf<D> | undefined,
  op: string,
): TypedArrayOf<D> {
  const into = roomFor(part, dst, op);
  return withDense(part, op, (dense) => {
    if (dense.stream === undefined) return copied(elementsInPlace(dense, op), into);
    dense.stream.download(memoryOf(dense), { ...rangeOf(dense), into });
    return into;
  });
}

export async function downloadAsync<D extends DType>(
  part: Part<D>,
  { dst, ...wait }: AsyncWaitOptions & { readonly dst?: TypedArrayOf<D> | undefined },
  op: string,
): Promise<TypedArrayOf<D>> {
  throwIfAborted(wait, op);
  const into = roomFor(part, dst, op);
  await withDense(part, op, async (dense) => {
    if (dense.stream === undefined) copied(elementsInPlace(dense, op), into);
    else await dense.stream.downloadAsync(memoryOf(dense), { ...rangeOf(dense), ...wait, into });
  });
  return into;
}

/** Also on the host, where there is nothing to wait for. */
function throwIfAborted(options: AsyncWaitOptions, op: string): void {
  const signal = checkSignal(options.signal, op);
  if (signal?.aborted === true) throw signal.reason;
}

/** The values as a tensor with the shape of `out`; a bare array needs only as many elements. */
function tensorFor(out: Part, values: TensorInput, op: string): TensorSource {
  return asTensor(values, { dtype: out.dtype, shape: out.view.shape, op });
}

function write(out: Part, tensor: TensorSource, op: string): void {
  if (countOf(out) === 0) return;
  if (!isDense(out.view)) {
    const dense = fresh(out, op);
    try {
      write(dense, tensor, op);
      return elementwise("copy", out, [dense], [], op);
    } finally {
      dense.storage.release();
    }
  }
  if (out.stream !== undefined) {
    out.stream.upload(memoryOf(out), tensor, { byteOffset: byteOffsetOf(out) });
    return;
  }
  const { buffer, byteOffset, byteLength } = elementsInPlace(out, op);
  new Uint8Array(buffer, byteOffset, byteLength).set(tensor.bytes());
}

function roomFor<D extends DType>(part: Part<D>, dst: TypedArrayOf<D> | undefined, op: string): TypedArrayOf<D> {
  if (dst === undefined) return new elementTypes[part.dtype].arrayType(countOf(part)) as TypedArrayOf<D>;
  asTensor(dst, { dtype: part.dtype, shape: [countOf(part)], op: `${op} dst` });
  return dst;
}

function copied<A extends TypedArrayOf>(elements: A, into: A): A {
  (into as Uint8Array).set(elements as Uint8Array);
  return into;
}

/**
 * `part` if it is dense, else a dense copy for as long as `work` runs. Queued work keeps the memory that it uses, so the copy need not
 * wait for it.
 */
function withDense<D extends DType, R>(part: Part<D>, op: string, work: (dense: Part<D>) => R): R {
  if (isDense(part.view)) return work(part);
  const dense = fresh(part, op);
  try {
    elementwise("copy", dense, [part], [], op);
    return work(dense);
  } finally {
    dense.storage.release();
  }
}

function memoryOf(part: Part): DeviceMemory {
  return part.storage.allocation as DeviceMemory;
}

function rangeOf(part: Part): { byteOffset: number; byteLength: number } {
  return { byteOffset: byteOffsetOf(part), byteLength: countOf(part) * elementTypes[part.dtype].size };
}
