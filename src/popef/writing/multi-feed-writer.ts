import { makeError } from "../../native/error.ts";
import { switchable } from "../../native/switches.ts";
import type { TensorInput } from "../../tensor/index.ts";
import { BlobType } from "../blob-type.ts";
import type { FeedDataInfo } from "../data-info.ts";
import { encodeFeedData, encodeHeader } from "../message/encode.ts";
import { dataBytesOf } from "./blob-writer.ts";
import { MemorySink } from "./memory-sink.ts";
import type { Sink } from "./sink.ts";

interface Feed {
  readonly info: FeedDataInfo;
  readonly begin: number;
  written: number;
}

/**
 * Takes the tensors of several feeds in any order, as a program that records them has them: the room of each feed is
 * known. Finished like a `BlobWriter`.
 */
export class MultiFeedWriter implements Disposable {
  readonly #sink: Sink;
  readonly #begin: number;
  /** Where the feeds grow: the sink itself, or memory in front of a stream. */
  readonly #room: Sink;
  readonly #feeds: readonly Feed[];
  readonly #ended: (complete: boolean) => void;
  #open = true;

  /** Made by writers. @internal */
  constructor(sink: Sink, infos: readonly FeedDataInfo[], version: string, ended: (complete: boolean) => void) {
    this.#sink = sink;
    this.#begin = sink.byteLength;
    this.#room = sink.rewriting === undefined ? new MemorySink() : sink;
    this.#ended = ended;
    try {
      this.#feeds = infos.map((info) => this.#roomFor(info, version));
    } catch (error) {
      sink.rewriting?.truncate(this.#begin);
      throw error;
    }
  }

  /** Header and message of a feed, and room for its tensors. */
  #roomFor(info: FeedDataInfo, version: string): Feed {
    const message = encodeFeedData(info);
    const header = (size: number) => encodeHeader({ version, type: BlobType.DataFeed, size });
    this.#room.write(header(header(0).byteLength + message.byteLength + info.sizeInBytes()));
    this.#room.write(message);
    const begin = this.#room.byteLength;
    this.#room.rewriting!.skip(info.sizeInBytes());
    return { info, begin, written: 0 };
  }

  get isActive(): boolean {
    return this.#open;
  }

  /**
   * Appends bytes to a feed, by its name or its number.
   *
   * @throws StateError `writer_inactive`; ArgumentError `invalid_argument` (no such feed), `wrong_size` (more than it holds)
   */
  write(feed: string | number, data: TensorInput): void {
    const op = "MultiFeedWriter.write";
    if (!this.#open) throw makeError("writer_inactive", { op, message: "the feeds are finished." });
    const found = this.#feeds.find(({ info }, index) =>
      typeof feed === "string" ? info.name === feed : index === feed,
    );
    if (found === undefined) {
      const names = this.#feeds.map(({ info }) => JSON.stringify(info.name)).join(", ");
      throw makeError("invalid_argument", { op, message: `${JSON.stringify(feed)} is none of the feeds ${names}.` });
    }
    const bytes = dataBytesOf(data);
    if (bytes.byteLength > found.info.sizeInBytes() - found.written) throw wrongSize(op, found, bytes.byteLength);
    this.#room.rewriting!.patch(found.begin + found.written, bytes);
    found.written += bytes.byteLength;
  }

  /**
   * Finishes the feeds. Closing twice is fine.
   * @throws ArgumentError `wrong_size`: a feed has less than it says; all of them are then taken back.
   */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const short = this.#feeds.find(({ info, written }) => written !== info.sizeInBytes());
    if (short !== undefined) this.#sink.rewriting?.truncate(this.#begin);
    else if (this.#room instanceof MemorySink && this.#room !== this.#sink) this.#sink.write(this.#room.bytes());
    this.#ended(true);
    if (short !== undefined) throw wrongSize("MultiFeedWriter.close", short, 0);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function wrongSize(op: string, { info, written }: Feed, added: number): Error {
  return makeError("wrong_size", {
    op,
    message: `feed ${JSON.stringify(info.name)} has ${info.sizeInBytes()} bytes, ${written + added} were written.`,
  });
}

switchable("MultiFeedWriter", MultiFeedWriter);
