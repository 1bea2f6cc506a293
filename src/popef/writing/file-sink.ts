import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, unlinkSync, writeSync } from "node:fs";
import { makeError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import type { Rewriting, Sink } from "./sink.ts";

function failed(what: string, path: string, cause: unknown): Error {
  const code = (cause as { code?: string }).code;
  const op = "FileWriter";
  const message = `${what} ${JSON.stringify(path)}: ${code ?? String(cause)}.`;
  if (code === "ENOSPC" || code === "EDQUOT") return makeError("no_space", { op, message, hint: "Make room.", cause });
  if (code === "ENOENT" || code === "EACCES" || code === "EISDIR")
    return makeError("file_not_found", { op, message, cause });
  return makeError("system", { op, message, cause });
}

/** A file, written in the calling thread. */
export class FileSink implements Sink, Rewriting {
  byteLength: number;
  readonly #fd: number;
  readonly #path: string;
  #ended = false;

  /**
   * A file that is there is not written over but replaced: whoever has it open or mapped keeps what he has. Only with
   * `append` is it written to.
   */
  constructor(path: string, append: boolean) {
    this.#path = path;
    try {
      if (!append && isRegularFile(path) && !off("popef_replaces_file")) unlinkSync(path);
      this.#fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | (append ? 0 : constants.O_TRUNC), 0o666);
    } catch (cause) {
      throw failed("cannot open", path, cause);
    }
    this.byteLength = fstatSync(this.#fd).size;
  }

  get rewriting(): Rewriting {
    return this;
  }

  write(bytes: Uint8Array): void {
    this.patch(this.byteLength, bytes);
    this.byteLength += bytes.byteLength;
  }

  patch(byteOffset: number, bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.byteLength; ) {
        // A call writes 2 GiB at most.
        const length = Math.min(bytes.byteLength - done, 0x4000_0000);
        done += writeSync(this.#fd, bytes, done, length, byteOffset + done);
      }
    } catch (cause) {
      throw failed("cannot write", this.#path, cause);
    }
  }

  skip(byteLength: number): void {
    this.truncate(this.byteLength + byteLength);
  }

  truncate(byteLength: number): void {
    try {
      ftruncateSync(this.#fd, byteLength);
    } catch (cause) {
      throw failed("cannot resize", this.#path, cause);
    }
    this.byteLength = byteLength;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    closeSync(this.#fd);
  }
}

function isRegularFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
