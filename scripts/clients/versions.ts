import { dirname, join } from "node:path";
import { goTool, pythonTool } from "./tools.ts";

/** The plugins that make the code of clients in Go; those that check our schema and those that we ship are the same. */
export async function goPlugins(): Promise<readonly string[]> {
  const programs = await Promise.all([
    goTool("google.golang.org/protobuf/cmd/protoc-gen-go", "v1.36.12"),
    goTool("google.golang.org/grpc/cmd/protoc-gen-go-grpc", "v1.6.2"),
  ]);
  return programs.map(dirname);
}

/** A Python with the packages that make the code of the client in Python, and its wheel. */
export function pythonPlugins(): Promise<string> {
  return pythonTool("python-build", join(import.meta.dirname, "requirements.txt"));
}

export function grpcurl(): Promise<string> {
  return goTool("github.com/fullstorydev/grpcurl/cmd/grpcurl", "v1.9.4");
}
