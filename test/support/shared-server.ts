import type { MariaDb } from "./mariadb.ts";

/** The environment variable in which test suites find the server of the run. */
export const sharedServerVariable = "ZSC_TEST_MYSQL";

/** Where the global setup leaves the server for the global teardown, which jest runs in the same process. */
export const sharedServer: { current: MariaDb | undefined } = { current: undefined };
