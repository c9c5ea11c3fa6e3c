// AWS's own clients and signers: each step of the task names one; the answers come as a list, in order.
// Keys come from a source (web_identity, container, imds) or are given; `requests` are then signed with them and sent.
'use strict';
const http = require('node:http');

const sources = {
  web_identity(told) {
    const { fromWebToken } = require('@aws-sdk/credential-provider-web-identity');
    return fromWebToken({ ...told.options, clientConfig: { endpoint: told.endpoint, region: 'eu-central-1', maxAttempts: 1 } });
  },
  container(told) {
    const { fromHttp } = require('@aws-sdk/credential-provider-http');
    return fromHttp({ ...told.options, maxRetries: 0 });
  },
  imds(told) {
    const { fromInstanceMetadata } = require('@smithy/credential-provider-imds');
    process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = told.endpoint;
    return fromInstanceMetadata({ maxRetries: 0, timeout: 5000 });
  },
};

function aws4(request, keys) {
  const signed = { service: request.service, region: request.region, host: request.host, method: request.method, path: request.path,
                   headers: { ...request.headers }, body: request.body };
  require('aws4').sign(signed, keys);
  return signed.headers;
}

// The signer of the SDK, which takes the query as a map.
async function smithy(request, keys) {
  const { SignatureV4 } = require('@smithy/signature-v4');
  const { createHash, createHmac } = require('node:crypto');
  class Sha256 {
    constructor(secret) { this.hash = secret ? createHmac('sha256', secret) : createHash('sha256'); }
    update(data) { this.hash.update(data); }
    async digest() { return new Uint8Array(this.hash.digest()); }
  }
  const url = new URL(`http://${request.host}`);
  const query = {};
  for (const [name, value] of new URLSearchParams(request.path.split('?')[1] || '')) {
    query[name] = name in query ? [].concat(query[name], value) : value;
  }
  const signer = new SignatureV4({ credentials: keys, region: request.region, service: request.service, sha256: Sha256, uriEscapePath: request.service !== 's3' });
  const signed = await signer.sign({ method: request.method, protocol: url.protocol, hostname: request.host, path: request.path.split('?')[0], query,
                                     headers: { host: request.host, ...request.headers }, body: request.body });
  return signed.headers;
}

function send(told, request, headers) {
  return new Promise((resolve, reject) => {
    const after = { ...headers, ...told.after };
    for (const name of told.without || []) delete after[Object.keys(after).find((key) => key.toLowerCase() === name)];
    const sent = http.request({ agent: false, host: '127.0.0.1', port: told.port, method: request.method, path: told.path || request.path, headers: after, setHost: false });
    sent.on('error', reject).on('response', (response) => {
      let body = '';
      response.on('data', (part) => { body += part; }).on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.end(told.body === undefined ? request.body : told.body);
  });
}

async function step(told) {
  try {
    const keys = told.source ? await sources[told.source](told)() : told.keys;
    const answers = [];
    for (const request of told.requests || []) {
      const headers = await (told.signer === 'smithy' ? smithy : aws4)(request, keys);
      answers.push(await send(told, request, headers));
    }
    return { keys, answers };
  } catch (error) {
    return { error: String(error.message), code: error.Code || error.name, status: error.statusCode || (error.$metadata && error.$metadata.httpStatusCode) };
  }
}

(async () => {
  const answers = [];
  for (const told of JSON.parse(process.argv[2])) answers.push(await step(told));
  process.stdout.write(JSON.stringify(answers));
})();
