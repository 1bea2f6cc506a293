import { off } from "../../native/switches.ts";
import type { Message } from "./message.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Up to this, doubles are exact. */
const exactMax = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * The fields of one struct of a message, by their place in it. What an older writer did not know is not there: it reads as
 * 0 or as empty, as null pointers do. Each field is read once: see `Message`.
 */
export class Struct {
  readonly #message: Message;
  readonly #segment: number;
  readonly #word: number;
  readonly #dataWords: number;
  readonly #pointers: number;

  private constructor(message: Message, segment: number, word: number, dataWords: number, pointers: number) {
    this.#message = message;
    this.#segment = segment;
    this.#word = word;
    this.#dataWords = dataWords;
    this.#pointers = pointers;
  }

  /** The struct that a message is about. A message without any words, or with a null root, is all zero. */
  static root(message: Message, hasRoot: boolean): Struct {
    const target = hasRoot ? message.struct({ segment: 0, word: 0 }) : undefined;
    return Struct.#of(message, target);
  }

  static #of(message: Message, target: ReturnType<Message["struct"]>): Struct {
    if (target === undefined) return new Struct(message, 0, 0, 0, 0);
    return new Struct(message, target.segment, target.word, target.dataWords, target.pointers);
  }

  fail(why: string): Error {
    return this.#message.fail({ segment: this.#segment, word: this.#word }, why);
  }

  bit(bit: number): boolean {
    return (this.#has(bit >> 3, 1) ? (this.#message.u8(this.#place(), bit >> 3) >> (bit & 7)) & 1 : 0) === 1;
  }

  u16(byte: number): number {
    return this.#has(byte, 2) ? this.#message.u16(this.#place(), byte) : 0;
  }

  u32(byte: number): number {
    return this.#has(byte, 4) ? this.#message.u32(this.#place(), byte) : 0;
  }

  u64(byte: number): bigint {
    return this.#has(byte, 8) ? this.#message.u64(this.#place(), byte) : 0n;
  }

  /** A number that a double holds exactly. */
  size(byte: number, what: string): number {
    const value = this.u64(byte);
    if (value > exactMax) throw this.fail(`${what} is ${value}`);
    return Number(value);
  }

  text(pointer: number, what: string): string {
    const place = this.#pointer(pointer);
    const list = place === undefined ? undefined : this.#message.list(place, 2);
    if (list === undefined || list.count === 0) return "";
    const bytes = this.#message.slice(list, list.count);
    const nul = bytes.indexOf(0);
    if (nul < 0) throw this.#message.fail(list, `${what} does not end with a NUL`);
    if (nul < list.count - 1) throw this.#message.fail(list, `${what} has a NUL in it`);
    try {
      return decoder.decode(bytes.subarray(0, -1));
    } catch {
      throw this.#message.fail(list, `${what} is not UTF-8`);
    }
  }

  struct(pointer: number): Struct {
    const place = this.#pointer(pointer);
    return Struct.#of(this.#message, place === undefined ? undefined : this.#message.struct(place));
  }

  numbers(pointer: number): number[] {
    const place = this.#pointer(pointer);
    const list = place === undefined ? undefined : this.#message.list(place, 4);
    if (list === undefined) return [];
    return Array.from({ length: list.count }, (_, index) => this.#message.u32(list, 4 * index));
  }

  /** A list of 64-bit integers that are sizes. */
  sizes(pointer: number, what: string): number[] {
    const place = this.#pointer(pointer);
    const list = place === undefined ? undefined : this.#message.list(place, 5);
    if (list === undefined) return [];
    return Array.from({ length: list.count }, (_, index) => {
      const value = this.#message.u64(list, 8 * index);
      if (value > exactMax) throw this.#message.fail(list, `${what} ${index} is ${BigInt.asIntN(64, value)}`);
      return Number(value);
    });
  }

  structs(pointer: number): Struct[] {
    const place = this.#pointer(pointer);
    const list = place === undefined ? undefined : this.#message.list(place, 7);
    if (list === undefined) return [];
    // A word in front of the elements, formed like a struct pointer: their number and their size. The pointer has the
    // number of their words.
    const [low, high] = [this.#message.u32(list, 0), this.#message.u32(list, 4)];
    const [count, dataWords, pointers] = [low >>> 2, high & 0xffff, high >>> 16];
    const words = dataWords + pointers;
    if ((low & 3) !== 0) throw this.#message.fail(list, "a list of structs whose tag is none");
    if (count * words > list.count) {
      throw this.#message.fail(list, `${count} elements of ${words} words in a list of ${list.count}`);
    }
    if (words === 0) this.#message.takeElements(count, list);
    return Array.from(
      { length: count },
      (_, index) => new Struct(this.#message, list.segment, list.word + 1 + index * words, dataWords, pointers),
    );
  }

  #place(): { segment: number; word: number } {
    return { segment: this.#segment, word: this.#word };
  }

  #has(byte: number, size: number): boolean {
    return byte + size <= 8 * this.#dataWords || off("popef_missing_fields");
  }

  #pointer(index: number): { segment: number; word: number } | undefined {
    if (index >= this.#pointers && !off("popef_missing_fields")) return undefined;
    return { segment: this.#segment, word: this.#word + this.#dataWords + index };
  }
}
