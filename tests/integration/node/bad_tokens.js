// Tokens by an implementation that is not ours (npm jose; by hand with node:crypto where it refuses): for each way to be
// bad a good twin that differs in that alone. Told { issuer, audience, lure }; prints { jwks, good, bad }.
const crypto = require('node:crypto');
const jose = require('jose');

const { issuer, audience, lure } = JSON.parse(process.argv[2]);
const now = Math.floor(Date.now() / 1000);
const b64 = text => Buffer.from(text).toString('base64url');
const claims = more => ({ iss: issuer, aud: audience, sub: 'storefront', iat: now, nbf: now - 5, exp: now + 600, ...more });
const without = (object, name) => Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));

const keys = {};
async function makeKeys() {
    for (const [kid, alg, options] of [['rsa', 'RS256'], ['pss', 'PS256'], ['ec', 'ES256'], ['ec384', 'ES384'], ['ed', 'EdDSA', { crv: 'Ed25519' }],
        ['free', 'RS256'], ['stranger', 'RS256'], ['stranger-ec', 'ES256']]) {
        keys[kid] = { kid, alg, ...await jose.generateKeyPair(alg, { extractable: true, ...options }) };
    }
    keys.small = { kid: 'small', alg: 'RS256', ...crypto.generateKeyPairSync('rsa', { modulusLength: 1024 }) };
    keys.k1 = { kid: 'k1', alg: 'ES256', ...crypto.generateKeyPairSync('ec', { namedCurve: 'secp256k1' }) };
    keys.encrypting = { kid: 'encrypting', alg: 'RS256', ...await jose.generateKeyPair('RS256', { extractable: true }) };
}

async function jwk(kid, more = {}) {
    return { ...await jose.exportJWK(keys[kid].publicKey), kid, use: 'sig', alg: keys[kid].alg, ...more };
}

