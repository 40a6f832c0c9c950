import { encodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { randomUUID } from "node:crypto";
import { BELL_KEY, controlKey, dayIn, dayOf, pageKey, pagesFolder } from "./keys.ts";
import { isOpen, type Request, type RunName, type Slot } from "../run.ts";
import { type SharedObject, sharedObject } from "./shared_object.ts";
import { bySlot, type SlotPage, slotPage } from "./page.ts";

/** Of a job what is not about one slot. Every start of a run goes through it, so that a job runs once at a time. */
export interface Control {
  /** Every slot up to this time, ISO, is in the ledger; undefined before a scheduler saw the job. */
  accountedUntil?: string;
  /** Days whose pages have open slots, or may soon, each with when that was last said. */
  openDays: Record<string, string>;
  paused?: Request & { reason?: string };
  /** When the job was removed, once all its slots have ended; a job that comes back begins like a new one. */
  removedAt?: string;
  /** The run that was started last; whether it still goes on is on its page. */
  running?: Running;
}

/** A run that was started. */
export interface Running {
  slot: string;
  attempt: number;
  /** The scheduler that holds it. */
  scheduler: string;
  /** Its host and process, for people. */
  owner: string;
  startedAt: string;
}

/** What became of every slot; kept in the lake, shared by all schedulers, the command line and the server. */
export interface Ledger {
  readonly store: ObjectStore;
  control(job: string): SharedObject<Control>;
  page(job: string, day: string): SlotPage;
  /** Reads a job's control and its pages with open slots anew. */
  refresh(job: string): Promise<void>;
  /** Open slots of a job as they were when its pages were last read, the oldest first. */
  openSlots(job: string): Slot[];
  /** Enters slots of a job unless they are in the ledger, where those that are there stay as they are. */
  enter(job: string, slots: Slot[]): Promise<void>;
  /** Changes a slot in one step, unless `change` gives undefined. @returns the slot as it is then. */
  change(run: RunName, change: (slot: Slot) => Slot | undefined): Promise<Slot | undefined>;
  /** A slot as it is now; undefined when it was never entered. */
  slot(run: RunName): Promise<Slot | undefined>;
  /** The slots of a job from (inclusive) to (inclusive), the oldest first. */
  slots(job: string, from: Date, to: Date): Promise<Slot[]>;
  /** Takes days off the list of open ones on which nothing is open any more. */
  closeDays(job: string): Promise<void>;
  /** Makes all schedulers look. */
  ring(): Promise<void>;
  /** Changes when somebody rang. */
  bell(): Promise<string | undefined>;
}

const NO_CONTROL: Control = { openDays: {} };
/** A day that somebody said to be open stays so for a while: its slot may be about to be written. */
const OPEN_AT_LEAST_MS = 60 * 60 * 1000;

/**
 * The ledger of a lake. Nothing is read yet; what is read of a job's control and of its pages with open slots is kept, as
 * `refresh` found it. A page that this version of ShopFlow cannot read is a {@linkcode LakeError}.
 *
 * @param now Dates the days that are opened, and says when they may be closed.
 */
export function openLedger(store: ObjectStore, now: () => Date): Ledger {
  const controls = new Map<string, SharedObject<Control>>();
  /** By key; only pages that are open are kept. */
  const pages = new Map<string, SlotPage>();

  const control = (job: string) =>
    kept(controls, job, () => sharedObject(store, controlKey(job), NO_CONTROL));
  const openPage = (job: string, day: string) =>
    kept(pages, pageKey(job, day), () => slotPage(store, job, day, { follow: true }));
  const page = (job: string, day: string) => pages.get(pageKey(job, day)) ?? slotPage(store, job, day);
  const openDays = (job: string) => Object.keys(control(job).known?.openDays ?? {}).sort();

  /** Puts a day on the list before anything open is written on its page. */
  async function openDay(job: string, day: string): Promise<void> {
    // Taken off are days before the newest one only, so that needs no second look.
    if (openDays(job).at(-1) === day) return;
    await control(job).update((value) => ({
      value: { ...value, openDays: { ...value.openDays, [day]: now().toISOString() } },
      result: undefined,
    }));
  }

  async function enterDay(job: string, day: string, slots: Slot[]): Promise<void> {
    if (slots.some(isOpen)) await openDay(job, day);
    await openPage(job, day).enter(slots);
    if (openDays(job).includes(day)) return;
    if (slots.some(isOpen)) await openDay(job, day);
    else pages.delete(pageKey(job, day));
  }

  const ledger: Ledger = {
    store,
    control,
    page,
    async refresh(job) {
      await control(job).read();
      await Promise.all(openDays(job).map((day) => openPage(job, day).refresh()));
    },
    openSlots(job) {
      const open = openDays(job).flatMap((day) => openPage(job, day).open());
      const known = control(job).known;
      const at = open.findIndex(({ slot }) => slot === known?.running?.slot);
      return at < 0 ? open : open.with(at, withRunning(open[at]!, known));
    },
    async enter(job, slots) {
      for (const [day, ofDay] of Map.groupBy(slots, ({ slot }) => dayOf(slot))) {
        await enterDay(job, day, ofDay);
      }
    },
    change: (run, change) => page(run.job, dayOf(run.slot)).change(run.slot, change),
    async slot({ job, slot }) {
      const found = await page(job, dayOf(slot)).find(slot);
      return found && withRunning(found, isOpen(found) ? await control(job).read() : undefined);
    },
    async slots(job, from, to) {
      const [first, last] = [from.toISOString(), to.toISOString()];
      const days = (await store.list(pagesFolder(job))).map(({ key }) => dayIn(key))
        .filter((day) => day >= dayOf(first) && day <= dayOf(last));
      const known = days.length > 0 ? await control(job).read() : undefined;
      const found: Slot[] = [];
      for (const day of days) {
        const { slots } = await page(job, day).read();
        found.push(...Object.values(slots).filter(({ slot }) => slot >= first && slot <= last));
      }
      return found.map((slot) => withRunning(slot, known)).sort(bySlot);
    },
    async closeDays(job) {
      const settled = (value: Control) => {
        const days = Object.keys(value.openDays).sort();
        return days.slice(0, -1).filter((day) =>
          now().getTime() - Date.parse(value.openDays[day]!) >= OPEN_AT_LEAST_MS &&
          openPage(job, day).open().length === 0
        );
      };
      const known = control(job).known;
      if (known === undefined || settled(known).length === 0) return;
      await this.refresh(job);
      const closed = await control(job).update((value) => {
        const days = settled(value);
        if (days.length === 0) return { result: days };
        const rest = Object.entries(value.openDays).filter(([day]) => !days.includes(day));
        return { value: { ...value, openDays: Object.fromEntries(rest) }, result: days };
      });
      for (const day of closed) pages.delete(pageKey(job, day));
    },
    async ring() {
      await store.put(BELL_KEY, encodeJson({ rung: randomUUID() }));
    },
    bell: async () => (await store.get(BELL_KEY))?.etag,
  };
  return ledger;
}

/** A slot as it looks to people: one that was started is written down as such in the job's control only. */
export function withRunning(slot: Slot, control: Control | undefined): Slot {
  const running = control?.running;
  if (running === undefined || !goesOn(running, slot)) return slot;
  const { attempt: number, owner, startedAt } = running;
  return {
    ...slot,
    status: "running",
    reason: `runs in ${owner}`,
    attempts: [...slot.attempts, { number, owner, startedAt }],
  };
}

/** Whether a run that was started has not ended, by what its slot's page says. */
export function goesOn(running: Running, slot: Slot | undefined): boolean {
  return slot !== undefined && slot.slot === running.slot && isOpen(slot) &&
    !slot.attempts.some(({ number }) => number >= running.attempt);
}

function kept<V>(map: Map<string, V>, key: string, create: () => V): V {
  const found = map.get(key) ?? create();
  map.set(key, found);
  return found;
}
