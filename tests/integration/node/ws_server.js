// A WebSocket server of the module ws: node ws_server.js PORT. What it does on a connection is in its path.
'use strict';
const http = require('http');
const {WebSocketServer} = require('ws');

const seen = {closed: [], pongs: 0, flooded: 0, protocols: []};
const server = http.createServer((request, response) => response.end(JSON.stringify(seen)));
const sockets = new WebSocketServer({noServer: true, maxPayload: 64 << 20, handleProtocols: offered => [...offered][0]});

const behaviours = {
  echo: socket => socket.on('message', (data, isBinary) => socket.send(data, {binary: isBinary})),
  idle: () => {},
  goodbye: (socket, [code]) => socket.close(Number(code), 'as you wish'),
  ping: socket => { socket.on('pong', () => seen.pongs++); socket.ping('are you there'); },
  // Sends as long as its own buffer is small: what it has sent is what the way has taken.
  flood: socket => {
    const block = Buffer.alloc(65536, 'f');
    const more = () => {
      while (socket.readyState === socket.OPEN && socket.bufferedAmount < 262144) { socket.send(block); seen.flooded += block.length; }
      if (socket.readyState === socket.OPEN) setTimeout(more, 5);
    };
    more();
  },
};

server.on('upgrade', (request, socket, head) => {
  const parts = request.url.split('/').filter(Boolean);
  const at = parts.findIndex(part => part in behaviours);
  socket.on('error', () => {});
  if (at < 0) return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\nX-Why: origin\r\nConnection: close\r\n\r\nnot you');
  seen.protocols.push(request.headers['sec-websocket-protocol'] || null);
  sockets.handleUpgrade(request, socket, head, accepted => {
    accepted.on('close', (code, reason) => seen.closed.push([code, reason.toString()]));
    accepted.on('error', () => {});
    behaviours[parts[at]](accepted, parts.slice(at + 1));
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');
