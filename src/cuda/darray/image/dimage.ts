import { makeError } from "../../../native/error.ts";
import type { DType } from "../../../tensor/index.ts";
import { DArray } from "../darray.ts";
import { checkOut } from "../destination.ts";
import { fresh } from "../elementwise.ts";
import type { DstOptions } from "../options.ts";
import { Adopted, arrayPart, type Part, partOf } from "../part.ts";
import { denseView } from "../strided.ts";
import type { Boxes } from "./boxes.ts";
import { type ColorFormat, colorFor } from "./color.ts";
import { batched, checkLayout, colored, type ImageLayout, imagesOf, layoutFor, viewIn } from "./layout.ts";
import { type Letterbox, letterboxOf } from "./letterbox.ts";
import type { Normalization } from "./normalization.ts";
import type {
  CropOptions,
  DImageOptions,
  ImageForm,
  Into,
  LetterboxOptions,
  NoDst,
  NormalizeIntoOptions,
  PreprocessOptions,
  ResizeOptions,
  Size,
} from "./options.ts";
import { checkSize, passOver, type Request } from "./pass.ts";

/**
 * An image, or a batch of images of one size: an array that knows which axes it has and what its channels are. Every operation is
 * one pass over the pixels, whatever it combines; `preprocess` combines all of them.
 *
 * ```ts
 * using frame = new DImage({ array: pixels, shape: [1080, 1920, 3], stream });
 * using input = frame.preprocess({ size: { width: 224, height: 224 }, normalize: "unit" });   // float32 [1,3,224,224]
 * ```
 */
export class DImage<D extends DType = DType> extends DArray<D> {
  readonly layout: ImageLayout;
  /** Undefined when it is not known, which only `cvtColor` minds. */
  readonly color: ColorFormat | undefined;