async function published() {
    return { keys: [await jwk('rsa'), await jwk('pss'), await jwk('ec'), await jwk('ec384'), await jwk('ed'), without(await jwk('free'), 'alg'),
        await jwk('small'), { ...keys.k1.publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig' }, await jwk('encrypting', { use: 'enc' }),
        { kty: 'oct', kid: 'shared', k: b64('a secret that everybody knows, since it is published'), alg: 'HS256' }] };
}

/// By npm jose.
const sign = (more = {}, header = {}, kid = 'rsa') =>
    new jose.SignJWT(claims(more)).setProtectedHeader({ alg: keys[kid].alg, kid, ...header }).sign(keys[kid].privateKey);

/// Any two texts, signed by hand.
function byHand(header, payload, kid = 'rsa', alg = keys[kid].alg) {
    const text = `${b64(header)}.${b64(payload)}`;
    const key = keys[kid].privateKey;
    const options = { RS256: { key }, RS512: { key }, ES256: { key, dsaEncoding: 'ieee-p1363' }, 'ES256-DER': { key, dsaEncoding: 'der' }, EdDSA: { key },
        PS256: { key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }, 'PS256-0': { key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 0 } };
    const hash = alg === 'EdDSA' ? null : alg === 'RS512' ? 'sha512' : 'sha256';
    return `${text}.${crypto.sign(hash, Buffer.from(text), options[alg]).toString('base64url')}`;
}
const signedText = (header, payload = JSON.stringify(claims())) => byHand(header, payload);
const head = (more = {}) => JSON.stringify({ alg: 'RS256', kid: 'rsa', ...more });
const mac = (secret, header) => {
    const text = `${b64(JSON.stringify(header))}.${b64(JSON.stringify(claims()))}`;
    return `${text}.${crypto.createHmac('sha256', secret).update(text).digest('base64url')}`;
};
const unsecured = alg => `${b64(JSON.stringify({ alg, kid: 'rsa' }))}.${b64(JSON.stringify(claims()))}.`;
const bearer = token => [['authorization', `Bearer ${token}`]];

async function rows() {
    const bad = [];
    const good = [];
    const usual = await sign();
    const [usualHead, usualBody, usualTail] = usual.split('.');
    const add = (name, token, twin = usual) => bad.push({ name, fields: Array.isArray(token) ? token : bearer(token), twin: Array.isArray(twin) ? twin : bearer(twin) });
    const fine = (name, token) => good.push({ name, fields: Array.isArray(token) ? token : bearer(token) });
    const ec = await sign({}, {}, 'ec');
    const publicPem = await jose.exportSPKI(keys.rsa.publicKey);
    const publicDer = keys.rsa.publicKey.export({ type: 'spki', format: 'der' });
    const publicJwk = JSON.stringify(await jose.exportJWK(keys.rsa.publicKey));
    const strangerJwk = await jose.exportJWK(keys.stranger.publicKey);

    // --- times
    add('expired', await sign({ exp: now - 60 }), await sign({ exp: now + 60 }));
    add('expired by a fraction beyond the skew', await sign({ exp: now - 31.5 }), await sign({ exp: now + 30.5 }));
    add('no exp', await new jose.SignJWT(without(claims(), 'exp')).setProtectedHeader({ alg: 'RS256', kid: 'rsa' }).sign(keys.rsa.privateKey));
    add('exp as text', signedText(head(), JSON.stringify({ ...claims(), exp: String(now + 600) })), signedText(head()));
    add('negative exp', signedText(head(), JSON.stringify({ ...claims(), exp: -(now + 600) })), signedText(head()));
    add('exp of null', signedText(head(), JSON.stringify({ ...claims(), exp: null })), signedText(head()));
    add('exp in milliseconds', signedText(head(), JSON.stringify({ ...claims(), exp: (now + 600) * 1000 })), signedText(head()));
    add('exp of infinity', signedText(head(), JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e400')), signedText(head()));
    add('not yet valid', await sign({ nbf: now + 120 }), await sign({ nbf: now - 120 }));
    add('issued in the future', await sign({ iat: now + 120 }), await sign({ iat: now - 120 }));
    // --- who and for whom
    add('another audience', await sign({ aud: 'https://other.example' }), await sign({ aud: audience }));
    add('a list of other audiences', await sign({ aud: ['a', 'b', `${audience}/`] }), await sign({ aud: ['a', 'b', audience] }));
    add('an audience as prefix', await sign({ aud: audience.slice(0, -1) }));
    add('no audience', signedText(head(), JSON.stringify(without(claims(), 'aud'))), signedText(head()));
    add('an audience within an object', signedText(head(), JSON.stringify({ ...claims(), aud: { [audience]: true } })), signedText(head()));
    add('another issuer', await sign({ iss: 'https://evil.example' }), await sign({ iss: issuer }));
    add('an issuer with a slash more', await sign({ iss: `${issuer}/` }));
    add('no issuer', signedText(head(), JSON.stringify(without(claims(), 'iss'))), signedText(head()));
    add('a list of issuers', signedText(head(), JSON.stringify({ ...claims(), iss: [issuer] })), signedText(head()));
    add('a subject that is empty', await sign({ sub: '' }));
    add('the subject anonymous', await sign({ sub: 'anonymous' }));
    add('a subject with a line end', await sign({ sub: 'storefront\r\nx-admin: 1' }));
    // --- algorithms
    for (const none of ['none', 'None', 'NONE', 'nOnE']) add(`unsecured: ${none}`, unsecured(none));
    add('unsecured with a signature', `${b64(head({ alg: 'none' }))}.${usualBody}.${usualTail}`);
    add('unsecured by npm jose', new jose.UnsecuredJWT(claims()).encode());
    add('HS256 with the public key in PEM', mac(publicPem, { alg: 'HS256', kid: 'rsa' }));
    add('HS256 with the public key in PEM, trimmed', mac(publicPem.trim(), { alg: 'HS256', kid: 'rsa' }));
    add('HS256 with the public key in DER', mac(publicDer, { alg: 'HS256', kid: 'rsa' }));
    add('HS256 with the JWK', mac(publicJwk, { alg: 'HS256', kid: 'rsa' }));
    add('HS256 with a published secret', mac('a secret that everybody knows, since it is published', { alg: 'HS256', kid: 'shared' }));
    add('HS256 with nothing', mac('', { alg: 'HS256', kid: 'rsa' }));
    add('alg in lower case', byHand(head({ alg: 'rs256' }), JSON.stringify(claims())), signedText(head()));
    add('no alg', byHand(JSON.stringify({ kid: 'rsa' }), JSON.stringify(claims())), signedText(head()));
    add('an algorithm that is not allowed', await sign({}, {}, 'ec384'), ec);
    add('RS512 by a key for RS256', byHand(head({ alg: 'RS512' }), JSON.stringify(claims()), 'rsa', 'RS512'), signedText(head()));
    add('RS512 by a key for anything, not allowed', byHand(head({ alg: 'RS512', kid: 'free' }), JSON.stringify(claims()), 'free', 'RS512'), await sign({}, {}, 'free'));
    add('PS256 by a key for RS256', byHand(head({ alg: 'PS256' }), JSON.stringify(claims()), 'rsa', 'PS256'), await sign({}, {}, 'pss'));
    add('RS256 by a key for PS256', byHand(head({ kid: 'pss' }), JSON.stringify(claims()), 'pss', 'RS256'), await sign({}, {}, 'pss'));
    add('PS256 without salt', byHand(head({ alg: 'PS256', kid: 'pss' }), JSON.stringify(claims()), 'pss', 'PS256-0'), await sign({}, {}, 'pss'));
    add('ES256 with the kid of an RSA key', byHand(head({ alg: 'ES256' }), JSON.stringify(claims()), 'ec'), ec);
    // --- keys
    add('an unknown kid', await sign({}, { kid: 'nobody' }));
    add('the kid of another key', await sign({}, { kid: 'free' }), await sign({}, {}, 'free'));
    add('no kid where several fit', await new jose.SignJWT(claims()).setProtectedHeader({ alg: 'RS256' }).sign(keys.rsa.privateKey));
    add('an empty kid', await sign({}, { kid: '' }));
    add('a kid that is a number', signedText(head({ kid: 7 })), signedText(head()));
    add('a kid that is a path', await sign({}, { kid: '../../../../dev/null' }));
    add('a kid of SQL', await sign({}, { kid: "rsa' OR '1'='1" }));
    add('a key that is not published', await sign({}, { kid: 'rsa' }, 'stranger'));
    add('a curve that is not published', await sign({}, { kid: 'ec' }, 'stranger-ec'), ec);
    add('RSA of 1024 bits', byHand(head({ kid: 'small' }), JSON.stringify(claims()), 'small'));
    add('secp256k1', byHand(head({ alg: 'ES256', kid: 'k1' }), JSON.stringify(claims()), 'k1'), ec);
    add('a key for encryption', await sign({}, {}, 'encrypting'), await sign({}, {}, 'rsa'));
    add('its own key in jwk', await sign({}, { kid: 'rsa', jwk: strangerJwk }, 'stranger'), await sign({}, { jwk: strangerJwk }));
    add('its own key in jwk, without kid', await new jose.SignJWT(claims()).setProtectedHeader({ alg: 'RS256', jwk: strangerJwk }).sign(keys.stranger.privateKey));
    add('its own keys at jku', await sign({}, { kid: 'stranger', jku: `${lure}/jku` }, 'stranger'), await sign({}, { jku: `${lure}/jku` }));
    add('its own certificate at x5u', await sign({}, { kid: 'stranger', x5u: `${lure}/x5u` }, 'stranger'), await sign({}, { x5u: `${lure}/x5u` }));
    add('its own certificate in x5c', await sign({}, { kid: 'stranger', x5c: [publicDer.toString('base64')] }, 'stranger'));
    // --- signatures
    const flipped = Buffer.from(usualTail, 'base64url');
    flipped[10] ^= 1;
    add('a bit flipped', `${usualHead}.${usualBody}.${flipped.toString('base64url')}`);
    add('the claims of another token', `${usualHead}.${b64(JSON.stringify(claims({ sub: 'root' })))}.${usualTail}`);
    add('a signature cut off', usual.slice(0, -8));
    add('no signature', `${usualHead}.${usualBody}.`);
    add('a signature of zeros', `${usualHead}.${usualBody}.${Buffer.alloc(256).toString('base64url')}`);
    add('ES256 in DER', byHand(head({ alg: 'ES256', kid: 'ec' }), JSON.stringify(claims()), 'ec', 'ES256-DER'), byHand(head({ alg: 'ES256', kid: 'ec' }), JSON.stringify(claims()), 'ec'));
    add('ES256 of r = s = 0', `${ec.split('.').slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}`, ec);
    add('ES256 of n bytes of zeros in front', `${ec.split('.').slice(0, 2).join('.')}.${Buffer.concat([Buffer.alloc(1), Buffer.from(ec.split('.')[2], 'base64url')]).toString('base64url')}`, ec);
    // --- texts
    add('padding', `${usual}=`);
    add('padding in the header', `${Buffer.from(head()).toString('base64')}.${usualBody}.${usualTail}`.replace(/^([^.=]*)\./, '$1=.'), signedText(head()));
    add('the other alphabet', `${usualHead}.${usualBody}.${usualTail.slice(0, -6)}+/+/AA`);
    add('a blank inside', `${usualHead}. ${usualBody}.${usualTail}`);
    add('bits left over', usual.slice(0, -1) + String.fromCharCode(usual.charCodeAt(usual.length - 1) + 1));
    add('four parts', `${usual}.e30`);
    add('two parts', `${usualHead}.${usualBody}`);
    add('no parts', 'token');
    add('something in front', `x${usual}`);
    add('in percent encoding', usual.replaceAll('.', '%2e'));
    add('the JSON form', JSON.stringify({ protected: usualHead, payload: usualBody, signature: usualTail }));
    add('oversized', await sign({ filler: 'x'.repeat(16 * 1024) }), await sign({ filler: 'x'.repeat(8 * 1024) }));
    // --- JSON
    add('aud twice', signedText(head(), JSON.stringify(claims()).replace('{', '{"aud":"other",')), signedText(head()));
    add('exp twice', signedText(head(), JSON.stringify(claims()).replace('{', `{"exp":${now + 900},`)), signedText(head()));
    add('a claim twice within an object', signedText(head(), JSON.stringify(claims()).replace('{', '{"a":{"b":1,"\\u0062":1},')), signedText(head()));
    add('alg twice', signedText('{"alg":"none","alg":"RS256","kid":"rsa"}'), signedText(head()));
    add('kid twice', signedText('{"alg":"RS256","kid":"stranger","kid":"rsa"}'), signedText(head()));
    add('claims in a list', signedText(head(), JSON.stringify([claims()])), signedText(head()));
    add('claims with a comma too many', signedText(head(), JSON.stringify(claims()).replace('}', ',}')), signedText(head()));
    add('claims with something behind', signedText(head(), `${JSON.stringify(claims())}{}`), signedText(head()));
    add('claims not in UTF-8', byHand(head(), Buffer.concat([Buffer.from(JSON.stringify(claims()).slice(0, -1) + ',"x":"'), Buffer.from([0xff, 0x22, 0x7d])])), signedText(head()));
    add('claims that nest deeply', signedText(head(), JSON.stringify(claims()).replace('{', `{"x":${'['.repeat(200)}${']'.repeat(200)},`)), signedText(head()));
    add('a header with a byte order mark', signedText(`\ufeff${head()}`), signedText(head()));
    // --- headers that ask for more
    add('crit', signedText(head({ crit: ['exp'], exp: now + 600 })), signedText(head({ exp: now + 600 })));
    add('crit of something unknown', signedText(head({ crit: ['https://x'], 'https://x': true })), signedText(head({ 'https://x': true })));
    add('b64 false', signedText(head({ b64: false, crit: ['b64'] })), signedText(head()));
    add('a token in a token', signedText(head({ cty: 'JWT' }), usual), usual);
    add('a token of another purpose', await sign({}, { typ: 'logout+jwt' }), await sign({}, { typ: 'at+jwt' }));
    add('encrypted', await new jose.EncryptJWT(claims()).setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A128GCM', kid: 'rsa' }).encrypt(keys.rsa.publicKey));
    add('encrypted directly', await new jose.EncryptJWT(claims()).setProtectedHeader({ alg: 'dir', enc: 'A128GCM' }).encrypt(new Uint8Array(16)));
    // --- fields
    add('two Authorization fields', [...bearer(usual), ...bearer(usual)], bearer(usual));
    add('two, of which one is bad', [...bearer(usual), ...bearer('x.y.z')], bearer(usual));
    add('no scheme', [['authorization', usual]]);
    add('another scheme', [['authorization', `Basic ${usual}`]]);
    add('a scheme that begins like it', [['authorization', `Bearer1 ${usual}`]]);
    add('two tokens', [['authorization', `Bearer ${usual} ${usual}`]]);
    add('two tokens with a comma', [['authorization', `Bearer ${usual}, Bearer ${usual}`]]);
    add('a token as parameter', [['authorization', `Bearer token="${usual}"`]]);
    add('an empty token', [['authorization', 'Bearer ']]);
    add('the scheme alone', [['authorization', 'Bearer']]);
    add('nothing', []);
    add('a token in another field', [['x-authorization', `Bearer ${usual}`]]);

    fine('usual', usual);
    for (const scheme of ['bearer', 'BEARER', 'bEARER']) fine(`scheme ${scheme}`, [['authorization', `${scheme} ${usual}`]]);
    for (const kid of ['pss', 'ec', 'ed', 'free']) fine(`by ${kid}`, await sign({}, {}, kid));
    fine('without kid where one fits', await new jose.SignJWT(claims()).setProtectedHeader({ alg: 'EdDSA' }).sign(keys.ed.privateKey));
    fine('typ JWT', await sign({}, { typ: 'JWT' }));
    fine('typ application/at+jwt', await sign({}, { typ: 'application/at+jwt' }));
    fine('expired within the skew', await sign({ exp: now - 5 }));
    fine('times with fractions', await sign({ exp: now + 600.25, nbf: now - 0.5, iat: now - 0.75 }));
    fine('an exp in exponents', signedText(head(), JSON.stringify(claims()).replace(/"exp":\d+/, `"exp":${((now + 600) / 1e9).toFixed(9)}e9`)));
    fine('no nbf, no iat', signedText(head(), JSON.stringify(without(without(claims(), 'nbf'), 'iat'))));
    fine('white space in JSON', signedText(`{ "alg" : "RS256",\r\n\t"kid":"rsa" }`, JSON.stringify(claims(), null, 4)));
    fine('with claims', await sign({ sub: 'user-1', azp: 'mobile', realm_access: { roles: ['reader', 'writer'], level: 3 }, 'https://example.com/team': 'blue', admin: false }));
    fine('of a listed client', await sign({ sub: 'service-account', azp: 'batch' }));
    return { good, bad };
}

makeKeys().then(async () => {
    const { good, bad } = await rows();
    console.log(JSON.stringify({ jwks: await published(), good, bad }));
}).catch(error => {
    console.error(error);
    process.exit(1);
});
