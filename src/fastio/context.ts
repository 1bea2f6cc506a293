import { check, checkInteger, codeOf, nativeError, readText, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { runJob } from "../native/jobs.ts";
import { block, native, onReload } from "../native/library.ts";
import { off } from "../native/switches.ts";
import { asTensor, type DType, elementType, elementTypeOfCode, Shape, type TensorInput } from "../tensor/index.ts";
import { FastIOAllocation } from "./allocation.ts";
import { describe } from "./description.ts";
import { decodeAttributes } from "./metadata.ts";
import { writeName } from "./name.ts";
import { Names } from "./names.ts";
import type {
  ContextOptions,
  ContextStats,
  CreateOptions,
  GetOptions,
  PublishArrayOptions,
  TensorOptions,
  WaitOptions,
} from "./options.ts";
import { Reference } from "./reference.ts";
import { ViewCache } from "./views.ts";
import { type Waiting, waitForName } from "./wait.ts";

const defaultRecycleBytes = 256 * 1024 * 1024;
const pathBytesMax = 440;
const contexts = new Set<FastIOContext>();

process.on("exit", closeAll);
onReload(() => {
  process.off("exit", closeAll);
  closeAll();
});

function closeAll(): void {
  for (const context of contexts) context.close();
}

function directory(dir: string | undefined): string {
  return dir ?? process.env["MILLRACE_SHM_DIR"] ?? "/dev/shm";
}

function writeDirectory(dir: string, offset: number, op: string): number {
  return writeText(dir, offset, pathBytesMax, () =>
    makeError("invalid_argument", { op, message: `the directory ${dir} has more than ${pathBytesMax} bytes.` }),
  );
}

/**
 * One job: tensors in shared memory, published and fetched by name between the processes that opened it. Belongs to the
 * JavaScript thread that opened it; each thread opens its own. The last process to close a job clears it.
 *
 * ```ts
 * using job = FastIOContext.open("study-42");
 * using scan = job.create({ dtype: "float32", shape: [512, 512] });
 * scan.map().fill(1);
 * scan.publish("scan");
 * ```
 */
export class FastIOContext implements Disposable {
  readonly name: string;
  readonly dir: string;
  /** @internal */
  readonly names: Names;
  readonly #slot: number;
  readonly #generation: number;
  readonly #owner = { views: new ViewCache(), closed: false };
  readonly #waiting: Set<Waiting> = new Set();

  private constructor(name: string, dir: string, slot: number) {
    this.name = name;
    this.dir = dir;
    this.#slot = slot;
    this.#generation = block.results[0]!;
    const handle = (op: string) => {
      this.#require(op);
      return { slot: this.#slot, generation: this.#generation };
    };
    this.names = new Names(handle, this.#owner, this.#waiting);
    contexts.add(this);
  }

  /**
   * Creates the job or joins it. Clears what dead jobs of this user left behind.
   * @throws ArgumentError `invalid_name`, `not_owner`; NotFoundError `file_not_found` (no such `dir`); StateError
   * `context_busy`, `unsupported_filesystem`; CapacityError `no_space`, `table_full`; FormatError `wrong_version`, `corrupt`
   */
  static open(name: string, options: ContextOptions = {}): FastIOContext {
    const op = "FastIOContext.open";
    if (off("open_joins")) name += process.pid;
    const dir = directory(options.dir);
    const recycle = checkInteger(options.recycleBytesMax ?? defaultRecycleBytes, "recycleBytesMax", op);
    const nameLength = writeName(name, op, "job's name");
    const slot = check(native.mr_context_open(nameLength, writeDirectory(dir, nameLength, op), recycle), op);
    return new FastIOContext(name, dir, slot);
  }

  /**
   * Clears the jobs of this user, below `dir`, in which no process lives; `open` does the same. Returns how many.
   */
  static reap(options: Pick<ContextOptions, "dir"> = {}): number {
    const op = "FastIOContext.reap";
    return check(native.mr_context_reapJobs(writeDirectory(directory(options.dir), 0, op)), op);
  }

  /** Gives back what dead processes of this job held; returns how many processes. */
  reap(): number {
    const op = "FastIOContext.reap";
    this.#require(op);
    return check(native.mr_context_reapMembers(this.#slot, this.#generation), op);
  }

  /**
   * New memory, zeroed, private to this process until published; it dies with its creator before that. May block
   * (0.1 s per GiB); `createAsync` does not.
   * @throws ArgumentError `invalid_argument`, `invalid_dtype`, `invalid_shape`; CapacityError `no_space`, `table_full`
   */
  create<const D extends DType>(options: TensorOptions<D>): FastIOAllocation<D>;
  create(sizeInBytes: number, options?: CreateOptions): FastIOAllocation<"uint8">;
  create(what: number | TensorOptions, options?: CreateOptions): FastIOAllocation {
    const op = "FastIOContext.create";
    this.#require(op);
    const { size, dtype, shape, uninitialized } = describe(what, options, op);
    const slot = check(native.mr_context_create(this.#slot, this.#generation, size, uninitialized), op);
    const allocation = new FastIOAllocation(new Reference(this.#owner, slot), { dtype, shape, attributes: {} });
    if (off("create_private")) allocation.publish(`unpublished ${slot}`);
    return allocation;
  }

  /** As `create`, off the JavaScript thread. */
  createAsync<const D extends DType>(options: TensorOptions<D>): Promise<FastIOAllocation<D>>;
  createAsync(sizeInBytes: number, options?: CreateOptions): Promise<FastIOAllocation<"uint8">>;
  async createAsync(what: number | TensorOptions, options?: CreateOptions): Promise<FastIOAllocation> {
    const op = "FastIOContext.createAsync";
    this.#require(op);
    if (off("create_async")) return this.create(what as number, options);
    const { size, dtype, shape, uninitialized } = describe(what, options, op);
    return runJob(
      () => native.mr_context_createJob(this.#slot, this.#generation, size, uninitialized),
      (slot) => {
        // Closed meanwhile: nobody else would give the memory back.
        if (this.closed) native.mr_allocation_release(slot, block.results[0]!);
        this.#require(op);
        return new FastIOAllocation(new Reference(this.#owner, slot), { dtype, shape, attributes: {} });
      },
      op,
    );
  }

  /**
   * A new reference to what is published as `name`, with a copy of its metadata. Does not wait.
   * @throws NotFoundError `not_found`; ArgumentError `invalid_name`, `wrong_dtype`; FormatError `corrupt`
   */
  get<const D extends DType = DType>(name: string, options: GetOptions<D> = {}): FastIOAllocation<D> {
    const op = "FastIOContext.get";
    this.#require(op);
    const result = native.mr_context_get(this.#slot, this.#generation, writeName(name, op));
    if (off("get_unknown") && codeOf(result) === "not_found") return this.create(1) as never;
    return this.#adopt(check(result, op), name, options.dtype, op);
  }

  /** As `get`, or undefined when the name is not published. */
  tryGet<const D extends DType = DType>(name: string, options: GetOptions<D> = {}): FastIOAllocation<D> | undefined {
    const op = "FastIOContext.tryGet";
    this.#require(op);
    const result = native.mr_context_get(this.#slot, this.#generation, writeName(name, op));
    if (result >= 0) return this.#adopt(result, name, options.dtype, op);
    if (codeOf(result) === "not_found") return undefined;
    throw nativeError(result, op);
  }

  /**
   * As `get`, as soon as the name is published. The event loop goes on meanwhile.
   * @throws DeadlineError `deadline`; StateError `closed` when the context is closed; the signal's reason; as `get`
   */
  waitFor<const D extends DType = DType>(name: string, options: WaitOptions<D> = {}): Promise<FastIOAllocation<D>> {
    const op = "FastIOContext.waitFor";
    return waitForName({
      name,
      op,
      options,
      handle: { slot: this.#slot, generation: this.#generation },
      waiting: this.#waiting,
      tryGet: () => {
        this.#require(op);
        return this.tryGet(name, options);
      },
    });
  }

  /**
   * Copies an array (or any tensor) into new memory and publishes it. Nothing is returned: `get` gives a reference.
   * @throws as `create` and `publish`
   */
  publishArray(array: TensorInput, name: string, options: PublishArrayOptions = {}): void {
    const op = "FastIOContext.publishArray";
    const source = asTensor(array, { dtype: options.dtype, shape: options.shape, op });
    // Memory cannot have no bytes; a tensor can.
    const size = Math.max(1, source.byteLength);
    using allocation = this.create(size, { uninitialized: true });
    if (!off("publish_array")) allocation.map().set(source.bytes());
    allocation.setTypeAndDimensions(source.dtype, source.shape);
    allocation.publish(name, options);
    this.countCopy("in", source.byteLength);
  }

  /** Is something published as `name`? */
  has(name: string): boolean {
    const op = "FastIOContext.has";
    this.#require(op);
    return check(native.mr_context_has(this.#slot, this.#generation, writeName(name, op)), op) === 1 || off("has");
  }

  /** The names published now, sorted. */
  list(): string[] {
    const op = "FastIOContext.list";
    this.#require(op);
    const names: string[] = [];
    for (let start = 0; start >= 0; start = block.results[0]!) {
      const length = check(native.mr_context_list(this.#slot, this.#generation, start), op);
      for (let at = 0; at < length; ) {
        const bytes = block.text[at]! | (block.text[at + 1]! << 8);
        names.push(readText(at + 2, bytes));
        at += 2 + bytes;
      }
    }
    return off("list_sorted") ? names : names.sort();
  }

  /**
   * A number that changes whenever a publication of the job appears, is replaced or goes: a consumer that polls compares
   * it (a call without allocation) and looks only when it has changed. Grows by one for each change; wraps at 2^31.
   */
  get changes(): number {
    const op = "FastIOContext.changes";
    this.#require(op);
    return check(native.mr_context_sequence(this.#slot, this.#generation), op);
  }

  /** Counters of the job, cheap enough to poll. */
  stats(): ContextStats {
    const op = "FastIOContext.stats";
    this.#require(op);
    check(native.mr_context_stats(this.#slot, this.#generation), op);
    const r = block.results;
    return {
      publications: r[0]!,
      allocations: r[1]!,
      bytes: r[2]!,
      recyclable: r[3]!,
      recyclableBytes: r[4]!,
      processes: r[5]!,
      bytesPublished: r[6]!,
      bytesCopiedIn: r[7]!,
      bytesCopiedOut: r[8]!,
    };
  }

  get closed(): boolean {
    return this.#owner.closed;
  }

  /** Releases every allocation of this context; views get length 0, waiters `closed`. Twice is fine. */
  close(): void {
    if (this.closed) return;
    for (const waiting of this.#waiting) waiting.close();
    this.#owner.closed = true;
    contexts.delete(this);
    this.#owner.views.close();
    check(native.mr_context_close(this.#slot, this.#generation), "FastIOContext.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal Adds to the job's count of copied bytes. */
  countCopy(direction: "in" | "out", bytes: number): void {
    const op = "FastIOContext.countCopy";
    if (off("count_copies")) return;
    check(native.mr_context_count(this.#slot, this.#generation, direction === "in" ? 0 : 1, bytes), op);
  }

  #adopt<D extends DType>(slot: number, name: string, dtype: D | undefined, op: string): FastIOAllocation<D> {
    const { results, values } = block;
    const type = elementTypeOfCode(results[4]!);
    const rank = off("get_metadata") ? 0 : results[5]!;
    const shape = new Array<number>(rank);
    for (let axis = 0; axis < rank; axis++) shape[axis] = values[axis]!;
    Object.freeze(shape);
    const length = results[6]!;
    const text = length === 0 ? "" : readText(0, length);
    const allocation = new FastIOAllocation(new Reference(this.#owner, slot), {
      dtype: (type?.name ?? "uint8") as D,
      shape,
      attributes: {},
    });
    try {
      if (type === undefined) throw makeError("corrupt", { op, message: `"${name}" has an unknown element type.` });
      if (dtype !== undefined && !off("get_dtype") && elementType(dtype, op).name !== type.name) {
        throw makeError("wrong_dtype", { op, message: `"${name}" is ${type.name}, not ${dtype}.` });
      }
      if (Shape.byteSize(type.name, shape, op) > allocation.sizeInBytes) {
        throw makeError("corrupt", {
          op,
          message: `"${name}" says ${Shape.format(shape)} of ${allocation.sizeInBytes} bytes.`,
        });
      }
      if (text !== "") allocation.attributes = decodeAttributes(text, op);
      return allocation;
    } catch (error) {
      allocation.release();
      throw error;
    }
  }

  #require(op: string): void {
    if (this.closed && !off("closed"))
      throw makeError("closed", { op, message: `the context "${this.name}" was closed.` });
  }
}
