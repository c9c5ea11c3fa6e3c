// A gRPC server whose messages are plain bytes: node grpc_server.js PORT SERVICE [CERTIFICATE KEY]
'use strict';
const fs = require('fs');
const grpc = require('@grpc/grpc-js');

const [port, service, certificate, key] = process.argv.slice(2);
const seen = {cancelled: 0, deadlines: []};
const bytes = value => value;
const method = (name, requestStream, responseStream) => ({path: `/${service}/${name}`, requestStream, responseStream,
  requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes});
const definition = {
  Unary: method('Unary', false, false), Upload: method('Upload', true, false), Download: method('Download', false, true), Chat: method('Chat', true, true),
  Fail: method('Fail', false, false), FailLate: method('FailLate', false, true), Wait: method('Wait', false, false), Seen: method('Seen', false, false)};

function greet(call) {  // metadata both ways
  const metadata = new grpc.Metadata();
  metadata.set('x-back', call.metadata.get('x-there')[0] || 'none');
  metadata.set('x-binary-bin', call.metadata.get('x-there-bin')[0] || Buffer.from([0]));
  call.sendMetadata(metadata);
}

function goodbye(text) {
  const metadata = new grpc.Metadata();
  metadata.set('x-last', text);
  return metadata;
}

const server = new grpc.Server({'grpc.max_receive_message_length': 64 << 20});
server.addService(definition, {
  Unary: (call, done) => { greet(call); done(null, call.request, goodbye('unary')); },
  Upload: (call, done) => {
    let count = 0, size = 0;
    greet(call);
    call.on('data', message => { count++; size += message.length; });
    call.on('end', () => done(null, Buffer.from(`${count} ${size}`), goodbye('upload')));
  },
  Download: call => {
    const [count, size] = call.request.toString().split(' ').map(Number);
    let sent = 0;
    greet(call);
    const more = () => {
      while (sent < count) if (!call.write(Buffer.alloc(size, ++sent & 255))) return call.once('drain', more);
      call.end(goodbye('download'));
    };
    more();
  },
  Chat: call => { greet(call); call.on('data', message => call.write(message)); call.on('end', () => call.end(goodbye('chat'))); },
  Fail: (call, done) => done({code: Number(call.request.toString()), details: 'as you wish: 100 % é', metadata: goodbye('fail')}),
  FailLate: call => { call.write(Buffer.from('one')); call.emit('error', {code: grpc.status.ABORTED, details: 'late', metadata: goodbye('late')}); },
  Wait: call => {
    seen.deadlines.push(call.getDeadline() === Infinity ? null : call.getDeadline() - Date.now());
    call.on('cancelled', () => seen.cancelled++);
  },
  Seen: (call, done) => done(null, Buffer.from(JSON.stringify(seen))),
});
const credentials = certificate ? grpc.ServerCredentials.createSsl(null, [{cert_chain: fs.readFileSync(certificate), private_key: fs.readFileSync(key)}])
  : grpc.ServerCredentials.createInsecure();
server.bindAsync(`127.0.0.1:${port}`, credentials, error => { if (error) throw error; });
