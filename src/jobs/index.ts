export { startJobs } from "./loop.ts";
export { rotationJob } from "./rotation.ts";
