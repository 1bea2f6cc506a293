import { describe, expect, test } from "bun:test";
import { NativeBuffer } from "../../src/native/buffer.ts";
import { block, native } from "../../src/native/library.ts";

function liveMappings(): number {
  native.mr_boundary_live();
  return block.results[0]!;
}

describe("native memory", () => {
  test("is zeroed, writable, and gone after close", () => {
    const before = liveMappings();
    const memory = NativeBuffer.create(100_000);
    const view = new Uint8Array(memory.buffer);
    expect(view.every((byte) => byte === 0)).toBe(true);
    view[99_999] = 7;
    expect(new Uint8Array(memory.buffer)[99_999]).toBe(7);
    memory.close();
    memory.close();
    expect(view.length).toBe(0);
    expect(liveMappings()).toBe(before);
  });

  test("lives as long as its last owner", () => {
    const before = liveMappings();
    const first = NativeBuffer.create(64);
    const second = first.share();
    new Uint8Array(first.buffer)[63] = 5;
    first.close();
    expect(new Uint8Array(second.buffer)[63]).toBe(5);
    second.close();
    expect(liveMappings()).toBe(before);
  });

  test("that the user moved away is wrapped again, and both buffers stay valid", () => {
    using memory = NativeBuffer.create(1 << 20);
    const moved = memory.buffer.transfer();
    new Uint8Array(moved)[12345] = 9;
    expect(new Uint8Array(memory.buffer)[12345]).toBe(9);
    const cloned = structuredClone(memory.buffer, { transfer: [memory.buffer] });
    memory.close();
    expect(new Uint8Array(moved)[12345]).toBe(9);
    expect(new Uint8Array(cloned)[12345]).toBe(9);
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 53, "8", null, 8n])("refuses %p bytes", (size) => {
    expect(() => NativeBuffer.create(size as number)).toThrow(/not an integer/);
  });

  test("reports use after close", () => {
    const memory = NativeBuffer.create(8);
    memory.close();
    expect(() => memory.buffer).toThrow(expect.objectContaining({ code: "closed" }));
    expect(() => memory.share()).toThrow(expect.objectContaining({ code: "closed" }));
  });
});
