import { describe, expect, test } from "bun:test";
import { gunzipSync, gzip } from "node:zlib";
import { block, native } from "../../src/native/library.ts";
import {
  asTensor,
  ConstTensorMemoryView,
  nativeOwnerOf,
  TensorMemory,
  TensorMemoryView,
} from "../../src/tensor/index.ts";

const failsWith = (code: string, text = "") =>
  expect.objectContaining({ code, message: expect.stringContaining(text) }) as unknown as Error;

describe("TensorMemory", () => {
  test("is zeroed memory of the size asked for", () => {
    using memory = new TensorMemory(100);
    expect(memory.dataSizeBytes).toBe(100);
    expect(memory.getView().data).toEqual(new Uint8Array(100));
  });

  test("by default has no memory", () => {
    for (const memory of [new TensorMemory(), new TensorMemory(0)]) {
      expect(memory.dataSizeBytes).toBe(0);
      expect(memory.getView().data).toHaveLength(0);
      expect(memory.share().getConstView().dataSizeBytes).toBe(0);
      memory.close();
      expect(() => memory.getView()).toThrow(failsWith("closed"));
    }
  });

  test.each([[-1], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], ["8"], [8n], [2 ** 53]])(
    "%p bytes are refused",
    (size) => {
      expect(() => new TensorMemory(size as number)).toThrow(failsWith("invalid_argument"));
    },
  );

  test("4 GiB is more than one buffer holds", () => {
    expect(() => new TensorMemory(2 ** 32)).toThrow(failsWith("too_large"));
  });

  test("a write through one view is seen through every other", () => {
    using memory = new TensorMemory(8);
    using other = memory.share();
    memory.getView().as("float32")[1] = 2.5;
    expect(memory.getConstView().as("float32")[1]).toBe(2.5);
    expect([...other.getView().as("float32")]).toEqual([0, 2.5]);
  });

  test("lives until its last owner closes, whichever that is", () => {
    const first = new TensorMemory(4);
    const second = first.share();
    first.getView().data.set([1, 2, 3, 4]);
    first.close();
    const third = second.share();
    second.close();
    expect([...third.getView().data]).toEqual([1, 2, 3, 4]);
    third.close();
    expect(() => third.share()).toThrow(failsWith("closed"));
  });

  test("views have length 0 after close, in every form", () => {
    const memory = new TensorMemory(16);
    const view = memory.getView();
    const constView = memory.getConstView();
    const array = view.as("int64");
    memory.close();
    expect(view.dataSizeBytes).toBe(0);
    expect(view.data).toHaveLength(0);
    expect(constView.dataSizeBytes).toBe(0);
    expect(array).toHaveLength(0);
    expect(memory.dataSizeBytes).toBe(0);
  });

  test("leaves nothing behind, whether it was looked at or not", () => {
    const liveMappings = () => {
      native.mr_boundary_live();
      return block.results[0]!;
    };
    const before = liveMappings();
    const memory = new TensorMemory(1 << 16);
    const other = memory.share();
    memory.getView().data[0] = 1;
    expect(liveMappings()).toBeGreaterThan(before);
    memory.close();
    other.close();
    expect(liveMappings()).toBe(before);
  });

  test("closing one owner leaves the views of another alone", () => {
    const first = new TensorMemory(4);
    using second = first.share();
    const view = second.getView();
    first.close();
    expect(view.dataSizeBytes).toBe(4);
  });

  test("closing twice is fine, using it afterwards is not", () => {
    const memory = new TensorMemory(4);
    memory.close();
    memory.close();
    expect(memory.closed).toBe(true);
    for (const use of [() => memory.getView(), () => memory.getConstView(), () => memory.share()]) {
      expect(use).toThrow(failsWith("closed", "was closed"));
    }
  });

  test("using closes it at the end of the block", () => {
    let outside: TensorMemory;
    {
      using memory = new TensorMemory(4);
      outside = memory;
    }
    expect(outside.closed).toBe(true);
  });

  test("a user who moves the buffer away keeps the bytes, and the memory shows itself anew", () => {
    using memory = new TensorMemory(4);
    const { data } = memory.getView();
    data[0] = 7;
    const moved = (data.buffer as ArrayBuffer).transfer();
    expect(data).toHaveLength(0);
    expect(new Uint8Array(moved)[0]).toBe(7);
    expect(memory.getView().data[0]).toBe(7);
    new Uint8Array(moved)[0] = 8;
    expect(memory.getView().data[0]).toBe(8);
  });

  test("arrays over it are recognised as native memory, by their place in it", () => {
    using memory = new TensorMemory(64);
    const at = nativeOwnerOf(memory.getView().as("float32").subarray(2));
    expect(at).toMatchObject({ byteOffset: 8, memoryKind: "host" });
    using other = new TensorMemory(64);
    expect(nativeOwnerOf(other.getView().data)).not.toEqual({ ...at!, byteOffset: 0 });
  });
});

