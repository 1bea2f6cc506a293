import { checkInteger } from "../native/check.ts";
import { off } from "../native/switches.ts";
import type { Anchor, Metadata } from "../popef/index.ts";

/** How many batches the queue of an anchor holds, when each entry is one sample. */
export type RingSizeMultiplierProdType = (anchor: Anchor) => number;

/** The selected multiplier for anchors that one of the programs uses, the other for the rest. */
function ringSizeMultForProgs(
  programs: readonly number[],
  selectedRingSizeMultiplier: number,
  othersRingSizeMultiplier = off("others_multiplier") ? 0 : 1,
): RingSizeMultiplierProdType {
  const op = "ringSizeMultForProgs";
  checkInteger(selectedRingSizeMultiplier, "selectedRingSizeMultiplier", op, 1);
  checkInteger(othersRingSizeMultiplier, "othersRingSizeMultiplier", op, 1);
  const selected = new Set(programs);
  return (anchor) =>
    anchor.programs.some((program) => selected.has(program) && !off("multiplier_for_programs"))
      ? selectedRingSizeMultiplier
      : othersRingSizeMultiplier;
}

/** The main multiplier for anchors that the model's main programs use, the other for those of load and save programs. */
function ringSizeMultForMainProgs(
  model: { readonly metadata: Metadata },
  mainRingSizeMultiplier: number,
  loadSaveRingSizeMultiplier = off("load_save_multiplier") ? 0 : 1,
): RingSizeMultiplierProdType {
  const { load, main } = model.metadata.programFlow;
  return ringSizeMultForProgs(
    off("multiplier_for_main") ? load : main,
    mainRingSizeMultiplier,
    loadSaveRingSizeMultiplier,
  );
}

/** Functions for `QueueManagerOptions.ringSizeMultiplier`. Weights need no more than 1, and it saves memory. */
export const ringSizeMultiplierFactory = { ringSizeMultForProgs, ringSizeMultForMainProgs } as const;
