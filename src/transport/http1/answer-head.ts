import { STATUS_CODES } from "node:http";
import { httpDate } from "../http/date.ts";
import type { HeaderRecord } from "../http/headers.ts";

/**
 * The status line and the header of an answer, with the end of the header, as node:http would write them.
 *
 * @throws Error for what no field may hold (RFC 9110 §5.5)
 */
export function answerHead(status: number, header: HeaderRecord, connection: string, length: string): string {
  let head = statusLine(status);
  for (const name in header) {
    const value = header[name] as string | string[];
    if (typeof value === "string") {
      head += fieldLine(name, value);
    } else {
      for (const one of value) {
        head += fieldLine(name, one);
      }
    }
  }
  return `${head}Date: ${httpDate()}\r\n${connection}${length}\r\n`;
}

function fieldLine(name: string, value: string): string {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw new Error("a header that HTTP/1.1 cannot carry");
  }
  return `${name}: ${value}\r\n`;
}

const statusLines: string[] = [];
function statusLine(status: number): string {
  statusLines[status] ??= `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}\r\n`;
  return statusLines[status];
}
