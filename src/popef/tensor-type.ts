import { switchable } from "../native/switches.ts";

/** Which way an anchor's data goes, seen from the model. */
export const TensorType = switchable("TensorType", { Unknown: "unknown", Input: "input", Output: "output" } as const);
export type TensorType = (typeof TensorType)[keyof typeof TensorType];
