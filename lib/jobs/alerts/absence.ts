import { errorText } from "shopflow/errors/mod.ts";
import { type ObjectStore, readJson, updateJson } from "shopflow/lake/store/mod.ts";
import { formatDuration, formatTime, type Runtime } from "shopflow/runtime/mod.ts";
import { readDefinitions } from "../ledger/definitions.ts";
import { ABSENCE_KEY } from "../ledger/keys.ts";
import { absentSince, listSchedulers } from "../scheduler/lease.ts";
import { type Channel, DeliveryError } from "./channels.ts";
import { type AlertMessage, messageOf } from "./message.ts";

/** One object in the lake, changed by compare-and-swap, so that each channel hears of an absence once. */
interface AbsenceState {
  kind: "absent" | "back";
  /** When the last scheduler was heard of; ISO, UTC. */
  since: string;
  /** When this was found; ISO, UTC. */
  at: string;
  /** By channel: when somebody began to send it, and whether it was taken. */
  told: Record<string, { at: string; taken: boolean }>;
}

interface AbsenceOptions {
  store: ObjectStore;
  /** Those of `openChannels`; of them, the ones that jobs send to are told. */
  channels: Channel[];
  runtime: Pick<Runtime, "now" | "log">;
  /** Public address of the server; alerts link to it. */
  publicUrl?: string | undefined;
}

/** Alerts that no scheduler lives, from programs that live without one. */
interface AbsenceAlerts {
  /** Looks whether a scheduler lives, and tells the channels when that has changed. Never rejects. */
  check(): Promise<void>;
}

/** For so long after somebody began to send a message, nobody else sends it; an attempt takes much less. */
const CLAIM_MS = 2 * 60 * 1000;

/**
 * Alerts of failures and late runs are sent by schedulers, so that none is sent when the last of them dies: the server
 * watches them. Any number of servers may; each channel hears of an absence, and of its end, once.
 */
export function createAbsenceAlerts({ store, channels, runtime, publicUrl }: AbsenceOptions): AbsenceAlerts {
  const { now, log } = runtime;

  /** Writes down what is so now. @returns what the channels have to know. */
  async function review(): Promise<AbsenceState | undefined> {
    const since = absentSince(await listSchedulers(store, now()), now());
    const found = (await readJson<AbsenceState>(store, ABSENCE_KEY))?.value;
    // Nearly always nothing has changed, and nothing is written.
    if ((since !== undefined) === (found?.kind === "absent")) return found;
    let isNews = false;
    const { now: state } = await updateJson<AbsenceState>(store, ABSENCE_KEY, (before) => {
      isNews = (since !== undefined) !== (before?.kind === "absent");
      if (!isNews) return undefined;
      return {
        kind: since === undefined ? "back" : "absent",
        since: since?.toISOString() ?? before?.since ?? now().toISOString(),
        at: now().toISOString(),
        told: {},
      };
    });
    if (isNews && state !== undefined) log.warn(titleOf(state));
    return state;
  }

  /** @returns whether this program is the one that tells the channel. */
  async function claim(name: string, { at }: AbsenceState): Promise<boolean> {
    let isOurs = false;
    await updateJson<AbsenceState>(store, ABSENCE_KEY, (before) => {
      const told = before?.told[name];
      const isTaken = told?.taken || Math.abs(now().getTime() - Date.parse(told?.at ?? "")) < CLAIM_MS;
      isOurs = before !== undefined && before.at === at && !isTaken;
      return isOurs && before !== undefined
        ? { ...before, told: { ...before.told, [name]: { at: now().toISOString(), taken: false } } }
        : undefined;
    });
    return isOurs;
  }

  async function tell({ name, send }: Channel, state: AbsenceState): Promise<void> {
    if (state.told[name]?.taken || !await claim(name, state)) return;
    try {
      await send(absenceMessage(state, publicUrl));
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      // Its claim runs out, and then somebody tries again.
      return log.warn(`${titleOf(state)}: could not alert ${name}: ${error.message}`);
    }
    await updateJson<AbsenceState>(
      store,
      ABSENCE_KEY,
      (before) =>
        before?.at === state.at
          ? { ...before, told: { ...before.told, [name]: { at: now().toISOString(), taken: true } } }
          : undefined,
    );
  }

  return {
    async check() {
      try {
        const state = await review();
        if (state === undefined) return;
        const wanted = new Set((await readDefinitions(store))?.jobs.map(({ alertChannel }) => alertChannel));
        const open = channels.filter(({ name }) => wanted.has(name) && !state.told[name]?.taken);
        await Promise.all(open.map((channel) => tell(channel, state)));
      } catch (error) {
        log.warn(`Could not check whether a scheduler is running: ${errorText(error)}`);
      }
    },
  };
}

const titleOf = ({ kind }: AbsenceState) =>
  kind === "absent" ? "No scheduler is running" : "A scheduler is running again";

function absenceMessage(state: AbsenceState, publicUrl: string | undefined): AlertMessage {
  const { kind, since, at } = state;
  const lasted = formatDuration(Date.parse(at) - Date.parse(since));
  return messageOf(`schedulers ${kind} ${at}`, titleOf(state), {
    facts: [
      ...(kind === "absent"
        ? [
          ["reason", "the last scheduler was stopped, was killed, or cannot reach the lake"],
          ["effect", "no job is started, and data, scores and reports grow old"],
          ["since", formatTime(since)],
        ] as [string, string][]
        : [["since", `${formatTime(since)} until ${formatTime(at)}, ${lasted}`]] as [string, string][]),
      ...(publicUrl === undefined ? [] : [["page", `${publicUrl}/jobs`]] as [string, string][]),
    ],
    commands: kind === "absent" ? ["deno task schedule"] : [],
  });
}
