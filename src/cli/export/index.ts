export { writeDotenv } from "./dotenv-writer.ts";
export { type ExportedSecret, writeExport } from "./json-writer.ts";
