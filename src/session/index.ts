export type {
  CallbackInfo,
  InputCallback,
  InputCallbackFactory,
  OutputCallback,
  OutputCallbackFactory,
} from "./callback.ts";
export type { SessionConfig } from "./config.ts";
export type { RunAsyncOptions, RunOptions } from "./device-binding.ts";
export type { HandlerOptions } from "./handlers.ts";
export {
  AnchorCallbackPolicy,
  type AnchorCallbackPredicate,
  LaunchPolicy,
  nullAnchorCallbackPredicate,
  nullPopefDataUsagePredicate,
  PopefDataUsagePolicy,
  type PopefDataUsagePredicate,
} from "./policy.ts";
export {
  type AnchorCallbackPredicates,
  type AnchorWithPolicy,
  anchorCallbacks,
  type Predicates,
  type ProgramsWithPolicy,
  popefDataUsage,
  predicateFactory,
} from "./predicates.ts";
export { RecoveryAction } from "./recovery-action.ts";
export { Session } from "./session.ts";
