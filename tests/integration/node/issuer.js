// An OpenID issuer that is not ours (npm oauth2-mock-server), whose key set can be slow, broken or gone, and is counted:
// node issuer.js PORT. Under /control: /token?claims=…&kid=…, /rotate, /mode?jwks=…&metadata=…, /release, /counts. A key set's
// query may name its own mode, and so may the path of an issuer.
const http = require('node:http');
const { OAuth2Server } = require('oauth2-mock-server');

const port = Number(process.argv[2]);
const { issuer, service } = new OAuth2Server();
issuer.url = `http://127.0.0.1:${port}`;
const counts = { '/jwks': 0, '/.well-known/openid-configuration': 0, other: 0 };
let mode = { jwks: 'good', metadata: 'good' };
let kid;
const held = [];

async function rotate() {
    kid = (await issuer.keys.generate('ES256')).kid;
}

function reply(response, status, body, fields = {}) {
    response.writeHead(status, { 'content-type': 'application/json', ...fields });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function control(url, response) {
    if (url.pathname === '/control/rotate') await rotate();
    if (url.pathname === '/control/mode') mode = { jwks: 'good', metadata: 'good', ...Object.fromEntries(url.searchParams) };
    if (url.pathname === '/control/release') held.splice(0).forEach(go => go());
    if (url.pathname !== '/control/token') return reply(response, 200, { counts, kid, held: held.length });
    const more = JSON.parse(url.searchParams.get('claims') ?? '{}');
    const token = await issuer.buildToken({ kid, scopesOrTransform: (header, payload) => {
        Object.assign(payload, more);
        header.kid = url.searchParams.get('kid') ?? header.kid;
    } });
    return reply(response, 200, { token });
}

function misbehave(what, pass, response) {
    switch (what) {
    case 'good': return pass();
    case 'held': return void held.push(pass);
    case '500': return reply(response, 500, { error: 'server_error' });
    case '429': return reply(response, 429, {}, { 'retry-after': '70' });
    case 'redirect': return reply(response, 302, {}, { location: `${issuer.url}/jwks?again` });
    case 'malformed': return reply(response, 200, '{"keys":[');
    case 'html': return reply(response, 200, '<html>Sign in</html>', { 'content-type': 'text/html' });
    case 'large': return reply(response, 200, `{"keys":[],"x":"${'x'.repeat(300 * 1024)}"}`);
    case 'twice': return reply(response, 200, '{"keys":[],"keys":[]}');
    case 'reset': return response.destroy();
    case 'other': return reply(response, 200, { issuer: `${issuer.url}/other/`, jwks_uri: `${issuer.url}/jwks` });
    case 'outside': return reply(response, 200, { issuer: `${issuer.url}/outside`, jwks_uri: 'http://keys.example/jwks' });
    case 'keyless': return reply(response, 200, { issuer: `${issuer.url}/keyless` });
    default: return reply(response, 404, {});
    }
}

http.createServer((request, response) => {
    const url = new URL(request.url, issuer.url);
    if (url.pathname.startsWith('/control/')) return void control(url, response);
    counts[request.url in counts ? request.url : 'other'] += 1;
    const pass = () => service.requestHandler(request, response);
    const named = url.searchParams.get('mode') ?? url.pathname.match(/^\/(\w+)\/\.well-known\/openid-configuration$/)?.[1];
    if (url.pathname === '/jwks') return misbehave(named ?? mode.jwks, pass, response);
    if (url.pathname === '/.well-known/oauth-authorization-server/rfc8414') return reply(response, 200, { issuer: `${issuer.url}/rfc8414`, jwks_uri: `${issuer.url}/jwks` });
    if (url.pathname.includes('/.well-known/')) return misbehave(named ?? mode.metadata, pass, response);
    return reply(response, 404, {});
}).listen(port, '127.0.0.1', rotate);
