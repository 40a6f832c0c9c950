/** What it is worth to keep more customers: worked out, and what the shop knows of it. */
export { type RoiDefault, roiDefaults } from "./defaults.ts";
export { type Roi, ROI_FIELDS, type RoiField, type RoiInputs, worthOfTarget } from "./worth.ts";
