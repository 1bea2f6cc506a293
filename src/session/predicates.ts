import { off, switchable } from "../native/switches.ts";
import type { Anchor, ProgramFlow } from "../popef/index.ts";
import { AnchorCallbackPolicy, PopefDataUsagePolicy } from "./policy.ts";

/** What is to be done with an anchor: an `Anchor`, or the handle of one. */
export interface AnchorWithPolicy<P> {
  readonly anchor: Anchor | string;
  readonly policy: P;
}

/** What is to be done with the anchors of programs. */
export interface ProgramsWithPolicy<P> {
  readonly programsIndexes: readonly number[];
  readonly policy: P;
}

type Predicate<P> = (anchor: Anchor) => P;
type Flow = Pick<ProgramFlow, "load" | "main" | "save">;

/**
 * Predicates ready-made. Each takes the policy of the anchors that it accepts, and that of all others; what they are
 * unless given is `anchorCallbacks`' and `popefDataUsage`'s own.
 */
export interface Predicates<P extends string> {
  /** Accepts anchors of any load program. */
  predProgramFlowLoad(flow: Flow, acceptPolicy?: P, rejectPolicy?: P): Predicate<P>;
  /** Accepts anchors of any main program. */
  predProgramFlowMain(flow: Flow, acceptPolicy?: P, rejectPolicy?: P): Predicate<P>;
  /** Accepts anchors of any save program. */
  predProgramFlowSave(flow: Flow, acceptPolicy?: P, rejectPolicy?: P): Predicate<P>;
  /** Accepts anchors that no program uses. */
  predProgramNotAssigned(acceptPolicy?: P, rejectPolicy?: P): Predicate<P>;
  /** Accepts anchors of any of these programs. */
  predProgramIndexes(programIndexes: readonly number[], acceptPolicy?: P, rejectPolicy?: P): Predicate<P>;
  /** Gives an anchor the policy of the first group that has one of its programs. */
  predProgramIndexes(groups: readonly ProgramsWithPolicy<P>[], rejectPolicy?: P): Predicate<P>;
  /** Gives each of these anchors its policy. */
  predAnchorsPolicies(anchors: readonly AnchorWithPolicy<P>[], rejectPolicy?: P): Predicate<P>;
  /** Conjunction: accepts anchors for which every predicate gives `acceptPolicy`. */
  andBind(acceptPolicy: P, rejectPolicy: P, ...predicates: readonly Predicate<P>[]): Predicate<P>;
  /** Disjunction: accepts anchors for which any predicate gives `acceptPolicy`. */
  orBind(acceptPolicy: P, rejectPolicy: P, ...predicates: readonly Predicate<P>[]): Predicate<P>;
}

interface Defaults<P> {
  readonly accept: P;
  readonly reject: P;
}

function where<P>(accepts: (anchor: Anchor) => boolean, accept: P, reject: P): Predicate<P> {
  return (anchor) => (accepts(anchor) ? accept : reject);
}

function usedBy(programs: readonly number[]): (anchor: Anchor) => boolean {
  const wanted = new Set(programs);
  return (anchor) => anchor.programs.some((program) => wanted.has(program));
}

function isGroups<P>(
  list: readonly number[] | readonly ProgramsWithPolicy<P>[],
): list is readonly ProgramsWithPolicy<P>[] {
  return typeof list[0] === "object";
}

function predicates<P extends string>(defaults: Defaults<P>): Predicates<P> {
  const { accept: yes, reject: no } = defaults;
  return {
    predProgramFlowLoad: (flow, accept = yes, reject = no) => where(usedBy(flow.load), accept, reject),
    predProgramFlowMain: (flow, accept = yes, reject = no) => where(usedBy(flow.main), accept, reject),
    predProgramFlowSave: (flow, accept = yes, reject = no) => where(usedBy(flow.save), accept, reject),
    predProgramNotAssigned: (accept = yes, reject = no) =>
      where((anchor) => anchor.programs.length === 0, accept, reject),
    predProgramIndexes(list: readonly number[] | readonly ProgramsWithPolicy<P>[], first?: P, second?: P) {
      if (!isGroups(list)) return where(usedBy(list), first ?? yes, second ?? no);
      const groups = list.map(({ programsIndexes, policy }) => ({ has: usedBy(programsIndexes), policy }));
      const reject = first ?? no;
      return (anchor: Anchor) => groups.find(({ has }) => has(anchor))?.policy ?? reject;
    },
    predAnchorsPolicies(anchors, reject = no) {
      const policies = new Map(
        anchors.map(({ anchor, policy }) => [typeof anchor === "string" ? anchor : anchor.handle, policy]),
      );
      return (anchor) => policies.get(anchor.handle) ?? reject;
    },
    andBind: (accept, reject, ...given) =>
      off("and_bind")
        ? where((anchor) => given.some((one) => one(anchor) === accept), accept, reject)
        : where((anchor) => given.every((one) => one(anchor) === accept), accept, reject),
    orBind: (accept, reject, ...given) =>
      where((anchor) => given.some((one) => one(anchor) === accept), accept, reject),
  };
}

const callbackDefaults: Defaults<AnchorCallbackPolicy> = switchable("anchorCallbacksDefaults", {
  accept: AnchorCallbackPolicy.BindUserCb,
  reject: AnchorCallbackPolicy.BindEmptyCb,
});
const usageDefaults: Defaults<PopefDataUsagePolicy> = switchable("popefDataUsageDefaults", {
  accept: PopefDataUsagePolicy.UseUserData,
  reject: PopefDataUsagePolicy.UsePopefDataIfAny,
});

export interface AnchorCallbackPredicates extends Predicates<AnchorCallbackPolicy> {
  /** Accepts anchors that are no scalars. */
  predNonScalarType(
    acceptPolicy?: AnchorCallbackPolicy,
    rejectPolicy?: AnchorCallbackPolicy,
  ): Predicate<AnchorCallbackPolicy>;
}

/** Which anchors get callbacks: accepted `"bindUserCb"`, others `"bindEmptyCb"`, unless given. */
export const anchorCallbacks: AnchorCallbackPredicates = switchable("anchorCallbacks", {
  ...predicates(callbackDefaults),
  predNonScalarType: (
    accept: AnchorCallbackPolicy = callbackDefaults.accept,
    reject: AnchorCallbackPolicy = callbackDefaults.reject,
  ) => where((anchor) => !anchor.tensorInfo.isScalar, accept, reject),
});

/** For which anchors the model's data is used: accepted `"useUserData"`, others `"usePopefDataIfAny"`, unless given. */
export const popefDataUsage: Predicates<PopefDataUsagePolicy> = switchable("popefDataUsage", predicates(usageDefaults));

export const predicateFactory = switchable("predicateFactory", { anchorCallbacks, popefDataUsage });
