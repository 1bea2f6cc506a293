import type { PopefData } from "../data.ts";
import type { OpaqueInfo } from "../message/decode.ts";

/** Bytes that only their writer understands, kept beside an executable. */
export class OpaqueBlob {
  readonly name: string;
  /** Name of the executable that it belongs to. */
  readonly executable: string;
  readonly data: PopefData;

  /** Made by readers and models. @internal */
  constructor({ name, executable }: OpaqueInfo, data: PopefData) {
    this.name = name;
    this.executable = executable;
    this.data = data;
  }
}
