import { makeError } from "../../native/error.ts";
import { switchable } from "../../native/switches.ts";
import { FileSink } from "./file-sink.ts";
import { Writer, type WriterOptions } from "./writer.ts";

/** What becomes of a file that is there. */
export const FileWriterMode = switchable("FileWriterMode", { Truncate: "truncate", Append: "append" } as const);
export type FileWriterMode = (typeof FileWriterMode)[keyof typeof FileWriterMode];

export interface FileWriterOptions extends WriterOptions {
  /** `"truncate"` unless given. */
  readonly mode?: FileWriterMode | undefined;
}

const defaults = switchable("FileWriter", { mode: FileWriterMode.Truncate as FileWriterMode });

/**
 * Writes a PopEF file. Truncating replaces a file that is there, so models that have it open keep their data; appending
 * adds blobs behind those that it has.
 *
 * ```ts
 * using writer = new FileWriter("digits.popef", "append");
 * writer.createOpaqueBlob("notes", "digits").write(Buffer.from("trained on Tuesday"));
 * ```
 */
export class FileWriter extends Writer {
  /** @throws NotFoundError `file_not_found` (no such folder, no permission); DeviceError `system` */
  constructor(path: string, options: FileWriterMode | FileWriterOptions = {}) {
    const { version, mode = defaults.mode }: FileWriterOptions =
      typeof options === "string" ? { mode: options } : options;
    if (!Object.values(FileWriterMode).includes(mode)) {
      throw makeError("invalid_argument", {
        op: "FileWriter",
        message: `mode is ${JSON.stringify(mode)}.`,
        hint: `Use one of ${Object.values(FileWriterMode).join(", ")}.`,
      });
    }
    super(undefined, { version }, new FileSink(path, mode === FileWriterMode.Append));
  }
}
