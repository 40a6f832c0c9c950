/**
 * What comes of some work within a time, in milliseconds, or undefined: for waits to which Playwright sets no limit.
 * Work that is late is left alone: it fails when its tab or browser is closed.
 */
export async function inTime<T>(ms: number, work: Promise<T>): Promise<{ value: T } | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), ms));
  work.catch(() => {});
  try {
    return await Promise.race([work.then((value) => ({ value })), late]);
  } finally {
    clearTimeout(timer);
  }
}
