/** What was done, after the redirect that follows it. Texts are ours alone: an address must not put words in our mouth. */
const NOTICES: Record<string, (numbers: number[]) => string> = {
  run: () => "The run is asked for; a scheduler starts it as soon as it may.",
  again: () => "The run is asked for again; it goes on with the step that is not done.",
  cancel: () => "The run is asked to end.",
  withdrawn: () => "The run was taken back before it started.",
  pause: () => "The job is paused: what is due is entered as skipped.",
  resume: () => "The job is resumed.",
  backfill: ([asked = 0, unneeded = 0]) =>
    `${asked} ${asked === 1 ? "slot is" : "slots are"} asked for` +
    (unneeded > 0 ? `; ${unneeded} succeeded already or are open.` : "."),
};

export type NoticeName = keyof typeof NOTICES;

/** @param did Name of what was done with numbers, as `backfill-12-3`; anything else shows nothing. */
export function Notice({ did }: { did?: string }) {
  const [name = "", ...numbers] = (did ?? "").split("-");
  const text = Object.hasOwn(NOTICES, name)
    ? NOTICES[name]!(numbers.map(Number).filter(Number.isFinite))
    : undefined;
  return text === undefined ? null : <p class="notice" role="status">{text}</p>;
}
