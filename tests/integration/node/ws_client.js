// Clients of WebSockets, ws and undici, that talk to ws_server.js; prints what they saw.
'use strict';
const {once} = require('events');
const fs = require('fs');
const Ws = require('ws');
const undici = require('undici');

const task = JSON.parse(process.argv[2]);
const ca = task.ca && fs.readFileSync(task.ca);
const begin = (path, protocols = []) => new Ws(task.base + path, protocols, {ca, maxPayload: 64 << 20});

async function echoes() {
  const socket = begin('/echo');
  await once(socket, 'open');
  const told = [];
  for (const size of task.sizes) {
    const sent = Buffer.alloc(size, 'abcdefg');
    socket.send(sent);
    const [data, binary] = await once(socket, 'message');
    told.push(binary && sent.equals(data));
  }
  for (const [i, part] of ['one ', 'two ', 'three'].entries()) socket.send(part, {fin: i === 2});
  const [text, binary] = await once(socket, 'message');
  socket.ping('hello');
  const [pong] = await once(socket, 'pong');
  socket.close(4001, 'enough');
  const [code, reason] = await once(socket, 'close');
  return {told, text: text.toString(), binary, pong: pong.toString(), code, reason: reason.toString()};
}

async function goodbye(code) {
  const socket = begin(`/goodbye/${code}`);
  const [told, reason] = await once(socket, 'close');
  return [told, reason.toString()];
}

async function refused() {
  const socket = begin('/stranger');
  socket.on('error', () => {});
  const [, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const part of response) body += part;
  return [response.statusCode, response.headers['x-why'], body];
}

async function pinged() {
  const socket = begin('/ping', ['first', 'second']);
  await once(socket, 'ping');
  const {protocol} = socket;
  socket.terminate();
  return protocol;
}

async function withUndici() {
  const socket = new undici.WebSocket(task.base + '/echo', {dispatcher: new undici.Agent({connect: {ca}})});
  await once(socket, 'open');
  const text = 'undici '.repeat(30000);
  socket.send(text);
  const [event] = await once(socket, 'message');
  socket.close(1000, 'done');
  const [closed] = await once(socket, 'close');
  return [event.data === text, closed.code, closed.wasClean];
}

async function main() {
  const told = {echoes: await echoes(), goodbyes: [], refused: await refused(), protocol: await pinged(), undici: await withUndici()};
  for (const code of [1000, 1011, 4321]) told.goodbyes.push(await goodbye(code));
  console.log(JSON.stringify(told));
  process.exit(0);
}

main().catch(error => { console.error(error); process.exit(1); });
