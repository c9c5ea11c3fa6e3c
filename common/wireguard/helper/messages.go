// The messages of the control protocol, as docs/decisions/0010-wireguard.md fixes them.
package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// No message is longer than this, in either direction.
const messageMost = 128 << 10

// request is any request; what it does not use stays empty.
type request struct {
	ID      json.RawMessage `json:"id"`
	Request string          `json:"request"`
	Device  string          `json:"device"`

	// open
	PrivateKey string `json:"private_key"`
	Address    string `json:"address"`
	MTU        int    `json:"mtu"`
	Bind       string `json:"bind"`
	AcceptPort uint16 `json:"accept_port"`
	Processors int    `json:"processors"`
	Memory     uint64 `json:"memory"`

	// peers
	Add    []peerMessage `json:"add"`
	Remove []string      `json:"remove"`

	// dial
	To        string `json:"to"`
	TimeoutMS int64  `json:"timeout_ms"`
	Peer      string `json:"peer"`

	// statistics and describe: the list goes on behind this key.
	After string `json:"after"`
}

type peerMessage struct {
	PublicKey    string `json:"public_key"`
	PresharedKey string `json:"preshared_key"`
	Address      string `json:"address"`
	Endpoint     string `json:"endpoint"`
	Keepalive    uint16 `json:"keepalive"`
}

// reply is any reply; what it does not use is left out.
type reply struct {
	ID     json.RawMessage `json:"id"`
	OK     bool            `json:"ok,omitempty"`
	Error  string          `json:"error,omitempty"`
	Reason reason          `json:"reason,omitempty"`

	Bind    string               `json:"bind,omitempty"`
	From    string               `json:"from,omitempty"`
	Peers   *[]peerStatistics    `json:"peers,omitempty"`
	Dropped *uint64              `json:"dropped,omitempty"`
	Devices *[]deviceDescription `json:"devices,omitempty"`
	More    bool                 `json:"more,omitempty"` // the list was longer than a message
}

type peerStatistics struct {
	PublicKey string `json:"public_key"`
	Endpoint  string `json:"endpoint"`
	Handshake int64  `json:"handshake"` // unix ns; 0: never
	Received  uint64 `json:"received"`
	Sent      uint64 `json:"sent"`
}

type deviceDescription struct {
	Device string   `json:"device"`
	Bind   string   `json:"bind"`
	Peers  []string `json:"peers"`
}

// event is what is said unasked.
type event struct {
	Event  string `json:"event"`
	Device string `json:"device,omitempty"`
	From   string `json:"from,omitempty"`
	Level  string `json:"level,omitempty"`
	Words  string `json:"words,omitempty"`
}

// reason is the part of a failure that a program reads.
type reason string

const (
	connectionTimeout reason = "connection_timeout"
	connectionRefused reason = "connection_refused"
	addressInUse      reason = "address_in_use"
	notPermitted      reason = "not_permitted"
	invalid           reason = "invalid"
	failed            reason = "failed"
)

// failure is an error with its reason.
type failure struct {
	reason reason
	words  string
}

func (f *failure) Error() string { return f.words }

func failuref(why reason, format string, arguments ...any) error {
	return &failure{why, fmt.Sprintf(format, arguments...)}
}

// refuse makes the reply that says why not.
func refuse(id json.RawMessage, err error) reply {
	why := failed
	var known *failure
	if errors.As(err, &known) {
		why = known.reason
	}
	return reply{ID: id, Error: err.Error(), Reason: why}
}

// key is an X25519 or preshared key.
type key [32]byte

func (k key) String() string { return base64.StdEncoding.EncodeToString(k[:]) }

// parseKey reads a key as `wg` prints it. The error does not repeat the text: it may be a secret.
func parseKey(text, member string) (key, error) {
	var k key
	bytes, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(bytes) != len(k) {
		return k, failuref(invalid, "%s: not a key of 32 bytes in base64", member)
	}
	copy(k[:], bytes)
	return k, nil
}
