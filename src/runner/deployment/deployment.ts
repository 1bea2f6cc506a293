import type { DataDesc } from "../data-desc.ts";
import type { Loaded } from "../load.ts";

/** A loaded model with what it was made of, which goes after it. */
export interface Deployment {
  readonly model: Loaded;
  /** Inputs beside those of `execute`: held constant, or brought by load programs. */
  readonly otherInputs: readonly DataDesc[];
  /** What save programs give. */
  readonly otherOutputs: readonly DataDesc[];
  /** Once the replicas' threads have ended: runs the save programs if asked to, and gives everything back. */
  close(op: string): Promise<void>;
}
