// Loads MODULE, as another machine would when `platform` or `arch` is set, and tells how it went.
const { platform, arch, MODULE } = process.env;
if (platform !== undefined) Object.defineProperty(process, "platform", { value: platform });
if (arch !== undefined) Object.defineProperty(process, "arch", { value: arch });
try {
  await import(MODULE!);
  console.log(JSON.stringify({ loaded: true }));
} catch (error) {
  const { name, code, message } = error as { name: string; code?: string; message: string };
  console.log(JSON.stringify({ name, code, message }));
}

export {};
