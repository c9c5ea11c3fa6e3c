// A client: undici, with HTTP/2 if wanted. Asks for each path `times` times, one after the other (its HTTP/2 fails by itself with
// more at once), and sends an upload.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const {Agent, request} = require('undici');

const task = JSON.parse(process.argv[2]);
const dispatcher = new Agent({allowH2: task.h2, connections: 1, connect: {ca: fs.readFileSync(task.ca)}});
const sha256 = bytes => crypto.createHash('sha256').update(bytes).digest('hex');

async function get(path) {
  const {statusCode, body} = await request(task.base + path, {dispatcher});
  const bytes = Buffer.from(await body.arrayBuffer());
  return {status: statusCode, size: bytes.length, sha256: sha256(bytes)};
}

async function main() {
  const answers = [];
  for (const path of task.paths.flatMap(path => Array(task.times).fill(path))) answers.push(await get(path));
  const sent = Buffer.alloc(task.upload, 'upload');
  const {body} = await request(task.base + task.sink, {dispatcher, method: 'POST', body: sent});
  const told = await body.json();
  console.log(JSON.stringify({answers, upload: {size: told.size, right: told.sha256 === sha256(sent)}}));
  await dispatcher.close();
}

main().catch(error => { console.error(error); process.exit(1); });
