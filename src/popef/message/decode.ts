import { off, switchable } from "../../native/switches.ts";
import { Anchor } from "../anchor.ts";
import { BlobType } from "../blob-type.ts";
import { FeedDataInfo, TensorDataInfo } from "../data-info.ts";
import { dataTypeOfNumber } from "../data-type.ts";
import { Metadata } from "../metadata.ts";
import { Option } from "../option.ts";
import { ProgramFlow } from "../program-flow.ts";
import { TensorInfo } from "../tensor-info.ts";
import { TensorType } from "../tensor-type.ts";
import type { Struct } from "./struct.ts";

// Places of fields are those that `capnp compile -ocapnp src/popef/schema/popef.capnp` prints; a test compares what is
// read here with what the generated classes write.

const blobTypes = Object.values(BlobType);
const tensorTypes = Object.values(TensorType);

export interface BlobHeader {
  readonly version: string;
  readonly type: BlobType;
  readonly size: number;
}

export interface ExecutableInfo {
  readonly name: string;
  /** Undefined: the bytes are not compressed. */
  readonly uncompressedSize: number | undefined;
}

export interface OpaqueInfo {
  readonly name: string;
  /** Name of the executable that it belongs to. */
  readonly executable: string;
}

export function decodeHeader(struct: Struct): BlobHeader {
  const type = blobTypes[struct.u16(0)];
  if (type === undefined) throw struct.fail(`a blob of type ${struct.u16(0)}, which is none`);
  const version = off("popef_version_text") ? "1.0.0" : struct.text(0, "the version");
  return { version, type, size: struct.size(8, "the blob's size") };
}

export function decodeExecutable(struct: Struct): ExecutableInfo {
  const uncompressed = struct.u64(0) === 0xffff_ffff_ffff_ffffn;
  return switchable("ExecutableMessage", {
    name: struct.text(0, "the executable's name"),
    uncompressedSize: uncompressed ? undefined : struct.size(0, "the uncompressed size"),
  });
}

export function decodeOpaque(struct: Struct): OpaqueInfo {
  return switchable("OpaqueMessage", {
    name: struct.text(0, "the opaque blob's name"),
    executable: struct.text(1, "its executable's name"),
  });
}

export function decodeTensorData(struct: Struct): TensorDataInfo {
  return new TensorDataInfo(
    switchable("TensorDataMessage", {
      name: struct.text(0, "the tensor's name"),
      tensorInfo: decodeTensorInfo(struct.struct(1)),
    }),
  );
}

export function decodeFeedData(struct: Struct): FeedDataInfo {
  return new FeedDataInfo(
    switchable("FeedDataMessage", {
      name: struct.text(0, "the feed's name"),
      tensorInfo: decodeTensorInfo(struct.struct(1)),
      numTensors: struct.u32(0),
    }),
  );
}

export function decodeMetadata(struct: Struct): Metadata {
  return new Metadata(
    switchable("MetadataMessage", {
      replicationFactor: struct.u32(0),
      numIpus: struct.u32(4),
      seedHandle: struct.text(0, "the seed's handle"),
      anchors: struct.structs(1).map(decodeAnchor),
      executable: struct.text(2, "the executable's name"),
      numProcesses: struct.u32(8),
      ipuVersion: struct.u32(12),
      isPOD: struct.bit(128),
      isInference: struct.bit(129),
      engineOptions: struct.structs(3).map(decodeOption),
      deviceOptions: struct.structs(4).map(decodeOption),
      programFlow: decodeProgramFlow(struct.struct(5)),
      programsMap: new Map(struct.structs(6).map((program) => [program.u32(0), program.text(0, "a program's name")])),
      deviceIterations: struct.u32(20),
    }),
  );
}

function decodeAnchor(struct: Struct): Anchor {
  const type = tensorTypes[struct.u16(0)];
  if (type === undefined) throw struct.fail(`an anchor of type ${struct.u16(0)}, which is none`);
  return new Anchor(
    switchable("AnchorMessage", {
      name: struct.text(0, "an anchor's name"),
      programs: struct.numbers(1),
      handle: struct.text(2, "an anchor's handle"),
      tensorInfo: decodeTensorInfo(struct.struct(3)),
      type,
      isPerReplica: struct.bit(16),
      useRemoteBuffers: struct.bit(17),
      repeats: struct.u32(4),
    }),
  );
}

function decodeTensorInfo(struct: Struct): TensorInfo {
  const dataType = dataTypeOfNumber(struct.u16(0));
  if (dataType === undefined) throw struct.fail(`a tensor of type ${struct.u16(0)}, which is none`);
  return new TensorInfo(switchable("TensorInfoMessage", { shape: struct.sizes(0, "axis"), dataType }));
}

function decodeOption(struct: Struct): Option {
  return new Option(
    switchable("OptionMessage", {
      name: struct.text(0, "an option's name"),
      value: struct.text(1, "an option's value"),
    }),
  );
}

function decodeProgramFlow(struct: Struct): ProgramFlow {
  return new ProgramFlow(
    switchable("ProgramFlowMessage", { load: struct.numbers(0), main: struct.numbers(1), save: struct.numbers(2) }),
  );
}
