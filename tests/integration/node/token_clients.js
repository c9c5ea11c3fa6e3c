// Official clients of token endpoints: each step of the task names one, with its options; the answers come as a list, in order.
// A step that fails answers {error, code, status}, as the client tells it.
'use strict';

const metadataOnly = ['GCE_METADATA_HOST', 'METADATA_SERVER_DETECTION'];

// The client's addresses of Google are constants of it: requests to them go to the fake, as they are.
function redirected(client, told) {
  client.transporter.interceptors.request.add({
    resolved: async (config) => {
      for (const [from, to] of Object.entries(told.redirect || {})) {
        const url = String(config.url);
        if (url.startsWith(from)) config.url = new URL(to + url.slice(from.length));
      }
      return config;
    },
  });
  return client;
}

const clients = {
  async google_key(told) {
    const { JWT } = require('google-auth-library');
    const client = redirected(new JWT({ email: told.key.client_email, key: told.key.private_key, keyId: told.key.private_key_id, scopes: told.scopes }), told);
    if (told.audience) return { token: await client.fetchIdToken(told.audience) };
    const { credentials } = await client.refreshAccessToken();
    return { token: credentials.access_token, expires: credentials.expiry_date };
  },

  async google_self_signed(told) {
    const { JWT } = require('google-auth-library');
    const client = new JWT({ email: told.key.client_email, key: told.key.private_key, keyId: told.key.private_key_id });
    return { token: (await client.getRequestHeaders(told.audience)).get('authorization').slice('Bearer '.length) };
  },

  async google_external(told) {
    const { ExternalAccountClient, Impersonated } = require('google-auth-library');
    const client = ExternalAccountClient.fromJSON(told.configuration);
    client.scopes = told.scopes;
    if (told.audience) {
      const caller = new Impersonated({ sourceClient: client, targetPrincipal: told.email, targetScopes: [], endpoint: told.endpoint });
      caller.endpoint = told.endpoint;
      return { token: await caller.fetchIdToken(told.audience) };
    }
    const { token } = await client.getAccessToken();
    return { token, expires: client.credentials.expiry_date };
  },

  async google_metadata(told) {
    const { Compute } = require('google-auth-library');
    const client = new Compute({ scopes: told.scopes });
    if (told.audience) return { token: await client.fetchIdToken(told.audience) };
    const { token } = await client.getAccessToken();
    return { token, expires: client.credentials.expiry_date };
  },

  async entra(told) {
    const { ConfidentialClientApplication } = require('@azure/msal-node');
    const auth = { clientId: told.client, authority: told.authority, knownAuthorities: [new URL(told.authority).host], ...told.proof };
    const found = await new ConfidentialClientApplication({ auth }).acquireTokenByClientCredential({ scopes: told.scopes });
    return { token: found.accessToken, expires: found.expiresOn.getTime() };
  },

  async oauth2(told) {
    const { Issuer } = require('openid-client');
    const issuer = await Issuer.discover(told.issuer);
    const client = new issuer.Client(told.client, told.jwks || undefined);
    return await client.grant({ grant_type: 'client_credentials', ...told.parameters }, told.audience && { clientAssertionPayload: { aud: told.audience } });
  },
};

async function step(told) {
  for (const name of metadataOnly) delete process.env[name];
  Object.assign(process.env, told.environment);
  try {
    return await clients[told.use](told);
  } catch (error) {
    const response = error.response || (error.cause && error.cause.response);
    return { error: String(error.message), code: error.errorCode || error.error || error.code, status: error.status || (response && (response.status || response.statusCode)),
             numbers: error.errorNo };
  }
}

(async () => {
  const answers = [];
  for (const told of JSON.parse(process.argv[2])) answers.push(await step(told));
  process.stdout.write(JSON.stringify(answers));
})();
