import { parentPort, workerData } from "node:worker_threads";
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import * as common from "@zxcvbn-ts/language-common";
import * as english from "@zxcvbn-ts/language-en";

// Judges one password, and ends.
const { password, hints } = workerData as { readonly password: string; readonly hints: readonly string[] };
const zxcvbn = new ZxcvbnFactory({
  dictionary: { ...common.dictionary, ...english.dictionary },
  graphs: common.adjacencyGraphs,
});
parentPort?.postMessage("begins");
parentPort?.postMessage(zxcvbn.check(password, [...hints]).score);
