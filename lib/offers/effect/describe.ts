import { formatCount } from "shopflow/runtime/mod.ts";
import type { ArmEffect } from "./estimate.ts";
import type { Trial } from "./trial.ts";

/**
 * An effect as sentences: rates in percent and points, means as they are, with the interval and what follows of it.
 *
 * @param confidence That of the interval, for its name.
 */
export function describeEffect(effect: ArmEffect, trial: Trial, confidence = 0.95): string {
  const { isRate, outcomeName } = trial;
  const value = (number: number) => isRate ? `${(100 * number).toFixed(2)} %` : number.toFixed(3);
  const signed = (number: number) =>
    `${number < 0 ? "−" : "+"}${isRate ? (100 * Math.abs(number)).toFixed(2) : Math.abs(number).toFixed(3)}`;
  const percent = (share: number) => `${share < 0 ? "−" : "+"}${(100 * Math.abs(share)).toFixed(0)} %`;
  const { interval, liftInterval } = effect;
  const lift = effect.lift === undefined
    ? ""
    : `, ${percent(effect.lift)} of the control's${
      liftInterval ? ` (${percent(liftInterval.low)} to ${percent(liftInterval.high)})` : ""
    }`;
  const conclusion = !effect.isEnough
    ? "Too few to conclude anything"
    : interval.low > 0
    ? "An increase beyond chance"
    : interval.high < 0
    ? "A decrease beyond chance"
    : "No effect that chance could not explain; one within the interval is not excluded";
  return `${outcomeName}: ${value(effect.mean)} of ${formatCount(effect.rows)} in ${effect.arm} against ${
    value(effect.controlMean)
  } of ${formatCount(effect.controlRows)} in ${effect.control}: ${signed(effect.effect)}${
    isRate ? " points" : ""
  } (${Math.round(100 * confidence)} % interval ${signed(interval.low)} to ${
    signed(interval.high)
  })${lift}. ${conclusion}.`;
}
