import { toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor, type UnaryRequest } from "@connectrpc/connect";
import { ZscError } from "./error.ts";

/** The library quotes what it cannot encode, and that may be a value. */
export const quoteNothing: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    if (!request.stream && ConnectError.from(error).code === Code.Internal && !canBeSent(request)) {
      throw new ZscError("INVALID_ARGUMENT", `a field of ${request.method.name} has a value of the wrong type`);
    }
    throw error;
  }
};

function canBeSent({ method, message }: UnaryRequest): boolean {
  try {
    toBinary(method.input, message);
    return true;
  } catch {
    return false;
  }
}
