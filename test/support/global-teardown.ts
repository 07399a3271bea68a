import { sharedServer, sharedServerVariable } from "./shared-server.ts";

/** Ends the server that the global setup has started; one that was given stays. */
export default async function globalTeardown(): Promise<void> {
  const server = sharedServer.current;
  if (server === undefined) {
    return;
  }
  sharedServer.current = undefined;
  delete process.env[sharedServerVariable];
  await server.dispose();
}
