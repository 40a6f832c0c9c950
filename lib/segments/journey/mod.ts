/** The way of a visit to a purchase, and of a customer to the second order. */
export { type FunnelStep, lastEventDays, readFunnel, readStepTimes, readTracking, STEPS } from "./funnel.ts";
export { readWaitingTimes, returnedBy, returnedWithin } from "./second_order.ts";
