import { off, switchable } from "../native/switches.ts";
import type { Anchor } from "../popef/index.ts";

/** How an anchor is served. */
export const AnchorCallbackPolicy = switchable("AnchorCallbackPolicy", {
  /** By a callback of the user's. */
  BindUserCb: "bindUserCb",
  /** By the empty callback: an input reads zeros, an output is dropped. */
  BindEmptyCb: "bindEmptyCb",
  /** As it was before. */
  SkipCb: "skipCb",
} as const);
export type AnchorCallbackPolicy = "bindUserCb" | "bindEmptyCb" | "skipCb";

/** Whether the data that the model brings for an anchor is used. */
export const PopefDataUsagePolicy = switchable("PopefDataUsagePolicy", {
  /** Where there is tensor data or a feed, it serves the anchor. */
  UsePopefDataIfAny: "usePopefDataIfAny",
  /** It is left alone: the anchor is the user's to serve. */
  UseUserData: "useUserData",
} as const);
export type PopefDataUsagePolicy = "usePopefDataIfAny" | "useUserData";

/** When a session gets its device. */
export const LaunchPolicy = switchable("LaunchPolicy", {
  /** Later, by `bindToDevice`. */
  Deferred: "deferred",
  /** `Session.create` finds one that fits and binds to it. */
  Immediate: "immediate",
} as const);
export type LaunchPolicy = "deferred" | "immediate";

export type AnchorCallbackPredicate = (anchor: Anchor) => AnchorCallbackPolicy;
export type PopefDataUsagePredicate = (anchor: Anchor) => PopefDataUsagePolicy;

/** No predicate: every anchor is for the user's callbacks. */
export const nullAnchorCallbackPredicate: AnchorCallbackPredicate | undefined = off("null_anchor_callback_predicate")
  ? () => "skipCb"
  : undefined;
/** No predicate: what data there is, is used. */
export const nullPopefDataUsagePredicate: PopefDataUsagePredicate | undefined = off("null_popef_data_usage_predicate")
  ? () => "useUserData"
  : undefined;
