import type * as Capnp from "capnp-es";
import type { Anchor } from "../anchor.ts";
import { BlobType } from "../blob-type.ts";
import type { FeedDataInfo, TensorDataInfo } from "../data-info.ts";
import { dataTypeNumber } from "../data-type.ts";
import type { Metadata } from "../metadata.ts";
import type { Option } from "../option.ts";
import type * as Schema from "../schema/popef.generated.ts";
import type { TensorInfo } from "../tensor-info.ts";
import { TensorType } from "../tensor-type.ts";
import type { BlobHeader, ExecutableInfo, OpaqueInfo } from "./decode.ts";

// Loaded by the first that is written (10 ms): who only reads has no use for it.
let loaded: { readonly capnp: typeof Capnp; readonly schema: typeof Schema } | undefined;

type Roots = Omit<typeof Schema, "_capnpFileId" | "BlobType" | "DataType" | "TensorType">;

/** @param room bytes to begin with: the library grows by 4 KiB at a time, and copies all of it each time. */
function encode<const R extends keyof Roots>(
  name: R,
  fill: (struct: InstanceType<Roots[R]>) => void,
  room = 4096,
): Uint8Array {
  loaded ??= { capnp: require("capnp-es"), schema: require("../schema/popef.generated.ts") };
  const message = new loaded.capnp.Message();
  (message._capnp.arena as { buffer?: ArrayBuffer }).buffer = new ArrayBuffer(8 * Math.ceil(room / 8));
  // A limit for what is read, which counts writing too: some 200,000 anchors.
  message._capnp.traversalLimit = Number.POSITIVE_INFINITY;
  const Root: Capnp.StructCtor<Capnp.Struct> = loaded.schema[name];
  fill(message.initRoot(Root) as InstanceType<Roots[R]>);
  return new Uint8Array(message.toArrayBuffer());
}

/** Its length does not depend on the size, which may be written over the place of another. */
export function encodeHeader({ version, type, size }: BlobHeader): Uint8Array {
  return encode("BlobHeader", (struct) => {
    struct.version = version;
    struct.type = Object.values(BlobType).indexOf(type) as Schema.BlobType;
    struct.size = BigInt(size);
  });
}

export function encodeExecutable({ name, uncompressedSize }: ExecutableInfo): Uint8Array {
  return encode("PoplarExecutable", (struct) => {
    struct.name = name;
    struct.uncompressedSize = uncompressedSize === undefined ? 0xffff_ffff_ffff_ffffn : BigInt(uncompressedSize);
  });
}

export function encodeOpaque({ name, executable }: OpaqueInfo): Uint8Array {
  return encode("Opaque", (struct) => {
    struct.name = name;
    struct.executable = executable;
  });
}

export function encodeTensorData({ name, tensorInfo }: TensorDataInfo): Uint8Array {
  return encode("TensorDataInfo", (struct) => {
    struct.name = name;
    fillTensorInfo(struct._initTensorInfo(), tensorInfo);
  });
}

export function encodeFeedData({ name, tensorInfo, numTensors }: FeedDataInfo): Uint8Array {
  return encode("FeedDataInfo", (struct) => {
    struct.name = name;
    fillTensorInfo(struct._initTensorInfo(), tensorInfo);
    struct.numTensors = numTensors;
  });
}

export function encodeMetadata(metadata: Metadata): Uint8Array {
  return encode(
    "Metadata",
    (struct) => {
      struct.replicationFactor = metadata.replicationFactor;
      struct.numIpus = metadata.numIpus;
      struct.seedHandle = metadata.seedHandle;
      const anchors = struct._initAnchors(metadata.anchors.length);
      for (const [index, anchor] of metadata.anchors.entries()) fillAnchor(anchors.get(index), anchor);
      struct.executable = metadata.executable;
      struct.numProcesses = metadata.numProcesses;
      struct.ipuVersion = metadata.ipuVersion;
      struct.isPOD = metadata.isPOD;
      struct.isInference = metadata.isInference;
      fillOptions(struct._initEngineOptions(metadata.engineOptions.length), metadata.engineOptions);
      fillOptions(struct._initDeviceOptions(metadata.deviceOptions.length), metadata.deviceOptions);
      const flow = struct._initProgramFlow();
      const { load, main, save } = metadata.programFlow;
      fillNumbers(flow._initLoad(load.length), load);
      fillNumbers(flow._initMain(main.length), main);
      fillNumbers(flow._initSave(save.length), save);
      const programs = struct._initProgramsMap(metadata.programsMap.size);
      for (const [index, [number, name]] of [...metadata.programsMap].entries()) {
        const program = programs.get(index);
        program.index = number;
        program.name = name;
      }
      struct.deviceIterations = metadata.deviceIterations;
    },
    roomOf(metadata),
  );
}

/** Bytes that a message of metadata takes, or more: a text takes up to three for each of its units. */
function roomOf({ anchors }: Metadata): number {
  let room = 4096;
  for (const { name, handle, programs, tensorInfo } of anchors) {
    room += 128 + 3 * (name.length + handle.length) + 4 * programs.length + 8 * tensorInfo.shape.length;
  }
  return room;
}

function fillAnchor(struct: Schema.Anchor, anchor: Anchor): void {
  struct.name = anchor.name;
  fillNumbers(struct._initPrograms(anchor.programs.length), anchor.programs);
  struct.handle = anchor.handle;
  fillTensorInfo(struct._initTensorInfo(), anchor.tensorInfo);
  struct.type = Object.values(TensorType).indexOf(anchor.type) as Schema.TensorType;
  struct.isPerReplica = anchor.isPerReplica;
  struct.useRemoteBuffers = anchor.useRemoteBuffers;
  struct.repeats = anchor.repeats;
}

function fillTensorInfo(struct: Schema.TensorInfo, { shape, dataType }: TensorInfo): void {
  const axes = struct._initShape(shape.length);
  for (const [index, size] of shape.entries()) axes.set(index, BigInt(size));
  struct.dataType = dataTypeNumber(dataType) as Schema.DataType;
}

function fillOptions(list: Capnp.List<Schema.Option>, options: readonly Option[]): void {
  for (const [index, { name, value }] of options.entries()) {
    const struct = list.get(index);
    struct.name = name;
    struct.value = value;
  }
}

function fillNumbers(list: Capnp.List<number>, numbers: readonly number[]): void {
  for (const [index, number] of numbers.entries()) list.set(index, number);
}
