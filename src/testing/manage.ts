import http from "node:http";

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
}

/** Calls of an admin, over the JSON surface: a test vault refuses whatever a vault refuses. */
interface Manager {
  /** @throws Error that says what the vault says */
  post(path: string, body: object): Promise<void>;
  close(): void;
}

export function createManager(url: string, token: () => Promise<string>): Manager {
  const agent = new http.Agent({ keepAlive: true });
  return {
    async post(path, body) {
      const headers = { authorization: `Bearer ${await token()}`, "content-type": "application/json" };
      const answer = await send(`${url}${path}`, { method: "POST", agent, headers }, JSON.stringify(body));
      if (!answer.ok) {
        throw new Error(`the test vault refuses this: ${answer.error ?? "for an unknown reason"}`);
      }
    },
    close: () => agent.destroy(),
  };
}

function send(url: string, options: http.RequestOptions, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject).on("end", () => resolve(JSON.parse(text) as Answer));
    });
    request.on("error", reject).end(body);
  });
}
