// A client that was told of a proxy: undici's ProxyAgent. Uploads and downloads through it, over TLS of its own to the origin.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const {ProxyAgent, request} = require('undici');

const task = JSON.parse(process.argv[2]);
const tls = {ca: fs.readFileSync(task.ca)};
const dispatcher = new ProxyAgent({uri: task.proxy, token: task.token, requestTls: tls, proxyTls: tls});
const sha256 = bytes => crypto.createHash('sha256').update(bytes).digest('hex');

async function main() {
  const sent = crypto.randomBytes(task.size);
  const up = await request(task.base + '/sink', {dispatcher, method: 'POST', body: sent});
  const told = (await up.body.text()).split(' ');
  const down = await request(task.base + '/bytes/' + task.size, {dispatcher});
  const got = Buffer.from(await down.body.arrayBuffer());
  console.log(JSON.stringify({up: up.statusCode, whole: told[2] === sha256(sent), down: down.statusCode, size: got.length, sha256: sha256(got)}));
  await dispatcher.close();
}

async function refused() {
  try {
    await request(task.base, {dispatcher});
    console.log(JSON.stringify({error: null}));
  } catch (error) {
    console.log(JSON.stringify({error: error.message}));
  }
  await dispatcher.close();
}

(task.refused ? refused() : main()).catch(error => { console.error(error); process.exit(1); });
