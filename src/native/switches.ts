/**
 * Turns one behaviour off, in debug builds only (`MILLRACE_BUILD=debug MILLRACE_SWITCH=name`), so that the test which
 * claims to show it can be seen to fail: `bun scripts/switches.ts`.
 */
const active = process.env["MILLRACE_BUILD"] === "debug" ? process.env["MILLRACE_SWITCH"] : undefined;

export function off(name: string): boolean {
  return active === name;
}

/**
 * For what is plain enough that its absence is its off: a method, an enumerator, a default value. The switch
 * `name.member` takes `member` out of the class (its instances' or its own) or the table.
 */
export function switchable<T extends object>(name: string, target: T): T {
  const member = active?.startsWith(`${name}.`) ? active.slice(name.length + 1) : undefined;
  if (member === undefined) return target;
  const { prototype } = target as { prototype?: object };
  for (const place of [prototype, target]) if (place !== undefined) Reflect.deleteProperty(place, member);
  return target;
}
