/** A place in a message of several segments. */
interface Place {
  readonly segment: number;
  readonly word: number;
}

/**
 * The same Cap'n Proto message with each of its objects in a segment of its own, so that every pointer is far: single ones
 * and double ones by turns, or as `double` says for the n-th.
 */
export function spread(message: Uint8Array, double = (index: number) => index % 2 === 1): Uint8Array {
  const source = new DataView(message.buffer, message.byteOffset + 8, message.byteLength - 8);
  const segments: DataView[] = [words(1)];
  let objects = 0;

  const point = (at: Place, low: number, high: number) => {
    segments[at.segment]!.setUint32(8 * at.word, low, true);
    segments[at.segment]!.setUint32(8 * at.word + 4, high, true);
  };
  const move = (pointerWord: number, to: Place): void => {
    const low = source.getUint32(8 * pointerWord, true);
    const high = source.getUint32(8 * pointerWord + 4, true);
    if (low === 0 && high === 0) return;
    const begin = pointerWord + 1 + ((low | 0) >> 2);
    const size = wordsOf(low, high);
    const isDouble = double(objects++);
    // A landing pad of one word lies in front of the object; one of two words, in a segment of its own.
    const content = { segment: segments.length, word: isDouble ? 0 : 1 };
    segments.push(words(size + content.word));
    for (let index = 0; index < 8 * size; index++) {
      segments[content.segment]!.setUint8(8 * content.word + index, source.getUint8(8 * begin + index));
    }
    if (isDouble) {
      const pad = { segment: segments.length, word: 0 };
      segments.push(words(2));
      point(pad, 2, content.segment);
      point({ ...pad, word: 1 }, low & 3, high);
      point(to, 6, pad.segment);
    } else {
      point({ ...content, word: 0 }, low & 3, high);
      point(to, 2, content.segment);
    }
    for (const child of pointersOf(source, low, high, begin)) {
      point({ ...content, word: content.word + child - begin }, 0, 0);
      move(child, { ...content, word: content.word + child - begin });
    }
  };
  move(0, { segment: 0, word: 0 });
  return framed(segments);
}

/** The words of an object. */
function wordsOf(low: number, high: number): number {
  if ((low & 3) === 0) return (high & 0xffff) + (high >>> 16);
  const count = high >>> 3;
  return [0, count / 64, count / 8, count / 4, count / 2, count, count, count + 1].map(Math.ceil)[high & 7]!;
}

/** The words at which an object has pointers. */
function pointersOf(source: DataView, low: number, high: number, begin: number): number[] {
  const of = (struct: number, tag: number) =>
    Array.from({ length: tag >>> 16 }, (_, index) => struct + (tag & 0xffff) + index);
  if ((low & 3) === 0) return of(begin, high);
  if ((high & 7) !== 7) return [];
  const count = source.getUint32(8 * begin, true) >>> 2;
  const tag = source.getUint32(8 * begin + 4, true);
  const size = (tag & 0xffff) + (tag >>> 16);
  return Array.from({ length: count }, (_, index) => of(begin + 1 + index * size, tag)).flat();
}

function words(count: number): DataView {
  return new DataView(new ArrayBuffer(8 * count));
}

/** A message of these segments: their table, and they themselves. */
export function framed(segments: readonly DataView[]): Uint8Array {
  const table = words(Math.ceil((4 + 4 * segments.length) / 8));
  table.setUint32(0, segments.length - 1, true);
  for (const [index, { byteLength }] of segments.entries()) table.setUint32(4 + 4 * index, byteLength / 8, true);
  return new Uint8Array(Buffer.concat([table, ...segments].map((part) => new Uint8Array(part.buffer))));
}

/** A file of one blob of these messages and bytes; `size` is corrected in the header, which has one segment. */
export function fileOf(header: Uint8Array, info: Uint8Array, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const file = new Uint8Array(Buffer.concat([header, info, data]));
  // The header's struct begins behind the table and the root pointer; its second word is the size.
  new DataView(file.buffer).setBigUint64(24, BigInt(file.byteLength), true);
  return file;
}
