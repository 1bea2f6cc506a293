/** Where the native library can be built for. The first four are shipped; macOS compiles and is untested. */
export const targets = {
  "linux-x64": "x86_64-linux-gnu.2.28",
  "linux-arm64": "aarch64-linux-gnu.2.28",
  "linux-x64-musl": "x86_64-linux-musl",
  "linux-arm64-musl": "aarch64-linux-musl",
  "darwin-x64": "x86_64-macos",
  "darwin-arm64": "aarch64-macos",
} as const;

export type Target = keyof typeof targets;

export const shippedTargets = (Object.keys(targets) as Target[]).filter((target) => target.startsWith("linux"));
