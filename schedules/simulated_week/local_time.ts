import { STAKEHOLDERS_TIME_ZONE } from "../jobs.ts";

const DAY = new Intl.DateTimeFormat("en-GB", {
  timeZone: STAKEHOLDERS_TIME_ZONE,
  weekday: "short",
  day: "numeric",
  month: "short",
});
const TIME = new Intl.DateTimeFormat("en-GB", {
  timeZone: STAKEHOLDERS_TIME_ZONE,
  hour: "2-digit",
  minute: "2-digit",
});

/** `Tue 25 Mar`, where the stakeholders are. */
export const localDay = (time: Date): string => DAY.format(time).replace(",", "");

/** `09:05`, where the stakeholders are. */
export const localTime = (time: Date): string => TIME.format(time);
