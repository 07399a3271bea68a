export { createZscSurface, zscServices } from "./surface.ts";
