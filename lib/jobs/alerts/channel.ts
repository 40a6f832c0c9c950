import { ShopFlowError } from "shopflow/errors/mod.ts";
import type { AlertMessage } from "./alert_message.ts";

/** Where alerts are sent. */
export interface Channel {
  name: string;
  /** Where they go, without secrets. */
  place: string;
  /**
   * Sends one. Rejects with a {@linkcode DeliveryError} when it was not taken.
   *
   * @returns what is to be said of one that was taken all the same.
   */
  send(message: AlertMessage): Promise<string | void>;
}

/** A channel did not take an alert. Its message holds no secret. */
export class DeliveryError extends ShopFlowError {
  constructor(
    problem: string,
    /** The receiver wants to be left alone for so long. */
    readonly waitMs = 0,
  ) {
    super(problem);
  }
}