  /**
   * @throws as `DArray`; ArgumentError `invalid_argument` when the layout is neither given nor follows from the shape, `wrong_shape`
   * when it does not fit
   */
  constructor(options: DImageOptions<D> | Adopted<D>, form: ImageForm = options instanceof Adopted ? {} : options) {
    super(options);
    try {
      this.layout = layoutFor(this.shape, form.layout, "DImage");
      this.color = colorFor(this.channels, form.color, "DImage");
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** An array's own memory as an image; it keeps the memory as a slice does. Throws as the constructor. */
  static of<D extends DType>(array: DArray<D>, form: ImageForm = {}): DImage<D> {
    const part = partOf(array, "the array", "DImage.of");
    return new DImage(new Adopted({ ...part, storage: part.storage.retain() }), form);
  }

  get width(): number {
    return this.#size("W");
  }

  get height(): number {
    return this.#size("H");
  }

  /** Channels, 1 without an axis for them. */
  get channels(): number {
    return this.#size("C");
  }

  /** Images, 1 without an axis for them. */
  get count(): number {
    return this.#size("N");
  }

  /** The same memory with its axes in another order; axes of one element come and go. A view. */
  withLayout(layout: ImageLayout): DImage<D> {
    const op = "DImage.withLayout";
    const part = this.open(op);
    const view = viewIn(checkLayout(layout, op), imagesOf(part.view, this.layout), op);
    return adopted({ ...part, storage: part.storage.retain(), view }, { layout, color: this.color });
  }

  /** A dense copy with its axes in another order. */
  toLayout(layout: ImageLayout, options?: NoDst): DImage<D>;
  toLayout<R extends DArray<D>>(layout: ImageLayout, options: Into<R>): R;
  toLayout(layout: ImageLayout, options: DstOptions<DArray<D>> = {}): DArray<D> {
    using view = this.withLayout(layout);
    return view.copy(options as Into<DArray<D>>);
  }

  override copy(options?: NoDst): DImage<D>;
  override copy<R extends DArray<D>>(options: Into<R>): R;
  override copy(options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#kept(options, "DImage.copy", () => super.copy(options));
  }

  override astype<const T extends DType>(dtype: T, options?: NoDst): DImage<T>;
  override astype<const T extends DType, R extends DArray<T>>(dtype: T, options: Into<R>): R;
  override astype<const T extends DType>(dtype: T, options: DstOptions<DArray<T>> = {}): DArray<T> {
    return this.#kept(options, "DImage.astype", () => super.astype(dtype, options));
  }

  /**
   * The whole image in another size.
   * @throws ArgumentError `invalid_argument`; of `dst` as all operations
   */
  resize(size: Size, options?: ResizeOptions<D> & NoDst): DImage<D>;
  resize<R extends DArray<D>>(size: Size, options: ResizeOptions<D> & Into<R>): R;
  resize(size: Size, options: ResizeOptions<D> = {}): DArray<D> {
    const op = "DImage.resize";
    return this.#pass({ ...this.#same, ...options, size: checkSize(size, op) }, options, op);
  }

  /** The whole image in another size, its ratio kept, with a border of `padding`; and where it lies. */
  letterbox(size: Size, options?: LetterboxOptions<D> & NoDst): Letterbox & { readonly image: DImage<D> };
  letterbox<R extends DArray<D>>(size: Size, options: LetterboxOptions<D> & Into<R>): Letterbox & { readonly image: R };
  letterbox(size: Size, options: LetterboxOptions<D> = {}): Letterbox & { readonly image: DArray<D> } {
    const op = "DImage.letterbox";
    const request = { ...this.#same, ...options, size: checkSize(size, op), letterbox: true };
    return { image: this.#pass(request, options, op), ...letterboxOf(this, request.size) };
  }

  /**
   * Parts of the image, each in `size`, as a batch.
   * @throws ArgumentError `out_of_bounds`: a box that is empty or reaches beyond the image; on a device, where boxes are not looked
   * at, such a box gives padding
   */
  cropAndResize(boxes: Boxes, size: Size, options?: CropOptions<D> & NoDst): DImage<D>;
  cropAndResize<R extends DArray<D>>(boxes: Boxes, size: Size, options: CropOptions<D> & Into<R>): R;
  cropAndResize(boxes: Boxes, size: Size, options: CropOptions<D> = {}): DArray<D> {
    const layout = batched(this.layout);
    return this.#pass({ ...this.#same, ...options, layout, boxes, size }, options, "DImage.cropAndResize");
  }

  /** The image in other channels: a swap, luma by BT.601, or gray in all three. */
  cvtColor(color: ColorFormat, options?: NoDst): DImage<D>;
  cvtColor<R extends DArray<D>>(color: ColorFormat, options: Into<R>): R;
  cvtColor(color: ColorFormat, options: DstOptions<DArray<D>> = {}): DArray<D> {
    const layout = color === "gray" ? this.layout : colored(this.layout);
    return this.#pass({ ...this.#same, layout, color }, options, "DImage.cvtColor");
  }

  /** Values of 0 to 255 as a model wants them; see `Normalization`. */
  normalize<const T extends DType = "float32">(
    kind: Normalization,
    options?: NormalizeIntoOptions<T> & NoDst,
  ): DImage<T>;
  normalize<const T extends DType, R extends DArray<T>>(
    kind: Normalization,
    options: NormalizeIntoOptions<T> & Into<R>,
  ): R;
  normalize<T extends DType>(kind: Normalization, options: NormalizeIntoOptions<T> = {}): DArray<T> {
    const { mean, std, dtype = "float32" as T } = options;
    return this.#pass({ layout: this.layout, dtype, normalize: kind, mean, std }, options, "DImage.normalize");
  }

  /**
   * Everything between a frame and a model's input in one pass: crop, resize or letterbox, colour, normalization, element type,
   * layout.
   *
   * @throws as the single operations
   */
  preprocess<const T extends DType = "float32">(options?: PreprocessOptions<T> & NoDst): DImage<T>;
  preprocess<const T extends DType, R extends DArray<T>>(options: PreprocessOptions<T> & Into<R>): R;
  preprocess<T extends DType>(options: PreprocessOptions<T> = {}): DArray<T> {
    const op = "DImage.preprocess";
    const { dtype = "float32" as T, layout = "NCHW" } = options;
    return this.#pass({ ...options, dtype, layout: checkLayout(layout, op) }, options, op);
  }

  get #same(): { layout: ImageLayout; dtype: D } {
    return { layout: this.layout, dtype: this.dtype };
  }

  #pass<T extends DType>(request: Request<T>, { dst }: DstOptions<DArray<T>>, op: string): DArray<T> {
    const { layout, color, width, height, channels, count } = this;
    const part = this.open(op);
    const pass = passOver<T>({ part, layout, color, width, height, channels, count }, request, op);
    if (dst !== undefined) {
      const out = partOf(dst, "dst", op);
      checkOut(out, { ...pass, stream: part.stream }, op);
      checkForm(dst, pass, op);
      pass.write(out);
      return dst;
    }
    const image = adopted(fresh({ dtype: pass.dtype, view: denseView(pass.shape), stream: part.stream }, op), pass);
    try {
      pass.write(image[arrayPart]);
      return image;
    } catch (error) {
      image.close();
      throw error;
    }
  }

  /** What an operation of arrays has made, as an image like this one; or `dst`. */
  #kept<T extends DType>({ dst }: DstOptions<DArray<T>>, op: string, operate: () => DArray<T>): DArray<T> {
    if (dst !== undefined) checkForm(dst, this, op);
    const array = operate();
    if (dst !== undefined) return array;
    const image = DImage.of(array, this);
    array.close();
    return image;
  }

  #size(axis: string): number {
    const at = this.layout.indexOf(axis);
    return at < 0 ? 1 : this.shape[at]!;
  }
}

function adopted<D extends DType>(part: Part<D>, form: ImageForm): DImage<D> {
  return new DImage(new Adopted(part), form);
}

/** An image as `dst` keeps what it is. */
function checkForm(dst: unknown, { layout, color }: ImageForm, op: string): void {
  if (!(dst instanceof DImage) || (dst.layout === layout && dst.color === color)) return;
  throw makeError("invalid_argument", {
    op,
    message: `dst is ${dst.layout} ${dst.color ?? "of unknown channels"}, the result ${layout} ${color ?? "of unknown channels"}.`,
  });
}
