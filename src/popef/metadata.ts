import { off, switchable } from "../native/switches.ts";
import { Anchor, type AnchorOptions } from "./anchor.ts";
import { Option } from "./option.ts";
import { ProgramFlow, type ProgramFlowOptions } from "./program-flow.ts";
import { requireCount, requireText } from "./requirements.ts";

export interface MetadataOptions {
  /** Name of the executable that this describes. */
  readonly executable: string;
  /** Copies of the graph that run at once; 1. */
  readonly replicationFactor?: number | undefined;
  /** IPUs for all replicas of one process; 1. */
  readonly numIpus?: number | undefined;
  /** The number in the architecture's name: 2 for "ipu2", 21 for "ipu21"; 2. */
  readonly ipuVersion?: number | undefined;
  /** Made for a Pod system; false. */
  readonly isPOD?: boolean | undefined;
  /** Processes that the model was made to be spread over; 1. */
  readonly numProcesses?: number | undefined;
  /** False for a training model; true. */
  readonly isInference?: boolean | undefined;
  readonly engineOptions?: readonly Option[] | undefined;
  readonly deviceOptions?: readonly Option[] | undefined;
  /** Stream of the random seed; `""`: none. */
  readonly seedHandle?: string | undefined;
  /** Iterations of the graph in one run of the main program; 1, which also 0 means. */
  readonly deviceIterations?: number | undefined;
  readonly anchors?: readonly (Anchor | AnchorOptions)[] | undefined;
  readonly programFlow?: ProgramFlow | ProgramFlowOptions | undefined;
  /** Names of programs by number. */
  readonly programsMap?: ReadonlyMap<number, string> | undefined;
}

const defaults = switchable("Metadata", {
  replicationFactor: 1,
  numIpus: 1,
  ipuVersion: 2,
  isPOD: false,
  numProcesses: 1,
  isInference: true,
  seedHandle: "",
  deviceIterations: 1,
});

/** What a model needs and how it is used. */
export class Metadata {
  readonly executable: string;
  readonly replicationFactor: number;
  readonly numIpus: number;
  readonly ipuVersion: number;
  readonly isPOD: boolean;
  readonly numProcesses: number;
  readonly isInference: boolean;
  readonly engineOptions: readonly Option[];
  readonly deviceOptions: readonly Option[];
  readonly seedHandle: string;
  readonly deviceIterations: number;
  readonly anchors: readonly Anchor[];
  readonly programFlow: ProgramFlow;
  readonly programsMap: ReadonlyMap<number, string>;

  /** @throws ArgumentError `invalid_argument`, and what `Anchor` throws. */
  constructor(options: MetadataOptions) {
    const op = "Metadata";
    const count = (name: "replicationFactor" | "numIpus" | "ipuVersion" | "numProcesses" | "deviceIterations") =>
      requireCount(options[name] ?? defaults[name], name, op);
    this.executable = requireText(options.executable, "executable", op);
    this.replicationFactor = count("replicationFactor");
    this.numIpus = count("numIpus");
    this.ipuVersion = count("ipuVersion");
    this.isPOD = options.isPOD ?? defaults.isPOD;
    this.numProcesses = count("numProcesses");
    this.isInference = options.isInference ?? defaults.isInference;
    this.engineOptions = Object.freeze((options.engineOptions ?? []).map((option) => new Option(option)));
    this.deviceOptions = Object.freeze((options.deviceOptions ?? []).map((option) => new Option(option)));
    this.seedHandle = requireText(options.seedHandle ?? defaults.seedHandle, "seedHandle", op);
    // Files from before this field was added have 0.
    this.deviceIterations = Math.max(count("deviceIterations"), off("popef_no_iterations") ? 0 : 1);
    this.anchors = Object.freeze(
      (options.anchors ?? []).map((anchor) => (anchor instanceof Anchor ? anchor : new Anchor(anchor))),
    );
    this.programFlow =
      options.programFlow instanceof ProgramFlow ? options.programFlow : new ProgramFlow(options.programFlow);
    this.programsMap = new Map(
      Array.from(options.programsMap ?? [], ([program, name]) => [
        requireCount(program, "a program of programsMap", op),
        requireText(name, "a name of programsMap", op),
      ]),
    );
  }
}
