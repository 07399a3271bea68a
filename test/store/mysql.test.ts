import { mysqlPlace } from "../support/places.ts";
import { storeContract } from "./contract.ts";

describe("the store in MySQL", () => storeContract(mysqlPlace));
