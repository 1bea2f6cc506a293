/** 0 is false, any other byte true. */
export function decodeBool(source: Uint8Array, values: Float64Array): void {
  for (let i = 0; i < source.length; i++) values[i] = source[i] === 0 ? 0 : 1;
}

/** 0 and -0 are false, all else true, NaN too. */
export function encodeBool(values: Float64Array, out: Uint8Array): void {
  for (let i = 0; i < out.length; i++) out[i] = values[i] === 0 ? 0 : 1;
}
