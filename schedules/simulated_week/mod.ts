/** A week of the schedule in seconds, for `deno task schedule --simulate-clock`. */
export { type SimulatedWeek, simulateWeek, type SimulateWeekOptions } from "./simulate_week.ts";
