/** Alerts about failed and late runs. */
export { openChannels } from "./channels.ts";
export { type AlertMessage, logTail } from "./message.ts";
export { type Alerts, createAlerts } from "./alerts.ts";
export { createAbsenceAlerts } from "./absence.ts";
