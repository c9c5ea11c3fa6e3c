// An origin that lets in who shows a good token of one issuer. It finds the issuer's keys by discovery, keeps them for as long as
// Cache-Control allows and never asks earlier, verifies each token when it comes and once more shortly before its end
// (or a little after it, where the machine is busy: what is asked is whether the key is still there).
'use strict';
const http = require('http');
const {createLocalJWKSet, decodeJwt, jwtVerify} = require('jose');

const [port, issuer, audience] = process.argv.slice(2);
const counts = {good: 0, late: 0, fetches: 0, kids: [], failures: []};
let kept, until = 0;

async function get(url) {
  const answer = await fetch(url);
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`);
  return {body: await answer.json(), age: Number(/max-age=(\d+)/.exec(answer.headers.get('cache-control'))[1])};
}

async function fetchKeys() {
  counts.fetches++;
  const {body: discovery} = await get(issuer + '/.well-known/openid-configuration');
  if (discovery.issuer !== issuer) throw new Error(`the issuer calls itself ${discovery.issuer}`);
  const started = Date.now();
  const {body, age} = await get(discovery.jwks_uri);
  until = started + age * 1000;
  return createLocalJWKSet(body);
}

function keys() {
  if (!kept || Date.now() >= until) {
    until = Infinity;
    kept = fetchKeys().catch(error => { kept = undefined; throw error; });
  }
  return kept;
}

const verify = async (token, more = {}) => jwtVerify(token, await keys(), {issuer, audience, ...more});

async function check(token) {
  const {payload, protectedHeader} = await verify(token);
  counts.good++;
  if (!counts.kids.includes(protectedHeader.kid)) counts.kids.push(protectedHeader.kid);
  const left = decodeJwt(token).exp * 1000 - Date.now();
  if (left < 10_000)
    setTimeout(() => verify(token, {clockTolerance: 5}).then(() => counts.late++, error => counts.failures.push('late: ' + error)), left - 1200).unref();
  return {claims: payload, header: protectedHeader};
}

http.createServer(async (request, response) => {
  const answer = (status, body) => response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
  if (request.url === '/counts') return answer(200, counts);
  const field = request.headers['x-gateway-token'] || (request.headers.authorization || '').replace(/^Bearer /, '');
  try {
    answer(200, {...await check(field), fields: request.headers});
  } catch (error) {
    counts.failures.push(String(error));
    answer(401, {error: String(error), fields: request.headers});
  }
}).listen(Number(port), '127.0.0.1');
