export type { Difference, Report } from "./report.ts";
export { verify } from "./verify.ts";
export { verifyWindow } from "./window.ts";
