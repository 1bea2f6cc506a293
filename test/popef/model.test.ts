import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { type AnchorOptions, Model, ModelBuilder, type ModelOptions, Reader, Writer } from "../../src/popef/index.ts";
import { encodeExecutable, encodeHeader } from "../../src/popef/message/encode.ts";
import { Folder, failure, smallFile, thrown } from "./files.ts";
import { fileOf as withSize } from "./segments.ts";

const info = { shape: [2], dataType: "U8" } as const;
const other = { shape: [3], dataType: "U8" } as const;
const input = (name: string, handle = `h2d_${name}`): AnchorOptions => ({
  name,
  handle,
  tensorInfo: info,
  type: "input",
});

type Part = (writer: Writer) => void;
const executable =
  (name: string): Part =>
  (writer) =>
    writer.createExecutable(name).write(Buffer.from(name));
const metadata =
  (name: string, ...anchors: AnchorOptions[]): Part =>
  (writer) =>
    writer.write({ executable: name, anchors });
const opaque =
  (name: string, of: string): Part =>
  (writer) =>
    writer.createOpaqueBlob(name, of).write(Buffer.from(of));
const tensor =
  (name: string, tensorInfo: typeof info | typeof other = info): Part =>
  (writer) =>
    writer.createTensorData({ name, tensorInfo }).write(new Uint8Array(tensorInfo.shape[0]!).fill(1));
const feed =
  (name: string): Part =>
  (writer) =>
    writer.createFeedData({ name, tensorInfo: info, numTensors: 2 }).write(Uint8Array.of(1, 2, 3, 4));

function fileOf(parts: readonly Part[]): Uint8Array {
  const writer = new Writer();
  for (const part of parts) part(writer);
  writer.close();
  return writer.bytes();
}

/** A model of files of these parts. */
function modelOf(files: readonly (readonly Part[])[], options?: ModelOptions): Model {
  using reader = new Reader();
  for (const [index, parts] of files.entries()) reader.parseBytes(fileOf(parts), `file ${index}`);
  return new ModelBuilder(reader).createModel(options);
}

describe("a model", () => {
  test("is opened from a file, blocking or not, and outlives the reader that it came from", async () => {
    using folder = new Folder();
    writeFileSync(folder.file(), smallFile());
    for (const model of [Model.openSync(folder.file()), await Model.open(folder.file())]) {
      expect([model.metadata.executable, model.executable.name]).toEqual(["net", "net"]);
      expect(model.executable.data.bytes()).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
      expect(model.tensorData("w")!.data.bytes()).toEqual(Uint8Array.of(6, 7, 8));
      expect(model.feedData("x")!.info.numTensors).toBe(2);
      expect(model.opaqueBlobs.map(({ name }) => name)).toEqual(["notes"]);
      model.close();
      model.close();
      expect(model.closed).toBe(true);
      expect(thrown(() => model.executable.data.bytes())).toEqual(failure("closed", "the model was closed"));
    }
  });

  test("may be spread over files, in any order", async () => {
    using folder = new Folder();
    const parts = [[tensor("w")], [metadata("net", input("w")), opaque("notes", "net")], [executable("net")]];
    const paths = parts.map((of, index) => {
      writeFileSync(folder.file(`${index}`), fileOf(of));
      return folder.file(`${index}`);
    });
    using model = await Model.open(paths);
    using same = Model.openSync(paths.toReversed());
    for (const { executable, tensorData } of [model, same].map((of) => ({
      executable: of.executable,
      tensorData: of.tensorData("w"),
    }))) {
      expect(executable.data.bytes()).toEqual(new Uint8Array(Buffer.from("net")));
      expect(tensorData!.data.bytes()).toEqual(Uint8Array.of(1, 1));
    }
  });

  test("is one of several in a file, by the name of its executable", () => {
    const file = [
      executable("a"),
      metadata("a", input("w")),
      executable("b"),
      metadata("b", { ...input("w"), tensorInfo: other }),
      opaque("x", "b"),
      opaque("y", "b"),
      opaque("z", "c"),
      tensor("w", other),
      tensor("w"),
    ];
    using a = modelOf([file], { executable: "a" });
    using b = modelOf([file], { executable: "b" });
    expect([a.opaqueBlobs.length, b.opaqueBlobs.length]).toEqual([0, 2]);
    expect([a, b].map((model) => model.tensorData("w")!.data.byteLength)).toEqual([2, 3]);
  });

  test("is the one that an opaque blob names, where nobody chooses", () => {
    using model = modelOf([[executable("a"), executable("b"), metadata("a"), metadata("b"), opaque("framework", "b")]]);
    expect(model.executable.name).toBe("b");
  });

  test("binds data to inputs, and to what is not streamed; a weight's output anchor has none", () => {
    const output = { ...input("w", "weight_d2h_w"), type: "output" } as const;
    const constant = { name: "c", tensorInfo: info } as const;
    using model = modelOf([
      [
        executable("n"),
        metadata("n", output, input("w"), constant, input("x"), input("y")),
        tensor("w"),
        tensor("c"),
        feed("x"),
      ],
    ]);
    const [weightOut, weightIn, unstreamed, fed, nothing] = model.metadata.anchors;
    expect(model.tensorData(weightIn!)!.info.name).toBe("w");
    expect(model.tensorData(weightOut!)).toBeUndefined();
    expect(model.tensorData(unstreamed!)!.info.name).toBe("c");
    expect(model.feedData(fed!)!.tensor(1).bytes()).toEqual(Uint8Array.of(3, 4));
    expect([model.tensorData(fed!), model.feedData(weightIn!)]).toEqual([undefined, undefined]);
    expect([model.tensorData(nothing!), model.tensorData("none")]).toEqual([undefined, undefined]);
  });

  test("leaves data of other models alone", () => {
    using model = modelOf([[executable("n"), metadata("n", input("w")), tensor("w"), tensor("v"), tensor("v")]]);
    expect(model.tensorData("v")).toBeUndefined();
  });
});

