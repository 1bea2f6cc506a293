// Where a Poplar SDK is: the folder that POPLAR_SDK names, or the one of Poplar in it.
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Unavailable } from "./compiler.ts";

export interface Sdk {
  readonly folder: string;
  readonly include: string;
  readonly lib: string;
}

/** @throws Unavailable: `POPLAR_SDK` is not set, or no SDK is there. */
export function findSdk(given: string | undefined = process.env["POPLAR_SDK"]): Sdk {
  if (!given) {
    throw new Unavailable("POPLAR_SDK is not set. Set it to the folder of an unpacked Poplar SDK, of version 2 or 3.");
  }
  const outer = resolve(given);
  const inner = existsSync(outer) ? readdirSync(outer).filter((name) => /^poplar(-|$)/.test(name)) : [];
  for (const folder of [outer, ...inner.sort().map((name) => join(outer, name))]) {
    const [include, lib] = [join(folder, "include"), join(folder, "lib")];
    const whole = existsSync(join(include, "poplar/Engine.hpp")) && existsSync(join(lib, "libpoplar.so"));
    if (whole) return { folder, include, lib };
  }
  throw new Unavailable(
    `POPLAR_SDK names ${outer}, but neither that nor a folder poplar-… in it has include/poplar/Engine.hpp and lib/libpoplar.so.`,
  );
}
