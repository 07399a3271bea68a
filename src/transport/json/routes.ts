import { type DescField, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "#gen/google/api/annotations_pb.js";
import type { HttpRule } from "#gen/google/api/http_pb.js";
import type { UnaryMethod } from "../framings/methods.ts";

/** One binding of a method to an HTTP method and a path. */
export interface Route {
  readonly method: UnaryMethod;
  readonly httpMethod: string;
  /** The path segments that set fields of the message. */
  readonly variables: readonly Variable[];
  /** Whether the body is the message; otherwise the query sets the remaining fields. */
  readonly hasBody: boolean;
}

/** Segments of a path, as `Array.slice` takes them: those after a `**` are counted from the end. */
interface Variable {
  readonly field: DescField;
  readonly start: number;
  readonly end: number | undefined;
}

type RouteMatch =
  | { readonly kind: "route"; readonly route: Route; readonly segments: readonly string[] }
  | { readonly kind: "no_route" }
  | { readonly kind: "method_not_allowed"; readonly allow: readonly string[] };

/** All routes below one prefix. */
interface RouteTable {
  match(httpMethod: string, path: string): RouteMatch;
}

interface Node {
  readonly literals: Map<string, Node>;
  variable: Node | undefined;
  /** What follows any number of segments, at least one. */
  rest: Node | undefined;
  /** The largest number of segments below this node; without `rest`. */
  depth: number;
  readonly routes: Map<string, Route>;
}

/**
 * Compiles the `google.api.http` annotations of the methods whose paths are below `prefix`. Supports literal and
 * `{field}` segments, and one `{field=**}` for one or more segments, with `body: "*"` or no body; any other annotation
 * below the prefix is an error.
 */
export function compileRoutes(prefix: string, methods: Iterable<UnaryMethod>): RouteTable {
  const root = createNode();
  for (const method of methods) {
    for (const rule of rulesOf(method)) {
      const [httpMethod, template] = patternOf(rule);
      if (template.startsWith(`${prefix}/`)) {
        insert(root, method, rule, httpMethod, template);
      }
    }
  }
  return { match: (httpMethod, path) => matchRoute(root, httpMethod, path.split("/")) };
}

function matchRoute(root: Node, httpMethod: string, segments: readonly string[]): RouteMatch {
  const others: Node[] = [];
  const route = findRoute(root, httpMethod, segments, 1, others);
  if (route !== undefined) {
    return { kind: "route", route, segments };
  }
  return others.length === 0
    ? { kind: "no_route" }
    : { kind: "method_not_allowed", allow: [...new Set(others.flatMap((node) => [...node.routes.keys()]))] };
}

/** Finds the first route that matches; literals take precedence over variables. `others` match but for the method. */
function findRoute(
  node: Node,
  httpMethod: string,
  segments: readonly string[],
  at: number,
  others: Node[],
): Route | undefined {
  if (at === segments.length) {
    const route = node.routes.get(httpMethod);
    if (route === undefined && node.routes.size > 0) {
      others.push(node);
    }
    return route;
  }
  const literal = node.literals.get(segments[at] as string);
  const found =
    (literal && findRoute(literal, httpMethod, segments, at + 1, others)) ??
    (node.variable && findRoute(node.variable, httpMethod, segments, at + 1, others));
  if (found !== undefined || node.rest === undefined) {
    return found;
  }
  // The longest ending wins: what else it could be is part of the variable.
  for (let after = node.rest.depth; after >= 0; after--) {
    if (segments.length - after > at) {
      const ending = findRoute(node.rest, httpMethod, segments, segments.length - after, others);
      if (ending !== undefined) {
        return ending;
      }
    }
  }
  return undefined;
}

function rulesOf(method: UnaryMethod): readonly HttpRule[] {
  if (!hasOption(method.method, http)) {
    return [];
  }
  const rule = getOption(method.method, http);
  return [rule, ...rule.additionalBindings];
}

function patternOf(rule: HttpRule): [httpMethod: string, template: string] {
  const { pattern } = rule;
  if (pattern.case === undefined) {
    throw new Error("a google.api.http rule without a path");
  }
  return pattern.case === "custom"
    ? [pattern.value.kind.toUpperCase(), pattern.value.path]
    : [pattern.case.toUpperCase(), pattern.value];
}

function insert(root: Node, method: UnaryMethod, rule: HttpRule, httpMethod: string, template: string): void {
  if ((rule.body !== "" && rule.body !== "*") || rule.responseBody !== "") {
    throw new Error(`${template}: only body: "*" is supported`);
  }
  const variables: Variable[] = [];
  const path: Node[] = [];
  const texts = template.split("/");
  const restAt = texts.findIndex((text) => text.endsWith("=**}"));
  let node = root;
  for (const [segment, text] of texts.entries()) {
    if (segment === 0) {
      continue;
    }
    path.push(node);
    const [, name, isRest] = /^\{(\w+)(=\*\*)?\}$/.exec(text) ?? [];
    if (name !== undefined && (isRest === undefined || segment === restAt)) {
      variables.push({ field: fieldOf(method, name, template), ...placeOf(segment, restAt, texts.length) });
      const kind = isRest === undefined ? "variable" : "rest";
      const child: Node = node[kind] ?? createNode();
      node[kind] = child;
      node = child;
    } else if (/[{}*:]/.test(text)) {
      throw new Error(`${template}: this segment is not supported: ${text}`);
    } else {
      node = literalChild(node, text);
    }
  }
  for (const [above, each] of path.reverse().entries()) {
    each.depth = Math.max(each.depth, above + 1);
  }
  if (node.routes.has(httpMethod)) {
    throw new Error(`${httpMethod} ${template}: two methods have this route`);
  }
  node.routes.set(httpMethod, { method, httpMethod, variables, hasBody: rule.body === "*" });
}

function placeOf(segment: number, restAt: number, length: number): Pick<Variable, "start" | "end"> {
  if (restAt < 0 || segment < restAt) {
    return { start: segment, end: segment + 1 };
  }
  const fromEnd = (index: number) => (index === length ? undefined : index - length);
  return { start: segment === restAt ? segment : segment - length, end: fromEnd(segment + 1) };
}

function literalChild(node: Node, text: string): Node {
  const child = node.literals.get(text) ?? createNode();
  node.literals.set(text, child);
  return child;
}

function fieldOf(method: UnaryMethod, name: string, template: string): DescField {
  const field = method.method.input.fields.find((candidate) => candidate.name === name);
  if (field?.fieldKind !== "scalar") {
    throw new Error(`${template}: ${name} is no scalar field of ${method.method.input.typeName}`);
  }
  return field;
}

function createNode(): Node {
  return { literals: new Map(), variable: undefined, rest: undefined, depth: 0, routes: new Map() };
}
