// What WireGuard knows of its peers.
package main

import (
	"bytes"
	"encoding/hex"
	"sort"
	"strconv"
	"strings"
)

// statistics are of the peers whose keys are behind `after`, in order, without those that nothing was heard of yet.
func (p *peers) statistics(after string) []peerStatistics {
	reader := statisticsReader{after: after}
	_ = p.network.device.IpcGetOperation(&reader)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for i := range reader.peers {
		k, _ := parseKey(reader.peers[i].PublicKey, "")
		if one := p.known[k]; one != nil && one.past != nil && one.awake {
			reader.peers[i].add(one.past)
		}
	}
	for k, one := range p.known {
		if one.past != nil && !one.awake && k.String() > after {
			reader.peers = append(reader.peers, *one.past)
		}
	}
	sort.Slice(reader.peers, func(i, j int) bool { return reader.peers[i].PublicKey < reader.peers[j].PublicKey })
	return reader.peers
}

// add joins what was before the peer rested.
func (s *peerStatistics) add(past *peerStatistics) {
	s.Received += past.Received
	s.Sent += past.Sent
	if s.Handshake == 0 {
		s.Handshake = past.Handshake
	}
}

// statisticsReader reads what wireguard-go says of itself, keys included: it goes nowhere else.
type statisticsReader struct {
	after string
	peers []peerStatistics
}

// Write gets the whole text at once (io.Writer).
func (r *statisticsReader) Write(text []byte) (int, error) {
	length := len(text)
	var skipped peerStatistics
	current := &skipped
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte{'\n'})
		member, value, _ := strings.Cut(string(line), "=")
		switch member {
		case "public_key":
			var k key
			hex.Decode(k[:], []byte(value))
			current = &skipped
			if name := k.String(); name > r.after {
				r.peers = append(r.peers, peerStatistics{PublicKey: name})
				current = &r.peers[len(r.peers)-1]
			}
		case "endpoint":
			current.Endpoint = value
		case "last_handshake_time_sec":
			current.Handshake += number(value) * 1e9
		case "last_handshake_time_nsec":
			current.Handshake += number(value)
		case "rx_bytes":
			current.Received = uint64(number(value))
		case "tx_bytes":
			current.Sent = uint64(number(value))
		}
	}
	return length, nil
}

func number(text string) int64 {
	value, _ := strconv.ParseInt(text, 10, 64)
	return value
}

// current is what the device knows of one peer.
func (p *peers) current(k key) peerStatistics {
	reader := statisticsReader{}
	_ = p.network.device.IpcGetOperation(&reader)
	for i := range reader.peers {
		if reader.peers[i].PublicKey == k.String() {
			return reader.peers[i]
		}
	}
	return peerStatistics{}
}
