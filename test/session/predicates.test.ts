import { expect, test } from "bun:test";
import fc from "fast-check";
import { Anchor, ProgramFlow } from "../../src/popef/index.ts";
import {
  AnchorCallbackPolicy,
  anchorCallbacks,
  LaunchPolicy,
  PopefDataUsagePolicy,
  popefDataUsage,
  predicateFactory,
} from "../../src/session/index.ts";

const flow = new ProgramFlow({ load: [0, 1], main: [2], save: [3, 4] });
const anchorOf = (programs: number[], shape: number[] = [2]) =>
  new Anchor({ name: "a", handle: `h${programs.join("_")}`, programs, tensorInfo: { shape } });
const anchors = {
  load: anchorOf([1]),
  main: anchorOf([2]),
  save: anchorOf([4]),
  shared: anchorOf([0, 2]),
  free: anchorOf([]),
};
type Name = keyof typeof anchors;
const names = Object.keys(anchors) as Name[];

/** The anchors that a predicate gives a policy. */
function having<P>(predicate: (anchor: Anchor) => P, policy: P): Name[] {
  return names.filter((name) => predicate(anchors[name]) === policy);
}

const kinds = [
  { name: "anchorCallbacks", factory: anchorCallbacks, accept: "bindUserCb", reject: "bindEmptyCb", other: "skipCb" },
  {
    name: "popefDataUsage",
    factory: popefDataUsage,
    accept: "useUserData",
    reject: "usePopefDataIfAny",
    other: "usePopefDataIfAny",
  },
] as const;

// biome-ignore lint/suspicious/noExplicitAny: the two factories differ in nothing but their policies.
for (const { name, factory, accept, reject, other } of kinds as any) {
  const cases: [string, string, (...policies: string[]) => (anchor: Anchor) => string, Name[]][] = [
    ["predProgramFlowLoad", "load programs", (...p) => factory.predProgramFlowLoad(flow, ...p), ["load", "shared"]],
    ["predProgramFlowMain", "main programs", (...p) => factory.predProgramFlowMain(flow, ...p), ["main", "shared"]],
    ["predProgramFlowSave", "save programs", (...p) => factory.predProgramFlowSave(flow, ...p), ["save"]],
    ["predProgramNotAssigned", "no program", (...p) => factory.predProgramNotAssigned(...p), ["free"]],
    ["predProgramIndexes", "programs 1 and 4", (...p) => factory.predProgramIndexes([1, 4], ...p), ["load", "save"]],
  ];
  for (const [method, what, make, accepted] of cases) {
    test(`${name}.${method} accepts the anchors of ${what}`, () => {
      const rejected = names.filter((one) => !accepted.includes(one));
      expect(having(make(accept, reject), accept)).toEqual(accepted);
      expect(having(make(reject, accept), accept)).toEqual(rejected);
    });

    test(`${name}.${method} gives ${accept} and ${reject} unless told`, () => {
      for (const one of names) expect(make()(anchors[one])).toBe(accepted.includes(one) ? accept : reject);
    });
  }

  test(`${name}.predProgramIndexes gives the policy of the first group that has a program of the anchor`, () => {
    const groups = [
      { programsIndexes: [0, 3], policy: other },
      { programsIndexes: [2], policy: accept },
    ];
    const predicate = factory.predProgramIndexes(groups, accept);
    expect(names.map((one) => predicate(anchors[one]))).toEqual([accept, accept, accept, other, accept]);
    expect(factory.predProgramIndexes(groups)(anchors.free)).toBe(reject);
    expect(factory.predProgramIndexes(groups)(anchors.main)).toBe(accept);
  });

  test(`${name}.predAnchorsPolicies gives each anchor its policy, by the anchor or its handle`, () => {
    const given = [
      { anchor: anchors.main, policy: accept },
      { anchor: anchors.save.handle, policy: other },
    ];
    const predicate = factory.predAnchorsPolicies(given, accept);
    expect(names.map((one) => predicate(anchors[one]))).toEqual([accept, accept, other, accept, accept]);
    expect(factory.predAnchorsPolicies(given)(anchors.free)).toBe(reject);
    expect(factory.predAnchorsPolicies(given)(anchors.main)).toBe(accept);
  });

  test(`${name}.andBind accepts what all of its predicates accept`, () => {
    const both = factory.andBind(
      accept,
      reject,
      factory.predProgramFlowLoad(flow, accept, reject),
      factory.predProgramFlowMain(flow, accept, reject),
    );
    expect(having(both, accept)).toEqual(["shared"]);
    expect(having(both, reject)).toEqual(["load", "main", "save", "free"]);
  });

  test(`${name}.orBind accepts what any of its predicates accepts`, () => {
    const either = factory.orBind(
      accept,
      reject,
      factory.predProgramFlowLoad(flow, accept, reject),
      factory.predProgramFlowMain(flow, accept, reject),
    );
    expect(having(either, accept)).toEqual(["load", "main", "shared"]);
    expect(having(either, reject)).toEqual(["save", "free"]);
  });

  test(`${name}: and is not-or of nots, whatever is combined`, () => {
    const subset = fc.array(fc.integer({ min: 0, max: 4 }));
    fc.assert(
      fc.property(fc.array(subset, { minLength: 1 }), (lists) => {
        const yes = lists.map((list) => factory.predProgramIndexes([...list], accept, reject));
        const no = lists.map((list) => factory.predProgramIndexes([...list], reject, accept));
        const and = factory.andBind(accept, reject, ...yes);
        const or = factory.orBind(accept, reject, ...no);
        for (const one of names) expect(and(anchors[one]) === accept).toBe(or(anchors[one]) !== accept);
      }),
    );
  });
}

test("anchorCallbacks.predNonScalarType accepts anchors that are no scalars", () => {
  const scalar = anchorOf([2], []);
  expect(anchorCallbacks.predNonScalarType()(scalar)).toBe("bindEmptyCb");
  expect(anchorCallbacks.predNonScalarType()(anchors.main)).toBe("bindUserCb");
  expect(anchorCallbacks.predNonScalarType("skipCb", "bindUserCb")(scalar)).toBe("bindUserCb");
  expect(anchorCallbacks.predNonScalarType("skipCb", "bindUserCb")(anchors.main)).toBe("skipCb");
});

test("predicateFactory holds both factories", () => {
  expect(predicateFactory.anchorCallbacks).toBe(anchorCallbacks);
  expect(predicateFactory.popefDataUsage).toBe(popefDataUsage);
});

test("enumerations have the seed's enumerators", () => {
  expect(AnchorCallbackPolicy).toEqual({ BindUserCb: "bindUserCb", BindEmptyCb: "bindEmptyCb", SkipCb: "skipCb" });
  expect(PopefDataUsagePolicy).toEqual({ UsePopefDataIfAny: "usePopefDataIfAny", UseUserData: "useUserData" });
  expect(LaunchPolicy).toEqual({ Deferred: "deferred", Immediate: "immediate" });
});
