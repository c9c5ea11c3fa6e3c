package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"net/http/httptrace"
	"strings"
)

// kind is one sort of request with its share of all. What goes wrong with an excused one is by design: its agents are killed.
type kind struct {
	name    string
	share   int
	excused bool
	ask     func(*loader, *rand.Rand) (again int, err error)
}

var kinds = []kind{
	{name: "get", share: 460, ask: get("files/small", kept)},
	{name: "get 64 KiB", share: 60, ask: get("files/medium", kept)},
	{name: "get 1 MiB", share: 2, ask: get("files/large", kept)},
	{name: "get, TLS", share: 80, ask: get("files/small", keptTLS)},
	{name: "get, HTTP/2", share: 150, ask: get("files/small", http2)},
	{name: "get 64 KiB, HTTP/2", share: 20, ask: get("files/medium", http2)},
	{name: "get, new connection", share: 20, ask: get("files/small", fresh)},
	{name: "get, new connection with TLS", share: 8, ask: get("files/small", freshTLS)},
	{name: "get, agents are killed", share: 20, excused: true, ask: get("brittle/small", kept)},
	{name: "post", share: 90, ask: post("load", 20_000, false, kept)},
	{name: "post, chunked", share: 20, ask: post("load", 100_000, true, kept)},
	{name: "post, HTTP/2", share: 40, ask: post("load", 20_000, false, http2)},
	{name: "post, signed token", share: 30, ask: post("signed", 4_000, false, kept)},
}

var shares = func() (all int) {
	for _, kind := range kinds {
		all += kind.share
	}
	return all
}()

func pick(chance *rand.Rand) int {
	left := chance.Intn(shares)
	for i, kind := range kinds {
		if left -= kind.share; left < 0 {
			return i
		}
	}
	panic("shares are added up")
}

type way func(*loader) (*http.Client, string)

func kept(l *loader) (*http.Client, string)     { return l.clients.kept, "http://" + l.clear }
func fresh(l *loader) (*http.Client, string)    { return l.clients.fresh, "http://" + l.clear }
func keptTLS(l *loader) (*http.Client, string)  { return l.clients.keptTLS, "https://" + l.tls }
func freshTLS(l *loader) (*http.Client, string) { return l.clients.freshTLS, "https://" + l.tls }
func http2(l *loader) (*http.Client, string)    { return l.clients.nextHTTP2(), "https://" + l.tls }

func get(path string, by way) func(*loader, *rand.Rand) (int, error) {
	return func(l *loader, _ *rand.Rand) (int, error) {
		client, base := by(l)
		request, _ := http.NewRequest("GET", base+"/"+path, nil)
		return exchange(client, request, l.files[path[strings.Index(path, "/")+1:]])
	}
}

// post sends a part of the block and expects its digest.
func post(service string, most int, chunked bool, by way) func(*loader, *rand.Rand) (int, error) {
	return func(l *loader, chance *rand.Rand) (int, error) {
		client, base := by(l)
		size := chance.Intn(most)
		start := chance.Intn(len(l.block) - size)
		body := l.block[start : start+size]
		request, _ := http.NewRequest("POST", base+"/"+service+"/digest", bytes.NewReader(body))
		if chunked {
			request.ContentLength = -1
		}
		sum := sha256.Sum256(body)
		return exchange(client, request, []byte(digestLine(int64(size), sum[:])))
	}
}

// exchange asks and compares; `again` says how often the client itself had to ask anew, since a kept connection was gone.
func exchange(client *http.Client, request *http.Request, expected []byte) (again int, err error) {
	connections := 0
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connections++ }}
	answer, err := client.Do(request.WithContext(httptrace.WithClientTrace(context.Background(), trace)))
	if connections > 1 {
		again = connections - 1
	}
	if err != nil {
		return again, errors.Unwrap(err) // the address says nothing
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return again, fmt.Errorf("%d, and its body ended: %w", answer.StatusCode, err)
	}
	if answer.StatusCode != http.StatusOK {
		return again, fmt.Errorf("%d: %.300s", answer.StatusCode, body)
	}
	if !bytes.Equal(body, expected) {
		return again, fmt.Errorf("200 with another body: %d bytes, expected %d", len(body), len(expected))
	}
	return again, nil
}

// follow reads one stream of a few seconds to its end.
func (l *loader) follow() error {
	ticks := 10 + rand.Intn(70)
	answer, err := l.clients.fresh.Get(fmt.Sprintf("http://%s/load/stream?ticks=%d", l.clear, ticks))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	number := 0
	for ; lines.Scan() && lines.Text() == fmt.Sprintf("tick %d", number); number++ {
	}
	if answer.StatusCode != http.StatusOK || number != ticks || lines.Text() != "end" {
		return fmt.Errorf("%d, and after %d of %d ticks came %.100q (%v)", answer.StatusCode, number, ticks, lines.Text(), lines.Err())
	}
	return nil
}
