// A CSMS on the npm package `ocpp-rpc` in strict mode: every message in either direction is judged by its schemas.
//
// Argument: the answers as JSON, {"BootNotification": {...}, ...}; what is not named is answered with {}.
// In, one JSON a line: {"id": 1, "method": "Reset", "params": {...}} calls the station.
// Out, one JSON a line: {"port"}, {"heard", "params"}, {"invalid", "why"}, {"id", "result"} or {"id", "error"}, {"gone"}.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { RPCServer } from "ocpp-rpc";

const answers = JSON.parse(process.argv[2]);
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
let station;

const server = new RPCServer({ protocols: ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"], strictMode: true });
server.on("client", (client) => {
  station = client;
  client.on("strictValidationFailure", ({ method, error }) =>
    tell({ invalid: method, why: error.message, details: error.details }),
  );
  client.on("rpcError", ({ error }) => tell({ invalid: "frame", why: String(error) }));
  client.on("close", () => tell({ gone: true }));
  client.handle(({ method, params }) => {
    tell({ heard: method, params });
    return answers[method] ?? {};
  });
});

const http = createServer();
http.on("upgrade", server.handleUpgrade);
http.listen(0, "127.0.0.1", () => tell({ port: http.address().port }));

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const { id, method, params } = JSON.parse(line);
    try {
      tell({ id, result: await station.call(method, params) });
    } catch (error) {
      tell({ id, error: error.rpcErrorCode ?? error.code ?? String(error) });
    }
  })
  .on("close", () => process.exit(0));
