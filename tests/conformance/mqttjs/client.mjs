// A device written with mqtt.js: publishes, hears a command, answers it.
// Arguments: port, key, secret, what to do. Prints one JSON line an event.
import mqtt from "mqtt";

const [port, key, secret, task, body] = process.argv.slice(2);
const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
  protocolVersion: 4,
  clientId: "mqttjs",
  username: key,
  password: secret,
  clean: task !== "persistent",
  reconnectPeriod: 0,
});

client.on("error", (error) => say("error", { code: error.code ?? null }));
client.on("close", () => {
  say("close");
  process.exit(0);
});
client.on("connect", async (connack) => {
  say("connect", { session: connack.sessionPresent });
  if (task === "publish") {
    await client.publishAsync(`songhe/1/${key}/readings`, body, { qos: 1 });
    say("acknowledged");
    await client.endAsync();
  } else if (task === "foreign") {
    await client.publishAsync(body, "{}", { qos: 1 });
    say("acknowledged");
  } else {
    const granted = await client.subscribeAsync(`songhe/1/${key}/commands`, { qos: 2 });
    say("subscribed", { qos: granted[0].qos });
  }
});
client.on("message", async (topic, payload) => {
  const command = JSON.parse(payload.toString());
  say("command", { topic, id: command.id });
  const answer = { at: new Date().toISOString(), command: command.id, result: "done" };
  await client.publishAsync(`songhe/1/${key}/acks`, JSON.stringify(answer), { qos: 1 });
  say("answered");
  await client.endAsync();
});
