// A gRPC client of grpc_server.js; prints what it saw of each kind of call.
'use strict';
const fs = require('fs');
const grpc = require('@grpc/grpc-js');

const task = JSON.parse(process.argv[2]);
const bytes = value => value;
const credentials = task.ca ? grpc.credentials.createSsl(fs.readFileSync(task.ca)) : grpc.credentials.createInsecure();
const client = new grpc.Client(task.target, credentials, {'grpc.max_receive_message_length': 64 << 20});
const path = name => `/${task.service}/${name}`;

function metadata() {
  const told = new grpc.Metadata();
  told.set('x-there', 'and back');
  told.set('x-there-bin', Buffer.from([1, 2, 255]));
  return told;
}

/// What became of a call: its first metadata, messages, status and last metadata.
function outcome(call) {
  const told = {messages: 0, size: 0};
  call.on('metadata', first => { told.first = [first.get('x-back')[0], first.get('x-binary-bin')[0]?.toString('hex')]; });
  call.on('error', () => {});
  return new Promise(resolve => call.on('status', status => resolve({...told, code: status.code, details: status.details, last: status.metadata.get('x-last')[0]})));
}

function unary(name, message, options = {}) {
  return new Promise(resolve => {
    let answer;
    const call = client.makeUnaryRequest(path(name), bytes, bytes, Buffer.from(message), metadata(), options, (error, reply) => { answer = reply; });
    outcome(call).then(told => setImmediate(() => resolve({...told, size: answer ? answer.length : 0})));
  });
}

async function upload() {
  let answer;
  const call = client.makeClientStreamRequest(path('Upload'), bytes, bytes, metadata(), {}, (error, reply) => { answer = reply; });
  const told = outcome(call);
  for (let i = 0; i < 50; i++) call.write(Buffer.alloc(20000, i));
  call.end();
  const status = await told;
  return {...status, answer: answer && answer.toString()};
}

function reading(call, told) {
  call.on('data', message => { told.messages++; told.size += message.length; });
  return outcome(call).then(status => ({...status, ...told}));
}

const download = () => reading(client.makeServerStreamRequest(path('Download'), bytes, bytes, Buffer.from('200 10000'), metadata(), {}), {messages: 0, size: 0});
const failLate = () => reading(client.makeServerStreamRequest(path('FailLate'), bytes, bytes, Buffer.from(''), metadata(), {}), {messages: 0, size: 0});

function chat() {  // each message only after the answer to the one before
  const call = client.makeBidiStreamRequest(path('Chat'), bytes, bytes, metadata(), {});
  let count = 0;
  call.on('data', () => (++count < 30 ? call.write(Buffer.from(`message ${count}`)) : call.end()));
  call.write(Buffer.from('the first'));
  return outcome(call).then(status => ({...status, messages: count}));
}

async function main() {
  const told = {unary: await unary('Unary', 'hello'), big: await unary('Unary', Buffer.alloc(task.big, 'b')), upload: await upload(), download: await download(),
    chat: await chat(), fail: await unary('Fail', '9'), failLate: await failLate(), unknown: await unary('Unknown', ''),
    deadline: await unary('Wait', '', {deadline: Date.now() + 400})};
  told.many = (await Promise.all(Array.from({length: task.many}, (_, i) => unary('Unary', `${i}`)))).filter(one => one.code === 0).length;
  console.log(JSON.stringify(told));
  client.close();
}

main().catch(error => { console.error(error); process.exit(1); });
