package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

const (
	idle           = 20 * time.Second // less than the connector keeps a connection
	http2Clients   = 4
	http2Exchanges = 20_000 // after which an HTTP/2 client begins a connection of its own anew
)

// clients are the ways to the connector: kept connections, new ones, with and without TLS, and HTTP/2.
type clients struct {
	kept, fresh, keptTLS, freshTLS *http.Client
	tls                            *tls.Config

	turn  atomic.Int64
	http2 [http2Clients]atomic.Pointer[http.Client]
}

func newClients(address, authority string, workers int) *clients {
	pool := x509.NewCertPool()
	text, _ := os.ReadFile(authority)
	pool.AppendCertsFromPEM(text)
	c := &clients{tls: &tls.Config{RootCAs: pool, ServerName: "localhost"}}
	c.kept = client(&http.Transport{MaxIdleConnsPerHost: workers})
	c.fresh = client(&http.Transport{DisableKeepAlives: true})
	c.keptTLS = client(&http.Transport{MaxIdleConnsPerHost: workers, TLSClientConfig: c.tls})
	c.freshTLS = client(&http.Transport{DisableKeepAlives: true, TLSClientConfig: c.tls})
	for i := range c.http2 {
		c.http2[i].Store(c.newHTTP2())
	}
	return c
}

func client(transport *http.Transport) *http.Client {
	transport.IdleConnTimeout = idle
	transport.DisableCompression = true
	return &http.Client{Transport: transport, Timeout: patience}
}

func (c *clients) newHTTP2() *http.Client {
	return client(&http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: c.tls.Clone()})
}

// nextHTTP2 takes turns; what an older client still has under way goes on, and its connection ends when it was idle.
func (c *clients) nextHTTP2() *http.Client {
	turn := c.turn.Add(1)
	place := &c.http2[turn%http2Clients]
	if turn%http2Exchanges < http2Clients {
		place.Store(c.newHTTP2())
	}
	return place.Load()
}
