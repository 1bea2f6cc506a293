import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileWriter, Writer } from "../../src/popef/index.ts";

/** A folder with models in files, gone at the end. */
export class ModelFiles implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "millrace-bench-popef-"));

  /**
   * A model whose only weight is of `bytes` bytes: metadata, an executable of 4 KiB, the weight. The weight is a hole in the
   * file, so that one of 4 GiB takes no space.
   */
  oneTensor(bytes: number): string {
    const path = join(this.#folder, `one-${bytes}.popef`);
    const info = { name: "w", tensorInfo: { shape: [bytes], dataType: "U8" } } as const;
    {
      using writer = new FileWriter(path);
      writer.write({ executable: "net", anchors: [{ ...info, handle: "h2d_w", type: "input", programs: [0] }] });
      writer.createExecutable("net").write(new Uint8Array(4096));
    }
    // What stands in front of the weight, and then nothing but its size.
    const front: Uint8Array[] = [];
    new Writer({ write: (piece) => front.push(piece) }).createTensorData(info);
    for (const piece of front) appendFileSync(path, piece);
    truncateSync(path, statSync(path).size + bytes);
    return path;
  }

  /** A model of `count` weights of `bytes` bytes each. */
  manyTensors(count: number, bytes: number): string {
    const path = join(this.#folder, `many-${count}.popef`);
    const tensorInfo = { shape: [bytes], dataType: "U8" } as const;
    const names = Array.from({ length: count }, (_, index) => `layer${index}/weight`);
    using writer = new FileWriter(path);
    writer.write({
      executable: "net",
      anchors: names.map((name) => ({ name, tensorInfo, handle: `h2d_${name}`, type: "input", programs: [0] })),
    });
    writer.createExecutable("net").write(new Uint8Array(4096));
    for (const name of names) writer.createTensorData({ name, tensorInfo }).write(new Uint8Array(bytes));
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
