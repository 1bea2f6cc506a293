import type { Event, Stream } from "../cuda/index.ts";
import { off } from "../native/switches.ts";

/** Orders one stream's work with others', by two events that are used again and again. */
export class StreamOrder {
  readonly #stream: Stream;
  #came: Event | undefined;
  #done: Event | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** What is asked of this stream from now on waits for what the other was asked so far. */
  after(other: Stream): void {
    if (off("stream_order")) return;
    this.#came ??= this.#stream.device.createEvent();
    other.record(this.#came);
    this.#stream.waitEvent(this.#came);
  }

  /** What is asked of the other stream from now on waits for what this one was asked so far. */
  before(other: Stream): void {
    if (off("stream_order")) return;
    this.#done ??= this.#stream.device.createEvent();
    this.#stream.record(this.#done);
    other.waitEvent(this.#done);
  }

  close(): void {
    this.#came?.close();
    this.#done?.close();
  }
}
