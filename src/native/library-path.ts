import { makeError } from "./error.ts";
import { isFile, libraryName, nativeTarget } from "./platform.ts";

const architectures = ["x64", "arm64"];

export interface LibraryChoice {
  readonly path: string;
  /** For the log: what was chosen and why. */
  readonly reason: string;
}

/** The build for this machine, below `native/`. @throws `unsupported_platform`, `library_missing` */
export function findLibrary(op: string): LibraryChoice {
  const folder = nativeFolder(op);
  const debug = isDebug();
  const path = `${folder}/${libraryName(nativeTarget())}`;
  if (!isFile(path)) {
    const hint = debug ? "Run `bun run setup --debug`, or unset MILLRACE_BUILD." : undefined;
    throw makeError("library_missing", { op, message: `${path} does not exist.`, hint });
  }
  return { path, reason: debug ? "the debug build, as MILLRACE_BUILD says" : "the release build" };
}

/** Where this machine's native libraries are. @throws `unsupported_platform` */
export function nativeFolder(op: string): string {
  const { platform, arch } = process;
  if (platform !== "linux" || !architectures.includes(arch)) {
    throw makeError("unsupported_platform", { op, message: `${platform} ${arch} is not supported yet.` });
  }
  const target = nativeTarget();
  // Sources and bundles alike are two folders below the package.
  const root = import.meta.dir.split("/").slice(0, -2).join("/");
  return `${root}/native/${isDebug() ? `${target}-debug` : target}`;
}

function isDebug(): boolean {
  return process.env["MILLRACE_BUILD"] === "debug";
}
