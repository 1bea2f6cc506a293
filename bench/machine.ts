import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { describePlacement, placements } from "./placement.ts";

/** What somebody needs to know about the machine before comparing numbers; null is "not readable here". */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly placements: readonly string[];
  readonly kernel: string;
  readonly bun: string;
  readonly zig: string | null;
  readonly memory: number;
  readonly governor: string | null;
  readonly hugePages: string | null;
  readonly virtual: boolean;
  /** Vulnerabilities that the kernel mitigates, each as `name: state`. */
  readonly mitigations: readonly string[];
  /** Busy processes beside the benchmark, over one minute, at its start. */
  readonly loadAverage: number;
}

export function describeMachine(): Machine {
  const info = cpus();
  return {
    cpu: info[0]?.model ?? "unknown",
    cores: info.length,
    placements: placements().map(describePlacement),
    kernel: release(),
    bun: Bun.version,
    zig: zigVersion(),
    memory: totalmem(),
    governor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
    hugePages: read("/sys/kernel/mm/transparent_hugepage/shmem_enabled"),
    virtual: / hypervisor /.test(read("/proc/cpuinfo") ?? ""),
    mitigations: mitigations(),
    loadAverage: Number(read("/proc/loadavg")?.split(" ")[0] ?? Number.NaN),
  };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

function zigVersion(): string | null {
  const zig = new URL("../node_modules/.bin/zig", import.meta.url).pathname;
  if (!existsSync(zig)) return null;
  const run = Bun.spawnSync([zig, "version"]);
  return run.success ? run.stdout.toString().trim() : null;
}

function mitigations(): string[] {
  const folder = "/sys/devices/system/cpu/vulnerabilities";
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => `${name}: ${read(`${folder}/${name}`) ?? "unreadable"}`)
    .filter((line) => !line.endsWith("Not affected"));
}
