import { requireText } from "./requirements.ts";

/** One option of an engine or a device, as text. */
export class Option {
  readonly name: string;
  readonly value: string;

  /** @throws ArgumentError `invalid_argument` */
  constructor({ name, value }: { readonly name: string; readonly value: string }) {
    this.name = requireText(name, "name", "Option");
    this.value = requireText(value, "value", "Option");
  }
}
