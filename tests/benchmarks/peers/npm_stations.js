// As many clients of ocpp-rpc as asked for, each of which sends a TransactionEvent once a second. Says what they cost:
// {memory_kb, cpu_us, calls_hz}. Usage: node npm_stations.js PACKAGE URL STATIONS SECONDS
"use strict";

const [, , packagePath, endpoint, stations, seconds] = process.argv;
const { RPCClient } = require(packagePath);

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const cpuUs = () => Object.values(process.cpuUsage()).reduce((a, b) => a + b);

function event(seqNo) {
  return {
    eventType: "Updated", timestamp: new Date().toISOString(), triggerReason: "MeterValuePeriodic", seqNo,
    transactionInfo: { transactionId: "4a1cb3a8-5df5-4f34-9a2c-2e2bfa1bd9f0" },
    meterValue: [{ timestamp: new Date().toISOString(), sampledValue: [
      { value: seqNo, context: "Sample.Periodic", measurand: "Energy.Active.Import.Register", unitOfMeasure: { unit: "Wh" } },
    ] }],
  };
}

async function main() {
  const before = process.memoryUsage().rss;
  const clients = [];
  for (let number = 0; number < Number(stations); number++) {
    const client = new RPCClient({ endpoint, identity: `NPM-${number}`, protocols: ["ocpp2.0.1"], strictMode: false });
    await client.connect();
    await client.call("BootNotification", { reason: "PowerUp", chargingStation: { vendorName: "npm", model: "rpc" } });
    clients.push(client);
  }
  let answered = 0;
  const live = async (client, number) => {
    await sleep((1000 * number) / clients.length);
    for (let seqNo = 0; ; seqNo++) {
      await client.call("TransactionEvent", event(seqNo));
      answered++;
      await sleep(1000);
    }
  };
  clients.forEach((client, number) => live(client, number));
  await sleep(3000);
  const first = { cpu: cpuUs(), answered, at: Date.now() };
  await sleep(1000 * Number(seconds));
  const calls = answered - first.answered;
  console.log(JSON.stringify({
    memory_kb: (process.memoryUsage().rss - before) / 1000 / clients.length,
    cpu_us: (cpuUs() - first.cpu) / calls,
    calls_hz: calls / ((Date.now() - first.at) / 1000),
  }));
  process.exit(0);
}

main();
