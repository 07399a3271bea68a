const metadata: ReadonlySet<string> = new Set(["DOPPLER_PROJECT", "DOPPLER_CONFIG", "DOPPLER_ENVIRONMENT"]);

/** Whether a name is one that Doppler adds to what it gives out, and no secret. */
export const isDopplerMetadata = (name: string): boolean => metadata.has(name);
