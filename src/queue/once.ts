/** A promise that settles once, early with the reason of a signal that aborts. */
export interface Once<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function once<T>(signal: AbortSignal | undefined): Once<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  if (signal === undefined) return { promise, resolve, reject };
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const done = () => signal.removeEventListener("abort", onAbort);
  return {
    promise,
    resolve(value) {
      done();
      resolve(value);
    },
    reject(error) {
      done();
      reject(error);
    },
  };
}
