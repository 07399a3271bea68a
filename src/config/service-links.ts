import { isIP } from "node:net";

const transport = "(?:tcp|udp|sctp)";
const isUrl = (value: string) => new RegExp(`^${transport}://[^\\s/]+:\\d{1,5}$`).test(value);
const isProtocol = (value: string) => new RegExp(`^${transport}$`).test(value);
const isPort = (value: string) => /^\d{1,5}$/.test(value);
const isAddress = (value: string) => isIP(value) !== 0;

/** The name suffixes and value formats of the variables that Kubernetes and Docker set for a service or container. */
const forms: readonly { readonly name: RegExp; readonly accepts: (value: string) => boolean }[] = [
  { name: /_SERVICE_HOST$/, accepts: isAddress },
  { name: /_SERVICE_PORT(_[A-Z0-9_]+)?$/, accepts: isPort },
  { name: /_PORT$/, accepts: isUrl },
  { name: /_PORT_\d{1,5}_(TCP|UDP|SCTP)$/, accepts: isUrl },
  { name: /_PORT_\d{1,5}_(TCP|UDP|SCTP)_PROTO$/, accepts: isProtocol },
  { name: /_PORT_\d{1,5}_(TCP|UDP|SCTP)_PORT$/, accepts: isPort },
  { name: /_PORT_\d{1,5}_(TCP|UDP|SCTP)_ADDR$/, accepts: isAddress },
];

/**
 * Whether a variable is a service link, judged by its name and value. For a Service named `zsc`, Kubernetes sets
 * `ZSC_PORT=tcp://10.0.0.1:7777` and six more in every pod (kubernetes.io, "Accessing the Service", "Environment
 * Variables").
 */
export function isServiceLink(name: string, value: string): boolean {
  return forms.some((form) => form.name.test(name) && form.accepts(value));
}
