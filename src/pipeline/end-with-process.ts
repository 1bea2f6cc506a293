const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Operators have process groups of their own, so what ends this process does not reach them by itself: Ctrl-C and its
 * kin become `stop`, and a `process.exit` in the middle becomes `kill`. The function it gives undoes that and, when a
 * signal came that nobody else listens to, sends it again, to do what it would have done.
 */
export function endWithProcess(stop: () => void, kill: () => void): () => void {
  let received: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    received ??= signal;
    stop();
  };
  for (const signal of signals) process.on(signal, onSignal);
  process.on("exit", kill);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
    process.off("exit", kill);
    if (received !== undefined && process.listenerCount(received) === 0) process.kill(process.pid, received);
  };
}
