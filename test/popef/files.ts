import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Blob, type MetadataOptions, Reader, Writer } from "../../src/popef/index.ts";

/** A folder for one test's files. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "millrace-popef-"));

  file(name = "model.popef"): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** A model with one of everything that metadata can say. */
export const fullMetadata = {
  executable: "net",
  replicationFactor: 2,
  numIpus: 4,
  ipuVersion: 21,
  isPOD: true,
  numProcesses: 3,
  isInference: false,
  engineOptions: [{ name: "exchange.enablePrefetch", value: "true" }],
  deviceOptions: [
    { name: "target.hostSyncTimeout", value: "60" },
    { name: "ünïcode", value: "" },
  ],
  seedHandle: "__seed_stream",
  deviceIterations: 8,
  anchors: [
    {
      name: "image",
      handle: "h2d_image",
      tensorInfo: { shape: [16, 1, 28, 28], dataType: "F32" },
      type: "input",
      programs: [1],
    },
    {
      name: "w",
      handle: "h2d_w",
      tensorInfo: { shape: [2, 3], dataType: "F16" },
      type: "input",
      programs: [0],
      isPerReplica: true,
    },
    {
      name: "w",
      handle: "weight_d2h_w",
      tensorInfo: { shape: [2, 3], dataType: "F16" },
      type: "output",
      programs: [2],
    },
    {
      name: "state",
      handle: "state",
      tensorInfo: { dataType: "U32" },
      type: "unknown",
      programs: [0, 1, 4_294_967_295],
      useRemoteBuffers: true,
      repeats: 7,
    },
  ],
  programFlow: { load: [0], main: [1, 3], save: [2] },
  programsMap: new Map([
    [0, "load_program"],
    [1, "main_program"],
    [4_294_967_295, "last"],
  ]),
} as const satisfies MetadataOptions;

/** A file with one blob of each type, of odd sizes, so that those behind are unaligned. */
export function smallFile(version = "1.0.0"): Uint8Array<ArrayBuffer> {
  const writer = new Writer(undefined, { version });
  writer.write({
    executable: "net",
    anchors: [
      { name: "w", handle: "h2d_w", tensorInfo: { shape: [3], dataType: "U8" }, type: "input", programs: [0] },
      { name: "x", handle: "h2d_x", tensorInfo: { shape: [1], dataType: "S16" }, type: "input", programs: [1] },
    ],
    programFlow: { load: [0], main: [1] },
    programsMap: new Map([[1, "main"]]),
    engineOptions: [{ name: "a", value: "b" }],
  });
  writer.createExecutable("net").write(Uint8Array.of(1, 2, 3, 4, 5));
  writer.createOpaqueBlob("notes", "net").write(Uint8Array.of(9));
  writer.createTensorData({ name: "w", tensorInfo: { shape: [3], dataType: "U8" } }).write(Uint8Array.of(6, 7, 8));
  writer
    .createFeedData({ name: "x", tensorInfo: { shape: [1], dataType: "S16" }, numTensors: 2 })
    .write(Int16Array.of(-1, 2));
  writer.close();
  return writer.bytes();
}

/** Everything that a reader makes of bytes, data included. */
export function contentsOf(bytes: Uint8Array): unknown {
  using reader = new Reader().parseBytes(bytes);
  return {
    metadata: reader.metadata(),
    executables: reader.executables().map(({ name, data }) => [name, data.bytes().slice()]),
    opaqueBlobs: reader.opaqueBlobs().map(({ name, executable, data }) => [name, executable, data.bytes().slice()]),
    tensors: reader.tensors().map(({ info, data }) => [info, data.bytes().slice()]),
    feeds: reader.feeds().map(({ info, data }) => [info, data.bytes().slice()]),
  };
}

/** The blobs of a file, in order. */
export function blobsOf(bytes: Uint8Array): Blob[] {
  using reader = new Reader().parseBytes(bytes);
  return reader.blobs().map(({ blob }) => blob);
}

/** Matches an error by code, and by words of its message. */
export function failure(code: string, ...words: string[]): unknown {
  const all = words.map((word) => `(?=[\\s\\S]*${RegExp.escape(word)})`).join("");
  return expect.objectContaining({ code, message: expect.stringMatching(new RegExp(all)) });
}

/** What `work` throws. */
export function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
