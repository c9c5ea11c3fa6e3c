// An origin in Node, of HTTP/1.1 or HTTP/2, with or without TLS: node origin.js PORT http1|h2c|https|h2 [CERTIFICATE KEY [CA]]
// One handler serves all; /seen tells what came so far, connections counted.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const https = require('https');

const [port, mode, certificate, key, ca] = process.argv.slice(2);
const seen = {connections: 0, aborted: 0, requests: []};
const block = Buffer.from([...Array(65536).keys()].map(i => i & 255));

function sendBytes(response, left) {
  while (left > 0) {
    const part = block.subarray(0, Math.min(left, block.length));
    left -= part.length;
    if (!response.write(part)) return response.once('drain', () => sendBytes(response, left));
  }
  response.end();
}

async function digest(request) {
  const hash = crypto.createHash('sha256');
  let size = 0;
  for await (const part of request) {
    size += part.length;
    hash.update(part);
  }
  return {size, sha256: hash.digest('hex')};
}

const answers = {
  bytes: (request, response, [length]) => {
    response.writeHead(200, {'content-length': length});
    if (request.method === 'HEAD') response.end();
    else sendBytes(response, Number(length));
  },
  unsized: (request, response, [length]) => sendBytes(response, Number(length)),
  digest: async (request, response) => {
    const told = await digest(request);
    response.end(JSON.stringify({...told, trailers: request.trailers, headers: request.headers}));
  },
  trailers: async (request, response) => {
    await digest(request);
    response.writeHead(200, {'trailer': 'x-checksum, x-twice'});
    response.write('body');
    response.addTrailers({'x-checksum': 'abc', 'x-twice': request.trailers['x-sent'] || 'none', 'content-type': 'evil/type'});
    response.end();
  },
  hints: (request, response) => {
    response.writeEarlyHints({link: '</first>; rel=preload'});
    response.writeEarlyHints({link: '</second>; rel=preload'});
    response.end('after hints');
  },
  empty: (request, response, [status]) => { response.writeHead(Number(status), {etag: '"e"'}); response.end(); },
  // Both wait for /next, so that what they have said has arrived before they break off.
  cut: (request, response) => {
    response.write('the beginning');
    seen.next = () => (response.stream ? response.stream.close(2) : response.destroy());
  },
  die: (request, response) => {
    response.write('the beginning');
    const socket = request.stream ? request.stream.session : request.socket;
    seen.next = () => socket.destroy();
  },
  wait: () => {},  // never answers
  events: (request, response) => {
    response.writeHead(200, {'content-type': 'text/event-stream'});
    let count = 0;
    const next = () => response.write(`data: ${++count}\n\n`);
    next();
    seen.next = next;
  },
  next: (request, response) => { response.end(); seen.next(); },
  tls: (request, response) => {
    const socket = request.stream ? request.stream.session.socket : request.socket;
    const peer = socket.getPeerCertificate ? socket.getPeerCertificate() : {};
    response.end(JSON.stringify({alpn: socket.alpnProtocol, name: socket.servername, peer: peer.subject ? peer.subject.CN : null}));
  },
  goaway: (request, response) => { response.end('last'); request.stream.session.goaway(0); },
  // Leaves as a server does that is being replaced: what runs is finished, nothing new is taken.
  retire: (request, response) => { response.end('retired'); request.stream.session.close(); },
  seen: (request, response) => response.end(JSON.stringify({connections: seen.connections, aborted: seen.aborted, requests: seen.requests})),
};

function handle(request, response) {
  const parts = request.url.split('?')[0].split('/').filter(Boolean);
  const at = parts.findIndex(part => part in answers);
  if (parts[at] !== 'seen') seen.requests.push({method: request.method, url: request.url, version: request.httpVersion});
  request.on('error', () => {});
  response.on('close', () => { if (!response.writableEnded) seen.aborted++; });
  if (at < 0) return response.end(`node ${request.httpVersion}`);
  // A client that leaves in the middle of its body is no reason to end.
  Promise.resolve(answers[parts[at]](request, response, parts.slice(at + 1))).catch(() => {});
}

const tls = certificate && {cert: fs.readFileSync(certificate), key: fs.readFileSync(key),
  ...(ca && {ca: fs.readFileSync(ca), requestCert: true, rejectUnauthorized: true})};
const server = {
  http1: () => http.createServer(handle), h2c: () => http2.createServer(handle), https: () => https.createServer(tls, handle),
  h2: () => http2.createSecureServer({...tls, allowHTTP1: true}, handle),
}[mode]();
server.on(tls ? 'secureConnection' : 'connection', () => { seen.connections++; });
server.listen(Number(port), '127.0.0.1');
