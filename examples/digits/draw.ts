const shades = " ░▒▓█";

/** Square images side by side, two characters a pixel, and a caption below each. Values are 0 (paper) to 1 (ink). */
export function draw(images: readonly { readonly pixels: Float32Array; readonly caption: string }[]): string {
  const rows = images.map(({ pixels, caption }) => {
    const size = Math.sqrt(pixels.length);
    const row = (y: number): string =>
      Array.from(pixels.subarray(y * size, (y + 1) * size), (ink) => shades[Math.round(ink * 4)]!.repeat(2)).join("");
    return [...Array.from({ length: size }, (_, y) => row(y)), caption.padEnd(2 * size)];
  });
  const height = Math.max(0, ...rows.map(({ length }) => length));
  return Array.from({ length: height }, (_, y) =>
    rows
      .map((image) => image[y])
      .join(" ")
      .trimEnd(),
  ).join("\n");
}
