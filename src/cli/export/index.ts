export { writeDotenv } from "./dotenv-writer.ts";
export { type ExportedSecret, writeExport } from "./json-writer.ts";
export { type ExportChoice, headOf, requireReadable } from "./listing.ts";
export { type PlainFormat, plainFormats, plainText, requireVariables } from "./plain.ts";
export { type LeftOut, readForExport } from "./reading.ts";
