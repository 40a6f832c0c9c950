/** A shop whose tables are not those of the contract: how they are mapped, and how the shop compares with it. */
export { readMapping, type SourceMapping } from "./mapping.ts";
export { checkSources } from "./check_sources.ts";
export { withoutTickets } from "./check_tickets.ts";
export type { SourcesReport, TableReport } from "./report.ts";
