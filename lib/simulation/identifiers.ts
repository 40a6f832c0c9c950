/** Ids as the shop writes them; things are numbered from 0, ids from 1. */
const id = (prefix: string, digits: number) => (number: number) =>
  prefix + String(number + 1).padStart(digits, "0");

export const customerId = id("CUST", 6);
export const productId = id("PROD", 5);
export const orderId = id("ORD", 7);
export const eventId = id("EVT", 8);
export const sessionId = id("SES", 8);
export const ticketId = id("TKT", 7);
export const agentId = id("AGENT", 3);
