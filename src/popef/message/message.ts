import { off } from "../../native/switches.ts";
import { invalidPopef } from "../invalid.ts";
import type { Frame } from "./frame.ts";

/** A place in a message. */
interface Place {
  readonly segment: number;
  readonly word: number;
}

/** What a pointer points at: `high` is its second half, which says how large it is. */
interface Target extends Place {
  readonly isList: boolean;
  readonly high: number;
}

/** Where the elements of a list lie. */
export interface ListTarget extends Place {
  readonly elementCode: number;
  readonly count: number;
}

const capability = 3;

/**
 * A Cap'n Proto message that nobody trusts: pointers are followed only to what lies inside it, and all that is read
 * together is no more than its own words. A tree of objects, which is what every writer makes, needs no more; pointers
 * that lead to one large object again and again, or to themselves, run out of words.
 */
export class Message {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #frame: Frame;
  readonly #at: number;
  readonly #source: string;
  #wordsLeft = 0;

  /** @param at where the message begins in `source`, for errors. */
  constructor(bytes: Uint8Array, frame: Frame, at: number, source: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#frame = frame;
    this.#at = at;
    this.#source = source;
    for (const { words } of frame.segments) this.#wordsLeft += words;
  }

  /** Bytes from the message's begin to a place in it. */
  byteOf({ segment, word }: Place): number {
    return this.#frame.segments[segment]!.begin + 8 * word;
  }

  fail(place: Place, why: string): Error {
    return invalidPopef(this.#source, this.#at + this.byteOf(place), why);
  }

  u8(place: Place, byte: number): number {
    return this.#view.getUint8(this.byteOf(place) + byte);
  }

  u16(place: Place, byte: number): number {
    return this.#view.getUint16(this.byteOf(place) + byte, true);
  }

  u32(place: Place, byte: number): number {
    return this.#view.getUint32(this.byteOf(place) + byte, true);
  }

  u64(place: Place, byte: number): bigint {
    return this.#view.getBigUint64(this.byteOf(place) + byte, true);
  }

  slice(place: Place, byteLength: number): Uint8Array {
    const begin = this.byteOf(place);
    return this.#bytes.subarray(begin, begin + byteLength);
  }

  /** Takes `words` at a place: they lie in its segment, and in what may still be read. */
  #take(place: Place, words: number, pointer: Place, what: string): void {
    const available = this.#frame.segments[place.segment]!.words;
    if (place.word < 0 || place.word > available || words > available - place.word) {
      throw this.fail(
        pointer,
        `a pointer to a ${what} of ${words} words at word ${place.word} of segment ${place.segment}, which has ${available}`,
      );
    }
    this.#wordsLeft -= words;
    if (this.#wordsLeft < 0 && !off("popef_word_budget"))
      throw this.fail(pointer, `a ${what} that was read before, or overlaps what was`);
  }

  /** Follows a far pointer to its landing pad; a plain pointer stays where it is. */
  #resolve(pointer: Place): Target | undefined {
    const low = this.u32(pointer, 0);
    const high = this.u32(pointer, 4);
    if (low === 0 && high === 0 && !off("popef_null_pointers")) return undefined;
    if ((low & 3) !== 2 || off("popef_far_pointers")) return this.#near(pointer, low, high, pointer);
    const pad = this.#landingPad(pointer, low, high, (low & 4) !== 0 ? 2 : 1);
    if ((low & 4) === 0) {
      const [padLow, padHigh] = [this.u32(pad, 0), this.u32(pad, 4)];
      // Cap'n Proto's reader takes a null pad for a null pointer.
      return padLow === 0 && padHigh === 0 ? undefined : this.#near(pad, padLow, padHigh, pointer);
    }
    // Two words: a far pointer to the content itself, and a tag that says what it is.
    const [farLow, tagLow] = [this.u32(pad, 0), this.u32(pad, 8)];
    if ((farLow & 7) !== 2) throw this.fail(pad, "a landing pad that does not begin with a far pointer");
    const content = this.#landingPad(pad, farLow, this.u32(pad, 4), 0);
    if ((tagLow & 3) > 1) throw this.fail(pad, "a landing pad whose tag is neither struct nor list");
    return { ...content, isList: (tagLow & 3) === 1, high: this.u32(pad, 12) };
  }

  #landingPad(pointer: Place, low: number, segment: number, words: number): Place {
    if (segment >= this.#frame.segments.length) {
      throw this.fail(
        pointer,
        `a far pointer into segment ${segment} of a message that has ${this.#frame.segments.length}`,
      );
    }
    const pad = { segment, word: low >>> 3 };
    this.#take(pad, words, pointer, "landing pad");
    return pad;
  }

  #near(pointer: Place, low: number, high: number, from: Place): Target {
    const kind = low & 3;
    if (kind === 2) throw this.fail(from, "a far pointer to a far pointer");
    if (kind === capability) throw this.fail(from, "a capability, where data belongs");
    // The offset is signed, in words from behind the pointer.
    return { segment: pointer.segment, word: pointer.word + 1 + (low >> 2), isList: kind === 1, high };
  }

  /** The struct behind a pointer, or undefined for a null pointer. */
  struct(pointer: Place): (Place & { readonly dataWords: number; readonly pointers: number }) | undefined {
    const target = this.#resolve(pointer);
    if (target === undefined) return undefined;
    if (target.isList) throw this.fail(pointer, "a list, where a struct belongs");
    const dataWords = target.high & 0xffff;
    const pointers = target.high >>> 16;
    this.#take(target, dataWords + pointers, pointer, "struct");
    return { segment: target.segment, word: target.word, dataWords, pointers };
  }

  /**
   * The list behind a pointer: of `elementCode` (Cap'n Proto's: 2 for bytes, 4 and 5 for 32 and 64 bits, 7 for structs,
   * whose tag is then at the place). A null pointer is an empty list, an empty list of anything is empty.
   */
  list(pointer: Place, elementCode: 2 | 4 | 5 | 7): ListTarget | undefined {
    const target = this.#resolve(pointer);
    if (target === undefined) return undefined;
    if (!target.isList) throw this.fail(pointer, "a struct, where a list belongs");
    const code = target.high & 7;
    const count = target.high >>> 3;
    if (code !== elementCode) {
      if (count === 0 && code !== 7) return undefined;
      throw this.fail(pointer, `a list of element size ${code}, where ${elementCode} belongs`);
    }
    const words =
      code === 2 ? Math.ceil(count / 8) : code === 4 ? Math.ceil(count / 2) : code === 5 ? count : count + 1;
    this.#take(target, words, pointer, "list");
    return { segment: target.segment, word: target.word, elementCode: code, count };
  }

  /** For elements of no size: their number is bounded like everything that is read. */
  takeElements(count: number, pointer: Place): void {
    this.#wordsLeft -= count;
    if (this.#wordsLeft < 0) throw this.fail(pointer, `a list of ${count} elements without a size`);
  }
}
