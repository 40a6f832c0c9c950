/** Ids as the shop writes them; things are numbered from 0, ids from 1. */
const id = (prefix: string, digits: number) => (number: number) =>
  prefix + String(number + 1).padStart(digits, "0");

/** `CUST000001` for 0. */
export const customerId = id("CUST", 6);
/** `PROD00001` for 0. */
export const productId = id("PROD", 5);
/** `ORD0000001` for 0. */
export const orderId = id("ORD", 7);
/** `EVT00000001` for 0. */
export const eventId = id("EVT", 8);
/** `SES00000001` for 0. */
export const sessionId = id("SES", 8);
/** `TKT0000001` for 0. */
export const ticketId = id("TKT", 7);
/** `AGENT001` for 0. */
export const agentId = id("AGENT", 3);
