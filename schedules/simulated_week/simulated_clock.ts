/** A clock that stands still until it is told to jump. */
export interface SimulatedClock {
  now(): Date;
  /** Never back. */
  jumpTo(time: Date): void;
  /** Waits until the clock is there; less long when the signal comes. */
  sleep(name: string, until: Date, signal: AbortSignal): Promise<void>;
  /** When the next sleeper wants to be woken. */
  nextWake(): Date | undefined;
  /** Wakes the first one whose time has come. @returns whether there was one. */
  wake(): boolean;
  /** Waits until all who were woken sleep again, or work no more. */
  quiet(): Promise<void>;
  /** Counts work as awake from its beginning to its end. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Nobody is woken who sleeps now: their process was killed. */
  forgetSleepers(): void;
}

interface Sleeper {
  name: string;
  until: Date;
  wake: () => void;
}

/** A clock that shows `start`, with nobody asleep. */
export function createSimulatedClock(start: Date): SimulatedClock {
  let time = start;
  let sleepers: Sleeper[] = [];
  let awake = 0;
  let waiting: (() => void)[] = [];

  function count(change: 1 | -1): void {
    awake += change;
    if (awake > 0) return;
    const told = waiting;
    waiting = [];
    told.forEach((tell) => tell());
  }
  /** The order must not depend on who was faster on this machine. */
  const sorted = () =>
    sleepers.sort((a, b) => a.until.getTime() - b.until.getTime() || (a.name < b.name ? -1 : 1));

  return {
    now: () => time,
    jumpTo(next) {
      if (next < time) throw new Error(`The clock cannot go back from ${time.toISOString()}`);
      time = next;
    },
    async sleep(name, until, signal) {
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          if (!sleepers.includes(sleeper)) return;
          sleepers = sleepers.filter((other) => other !== sleeper);
          signal.removeEventListener("abort", wake);
          count(1);
          resolve();
        };
        const sleeper = { name, until, wake };
        sleepers.push(sleeper);
        signal.addEventListener("abort", wake);
        count(-1);
      });
    },
    nextWake: () => sorted()[0]?.until,
    wake() {
      const first = sorted()[0];
      if (first === undefined || first.until > time) return false;
      first.wake();
      return true;
    },
    quiet: () => awake === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    async track(work) {
      count(1);
      try {
        return await work;
      } finally {
        count(-1);
      }
    },
    forgetSleepers() {
      sleepers = [];
    },
  };
}
