export { startRotation } from "./rotation.ts";
