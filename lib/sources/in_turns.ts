/**
 * Makes a queue for work that must not be done side by side, as on one connection: each piece begins when the one
 * before it has ended, well or not.
 */
export function inTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
}
