import { check } from "../native/check.ts";
import { native } from "../native/library.ts";
import { Chunk, chunkRequests } from "./chunk.ts";
import { deliver, type Given, type Results, readOutput } from "./collect.ts";
import { isOnDevice } from "./device-memory.ts";
import type { InputPort } from "./input-port.ts";
import { checkInputs } from "./inputs.ts";
import type { OutputPort } from "./output-port.ts";
import type { Pending } from "./pending.ts";
import type { Handle, Port } from "./port.ts";
import { RequestMemory } from "./request-memory.ts";
import type { ResultTensor } from "./result.ts";
import type { Counters } from "./stats.ts";

/** Instead of a number of rows: the inputs were bound, see `mr_request_submit`. */
const rowsBound = 0xffff_ffff;

/** A native request with its inputs in place; the same object each time that the request is used. */
export interface Prepared {
  readonly number: number;
  /** Rows in the request's own memory, or `rowsBound`. */
  rows: number;
  given: Given | undefined;
  /** While it is under way. */
  pending: Pending<Results> | undefined;
}

export interface Ports {
  readonly native: { readonly inputs: readonly Port[]; readonly outputs: readonly Port[] };
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  /** Input names and element types are checked. */
  readonly validate: boolean;
}

/** The native requests of this thread for one model, and the memory that they read from and write to. */
export class RequestPool {
  readonly #model: Handle;
  readonly #ports: Ports;
  readonly #counters: Counters;
  readonly #chunks: Chunk[] = [];
  readonly #idle: number[] = [];
  /** By number. */
  readonly #prepared: Prepared[] = [];
  /** By number; of requests whose inputs were not all small plain arrays. */
  readonly #memories: (RequestMemory | undefined)[] = [];

  constructor(model: Handle, ports: Ports, counters: Counters) {
    this.#model = model;
    this.#ports = ports;
    this.#counters = counters;
  }

  /** Checks the inputs and puts them where the native side finds them: copied if they are on JavaScript's heap. */
  prepare(inputs: Readonly<Record<string, unknown>>, given: Given | undefined, op: string): Prepared {
    const { validate } = this.#ports;
    const rows = this.#rowsOf(inputs);
    const sources = rows < 0 ? checkInputs(inputs as never, this.#ports.inputs, validate, op) : undefined;
    const number = this.#idle.pop() ?? this.#grow(op);
    try {
      if (sources === undefined) this.#stageRows(number, inputs, rows);
      else this.#memory(number).stage(sources, (index) => this.#ports.inputs[index]!.desc.name, this.#counters, op);
      if (given !== undefined) this.#bindOutputs(number, given, op);
    } catch (error) {
      this.recycle(number);
      throw error;
    }
    const prepared = this.#prepared[number]!;
    prepared.rows = sources === undefined ? rows : rowsBound;
    prepared.given = given;
    return prepared;
  }

  /** The outputs of a request that has ended. `plain`: they are where every request has them. */
  collect({ number, rows, given }: Prepared, plain: boolean, op: string): Results {
    const chunk = this.#chunks[Math.floor(number / chunkRequests)]!;
    const { outputs } = this.#ports;
    const results: Results = {};
    for (let at = 0; at < outputs.length; at++) {
      const { desc } = outputs[at]!;
      const memory = given?.get(at);
      results[desc.name] =
        memory === undefined
          ? this.#read(chunk, at, number, rows, plain, op)
          : deliver(memory, () => this.#read(chunk, at, number, rows, plain, op), desc, op);
    }
    return results;
  }

  #read(chunk: Chunk, at: number, number: number, rows: number, plain: boolean, op: string): ResultTensor {
    const port = this.#ports.outputs[at]!;
    return plain
      ? port.read(chunk, at, number % chunkRequests, rows)
      : readOutput(this.#model, chunk, number, at, port.desc, op);
  }

  /** The native side has let go of the request and knows it as idle. */
  free(number: number): void {
    this.#prepared[number]!.given = undefined;
    this.#idle.push(number);
  }

  /** The request has ended, or never began. */
  recycle(number: number): void {
    const { slot, generation } = this.#model;
    check(native.mr_request_recycle(slot, generation, number), "ModelRunner");
    this.free(number);
  }

  close(): void {
    for (const memory of this.#memories) memory?.close();
    for (const chunk of this.#chunks) chunk.close();
  }

  /** Rows of a request whose inputs are all plain arrays with the same number of them; -1: it is not that simple. */
  #rowsOf(inputs: Readonly<Record<string, unknown>>): number {
    const ports = this.#ports.inputs;
    let rows = -1;
    for (let at = 0; at < ports.length; at++) {
      const port = ports[at]!;
      const own = port.rowsOf(inputs[port.desc.name]);
      if (own < 0) return -1;
      if (!port.hasRows) continue;
      if (rows >= 0 && rows !== own) return -1;
      rows = own;
    }
    if (this.#ports.validate && Object.keys(inputs).length > ports.length) return -1;
    return rows < 0 ? 1 : rows;
  }

  #stageRows(number: number, inputs: Readonly<Record<string, unknown>>, rows: number): void {
    const chunk = this.#chunks[Math.floor(number / chunkRequests)]!;
    const ports = this.#ports.inputs;
    for (let at = 0; at < ports.length; at++) {
      const port = ports[at]!;
      this.#counters.bytesCopied += port.stage(chunk, at, number % chunkRequests, inputs[port.desc.name], rows);
    }
    this.#memories[number]?.forget();
  }

  #bindOutputs(number: number, given: Given, op: string): void {
    for (const [index, tensor] of given) {
      const { native: reference, shape } = tensor;
      const memory = this.#memory(number);
      if (isOnDevice(tensor)) memory.bindDevice("output", index, tensor, op);
      else if (reference !== undefined) memory.bindOnce("output", index, reference, shape, op);
    }
  }

  #memory(number: number): RequestMemory {
    this.#memories[number] ??= new RequestMemory(this.#model, number);
    return this.#memories[number];
  }

  #grow(op: string): number {
    const { inputs, outputs } = this.#ports.native;
    const chunk = new Chunk(this.#model, inputs, outputs, op);
    this.#chunks.push(chunk);
    for (let index = 0; index < chunkRequests; index++) {
      this.#prepared.push({ number: chunk.first + index, rows: 0, given: undefined, pending: undefined });
    }
    for (let index = chunkRequests - 1; index > 0; index--) this.#idle.push(chunk.first + index);
    return chunk.first;
  }
}
