const lookMs = 500;

/**
 * Ends this process, and what it started, when the pipeline's process is gone: nobody is left to want the outputs, or
 * to stop an operator that hangs. A process whose parent died gets another parent; nothing is sent to it, so it looks.
 */
export function endWithParent(): Disposable {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    try {
      // An operator leads the process group that the pipeline made for it.
      process.kill(-process.pid, "SIGKILL");
    } finally {
      process.exit(1);
    }
  }, lookMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
