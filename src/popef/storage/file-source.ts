import { close, closeSync, constants, fstat, fstatSync, open, openSync, read, readSync, type Stats } from "node:fs";
import { NativeBuffer } from "../../native/buffer.ts";
import { makeError } from "../../native/error.ts";
import { Source } from "./source.ts";

// A pipe or a device must not hold up who opens it by mistake.
const forReading = constants.O_RDONLY | constants.O_NONBLOCK;

type Callback<T> = (error: Error | null, result: T) => void;

/** A call of `node:fs` as a promise; the descriptor stays a plain number, for mapping. */
function settled<T>(start: (done: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => start((error, result) => (error === null ? resolve(result) : reject(error))));
}

function unreadable(path: string, op: string, cause: unknown): Error {
  const reason = (cause as { code?: string }).code ?? String(cause);
  return makeError("file_not_found", { op, message: `${JSON.stringify(path)} cannot be opened: ${reason}.`, cause });
}

/**
 * A file that stays open: what is mapped later comes from the file that was read first, also when another has taken its
 * name meanwhile. A file that is cut off in place takes its mapped bytes with it, which ends the process: replace files
 * by renaming, as `FileWriter` does.
 */
export class FileSource extends Source {
  readonly name: string;
  readonly byteLength: number;
  readonly #fd: number;

  private constructor(fd: number, path: string, byteLength: number) {
    super();
    this.#fd = fd;
    this.name = path;
    this.byteLength = byteLength;
  }

  /** @throws NotFoundError `file_not_found` */
  static open(path: string, op: string): FileSource {
    let fd: number;
    try {
      fd = openSync(path, forReading);
    } catch (cause) {
      throw unreadable(path, op, cause);
    }
    try {
      return FileSource.#of(fd, path, fstatSync(fd), op);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Off the event loop. Rejects as `open` throws. */
  static async openAsync(path: string, op: string): Promise<FileSource> {
    const opened = settled<number>((done) => open(path, forReading, done));
    const fd = await opened.catch((cause) => {
      throw unreadable(path, op, cause);
    });
    try {
      return FileSource.#of(fd, path, await settled<Stats>((done) => fstat(fd, done)), op);
    } catch (error) {
      await settled<void>((done) => close(fd, (failure) => done(failure ?? null)));
      throw error;
    }
  }

  static #of(fd: number, path: string, stats: Stats, op: string): FileSource {
    if (!stats.isFile()) throw makeError("file_not_found", { op, message: `${path} is no regular file.` });
    return new FileSource(fd, path, stats.size);
  }

  read(byteOffset: number, byteLength: number): Uint8Array {
    this.requireOpen("PopefData");
    const bytes = new Uint8Array(byteLength);
    return bytes.subarray(0, readSync(this.#fd, bytes, 0, byteLength, byteOffset));
  }

  async readAsync(byteOffset: number, byteLength: number): Promise<Uint8Array> {
    this.requireOpen("PopefData");
    const bytes = new Uint8Array(byteLength);
    const count = await settled<number>((done) => read(this.#fd, bytes, 0, byteLength, byteOffset, done));
    return bytes.subarray(0, count);
  }

  map(byteOffset: number, byteLength: number, op: string): { memory: NativeBuffer; begin: number } {
    this.requireOpen(op);
    return NativeBuffer.mapFile(`/proc/self/fd/${this.#fd}`, byteOffset, byteLength, op);
  }

  protected end(): void {
    closeSync(this.#fd);
  }
}
