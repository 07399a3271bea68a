export { startJobs } from "./loop.ts";
export { purgeJob } from "./purge.ts";
export { rotationJob } from "./rotation.ts";