describe("blobs that make no model are named: ", () => {
  test.each<[string, readonly (readonly Part[])[], ModelOptions, string[]]>([
    ["no executable", [[metadata("n")]], {}, ["there are 0: none"]],
    ["an executable without metadata", [[executable("n"), metadata("m")]], {}, ['executable "n"', 'metadata of: "m"']],
    [
      "several executables",
      [[executable("a")], [executable("b")]],
      {},
      ["there are 2", '"a", "b"', "Pass { executable"],
    ],
    [
      "two that opaque blobs name",
      [[executable("a"), executable("b"), opaque("x", "a"), opaque("y", "b")]],
      {},
      ["there are 2", '"a", "b"'],
    ],
    ["no executable of that name", [[executable("a")]], { executable: "z" }, ['called "z"', 'there are: "a"']],
    [
      "two of one name",
      [[executable("a")], [executable("a")]],
      {},
      ["2 executables", "file 0 at byte 0; file 1 at byte 0"],
    ],
    [
      "two of one name beside the chosen one",
      [[executable("a"), executable("b"), executable("b"), metadata("a")]],
      { executable: "a" },
      ['2 executables are called "b"'],
    ],
    [
      "metadata twice",
      [[executable("a"), metadata("a")], [metadata("a")]],
      {},
      ["2 blobs of metadata", "file 0 at byte", "file 1 at byte 0"],
    ],
    [
      "two anchors with one handle",
      [[executable("a"), metadata("a", input("v", "h"), input("w", "h"))]],
      {},
      ['anchors "v", "w"', 'handle, "h"'],
    ],
    [
      "data twice",
      [[executable("a"), metadata("a", input("w")), tensor("w")], [tensor("w")]],
      {},
      ['tensor data of "w" 2 times', "file 1 at byte 0"],
    ],
    [
      "data that does not fit its anchor",
      [[executable("a"), metadata("a", input("w")), tensor("w", other)]],
      {},
      ["U8 [3]", "the anchor is U8 [2]", "file 0 at byte"],
    ],
  ])("%s", (_, files, options, words) => {
    expect(thrown(() => modelOf(files, options))).toEqual(failure("model_conflict", ...words));
  });

  test("an executable without a name", () => {
    // Our writer refuses to make one.
    const header = encodeHeader({ version: "", type: "poplarExecutable", size: 0 });
    const unnamed = withSize(header, encodeExecutable({ name: "", uncompressedSize: undefined }));
    using reader = new Reader().parseBytes(fileOf([executable("n"), metadata("n")])).parseBytes(unnamed, "second");
    const error = thrown(() => new ModelBuilder(reader).createModel());
    expect(error).toEqual(failure("model_conflict", "an executable has no name: second at byte 0"));
  });

  test("and a reader that was closed makes none", () => {
    const reader = new Reader().parseBytes(smallFile());
    reader.close();
    expect(thrown(() => new ModelBuilder(reader).createModel())).toEqual(failure("closed"));
  });
});
