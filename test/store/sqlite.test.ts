import { sqlitePlace } from "../support/places.ts";
import { storeContract } from "./contract.ts";

describe("the store in SQLite", () => storeContract(sqlitePlace));