test("a buffer that a call in flight pins is ordinary memory after close, not a stale handle", async () => {
  const memory = new TensorMemory(1 << 20);
  const { data } = memory.getView();
  data.fill(5);
  const compressed = new Promise<Buffer>((resolve, reject) =>
    gzip(data, (error, result) => (error ? reject(error) : resolve(result))),
  );
  memory.close();
  expect(nativeOwnerOf(data)).toBeUndefined();
  expect(data).toHaveLength(1 << 20);
  expect(asTensor(data).native).toBeUndefined();
  expect(gunzipSync(await compressed).equals(Buffer.alloc(1 << 20, 5))).toBe(true);
});

describe("asTensor", () => {
  test("takes memory and its views as raw bytes, by native reference", () => {
    using memory = new TensorMemory(24);
    for (const input of [memory, memory.getView(), memory.getConstView()]) {
      const tensor = asTensor(input, { dtype: "float32", shape: [-1, 3] });
      expect(tensor.shape).toEqual([2, 3]);
      expect(tensor.native).toBeDefined();
      expect(() => asTensor(input)).toThrow(failsWith("invalid_dtype"));
    }
    expect(asTensor({ data: memory, dtype: "int64", shape: [3] }).byteLength).toBe(24);
  });

  test("refuses closed memory and views of it", () => {
    const memory = new TensorMemory(8);
    const view = memory.getView();
    memory.close();
    expect(() => asTensor(memory, { dtype: "uint8" })).toThrow(failsWith("closed"));
    expect(() => asTensor(view, { dtype: "uint8" })).toThrow(failsWith("closed"));
  });
});

describe("views", () => {
  test("can be made of any memory, and of a part of it", () => {
    const array = Float32Array.of(1, 2, 3);
    expect([...new TensorMemoryView(array).as("float32")]).toEqual([1, 2, 3]);
    expect([...new TensorMemoryView(array.buffer, 8).as("float32")]).toEqual([1, 2]);
    expect([...new ConstTensorMemoryView(new TensorMemoryView(array), 4).as("float32")]).toEqual([1]);
    expect(new TensorMemoryView().dataSizeBytes).toBe(0);
    expect(new ConstTensorMemoryView().dataSizeBytes).toBe(0);
    expect(new ConstTensorMemoryView(new ConstTensorMemoryView(array)).dataSizeBytes).toBe(12);
  });

  test.each([
    [new Uint8Array(4), 5, "out_of_bounds", "dataSizeBytes is 5, the memory has 4 bytes"],
    [new Uint8Array(4), -1, "out_of_bounds", "dataSizeBytes is -1"],
    [new Uint8Array(4), 0.5, "out_of_bounds", "dataSizeBytes is 0.5"],
    [[1, 2], undefined, "invalid_argument", "Array(2) is not memory"],
  ])("of %p with %p bytes are refused", (data, size, code, text) => {
    expect(() => new TensorMemoryView(data as Uint8Array, size)).toThrow(failsWith(code, text));
    expect(() => new ConstTensorMemoryView(data as Uint8Array, size)).toThrow(failsWith(code, text));
  });

  test("as() wants whole elements, aligned, of a known type", () => {
    const view = new TensorMemoryView(new Uint8Array(new ArrayBuffer(9), 1));
    expect(view.as("bool")).toHaveLength(8);
    expect(() => view.as("float32")).toThrow(failsWith("out_of_bounds", "begins at byte 1"));
    expect(() => new TensorMemoryView(new Uint8Array(6)).as("float32")).toThrow(failsWith("wrong_size", "6 bytes"));
    expect(() => view.as("text" as "bool")).toThrow(failsWith("invalid_dtype", "text"));
  });

  test("a const view offers no way to write, by its types", () => {
    const view = new ConstTensorMemoryView(Uint8Array.of(1, 2));
    // Never called: the type check fails when one of these lines compiles.
    const write = () => {
      // @ts-expect-error read-only elements
      view.as("uint8")[0] = 9;
      // @ts-expect-error no method that writes
      view.data.fill(0);
      // @ts-expect-error no way round through the buffer
      view.data.buffer;
      // @ts-expect-error nor through a part
      view.as("uint8").subarray(1)[0] = 9;
    };
    void write;
    expect([...view.data.subarray(1)]).toEqual([2]);
  });
});
