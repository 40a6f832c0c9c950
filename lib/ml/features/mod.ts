/** As-of features: declared once, computed for any date. */
export { counted, type Feature, type FeatureGroup, percent } from "./declaration.ts";
