export type { Boxes } from "./boxes.ts";
export { ColorFormat } from "./color.ts";
export { DImage } from "./dimage.ts";
export { ImageLayout } from "./layout.ts";
export type { Letterbox } from "./letterbox.ts";
export { Normalization, type NormalizeOptions } from "./normalization.ts";
export {
  type CropOptions,
  type DImageOptions,
  type ImageForm,
  Interpolation,
  type LetterboxOptions,
  type NormalizeIntoOptions,
  type PreprocessOptions,
  type ResizeOptions,
  type Size,
} from "./options.ts";
