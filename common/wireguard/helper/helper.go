// What the requests of the control protocol do.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"runtime"
	"sort"
	"sync"
	"syscall"
	"time"
)

const (
	devicesMost = 16
	dialsMost   = 1024 // that have not ended

	// A parent that is still there waits for us to end, a second at most.
	farewellMost = 500 * time.Millisecond

	// What one message may hold of the lists that have no bound of their own.
	statisticsMost = 600
	keysMost       = 2000
)

// helper answers requests in their order, but for dials and closing, which take their time.
type helper struct {
	control *control
	log     *logger
	dials   chan struct{}

	networks map[string]*network // only serve's goroutine uses it
	parting  sync.WaitGroup      // those that are being closed
}

func newHelper(c *control) *helper {
	h := &helper{control: c, dials: make(chan struct{}, dialsMost), networks: map[string]*network{}}
	h.log = newLogger(func(line event) { _ = c.write(line, 0) })
	return h
}

// serve ends when the parent's end of the channel is closed.
func (h *helper) serve() {
	for {
		asked, err := h.control.read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			h.answer(refuse(idOf(asked.ID), err))
			continue
		}
		h.handle(&asked)
	}
}

// leave ends everything. A parent that was killed has closed its connections: the other ends shall hear of it as they
// would from a kernel, and not find out by silence.
func (h *helper) leave() {
	for _, n := range h.networks {
		h.part(n, func() {})
	}
	h.parting.Wait()
}

// part closes a network once what was said last in its connections has arrived.
func (h *helper) part(n *network, then func()) {
	h.parting.Add(1)
	go guard(h.log, func() {
		defer h.parting.Done()
		n.farewell(farewellMost)
		n.close()
		then()
	})
}

func (h *helper) handle(asked *request) {
	id := idOf(asked.ID)
	if asked.Request == "open" {
		h.answer(h.open(id, asked))
		return
	}
	if asked.Request == "describe" {
		h.answer(h.describe(id, asked.After))
		return
	}
	n := h.networks[asked.Device]
	if n == nil {
		h.answer(refuse(id, failuref(invalid, "device: there is none called %q", asked.Device)))
		return
	}
	switch asked.Request {
	case "peers":
		if err := n.peers.change(asked.Add, asked.Remove); err != nil {
			h.answer(refuse(id, err))
			return
		}
		h.answer(reply{ID: id, OK: true})
	case "dial":
		h.dial(id, n, asked)
	case "statistics":
		h.answer(h.statistics(id, n, asked.After))
	case "close":
		delete(h.networks, asked.Device)
		h.part(n, func() { h.answer(reply{ID: id, OK: true}) })
	default:
		h.answer(refuse(id, failuref(invalid, "request: there is none called %q", asked.Request)))
	}
}

func (h *helper) open(id json.RawMessage, asked *request) reply {
	if asked.Device == "" || h.networks[asked.Device] != nil || len(h.networks) == devicesMost {
		return refuse(id, failuref(invalid, "device: %q is no new name, or there are %d devices already", asked.Device, devicesMost))
	}
	if asked.Processors > 0 {
		runtime.GOMAXPROCS(asked.Processors)
	}
	if asked.Memory > 0 {
		limitMemory(asked.Memory)
	}
	name := asked.Device
	n, err := openNetwork(asked, h.log, func(descriptor int, from netip.AddrPort) {
		_ = h.control.write(event{Event: "accepted", Device: name, From: from.String()}, descriptor)
	})
	if err != nil {
		return refuse(id, err)
	}
	h.networks[name] = n
	return reply{ID: id, OK: true, Bind: n.bind.at.String()}
}

func (h *helper) dial(id json.RawMessage, n *network, asked *request) {
	to, err := netip.ParseAddrPort(asked.To)
	if err != nil || to.Port() == 0 || to.Addr().Is6() != n.address.Is6() {
		h.answer(refuse(id, failuref(invalid, "to: %q is not ip:port of the device's family", asked.To)))
		return
	}
	k, err := parseKey(asked.Peer, "peer")
	if err == nil && !n.peers.has(k) {
		err = failuref(invalid, "peer: %s is not known", k)
	}
	if err != nil {
		h.answer(refuse(id, err))
		return
	}
	select {
	case h.dials <- struct{}{}:
	default:
		h.answer(refuse(id, failuref(failed, "%d dials have not ended yet", dialsMost)))
		return
	}
	go guard(h.log, func() {
		descriptor, from, err := n.dial(to, k, time.Duration(asked.TimeoutMS)*time.Millisecond)
		<-h.dials
		if err != nil {
			h.answer(refuse(id, err))
			return
		}
		_ = h.control.write(reply{ID: id, OK: true, From: from.String()}, descriptor)
		syscall.Close(descriptor)
	})
}

func (h *helper) statistics(id json.RawMessage, n *network, after string) reply {
	answer := reply{ID: id, OK: true}
	all, dropped := n.peers.statistics(after), n.dropped()
	if len(all) > statisticsMost {
		all, answer.More = all[:statisticsMost], true
	}
	if all == nil {
		all = []peerStatistics{}
	}
	answer.Peers, answer.Dropped = &all, &dropped
	return answer
}

// describe tells of all devices. When their keys do not fit into a message, only the first of all are in it; those
// behind the last of them come when asked for.
func (h *helper) describe(id json.RawMessage, after string) reply {
	devices, all := []deviceDescription{}, []string{}
	for name, n := range h.networks {
		keys := n.peers.keys(after)
		all = append(all, keys...)
		devices = append(devices, deviceDescription{Device: name, Bind: n.bind.at.String(), Peers: keys})
	}
	more := len(all) > keysMost
	if more {
		sort.Strings(all)
		for i := range devices {
			keys := devices[i].Peers
			devices[i].Peers = keys[:sort.SearchStrings(keys, all[keysMost])]
		}
	}
	return reply{ID: id, OK: true, Devices: &devices, More: more}
}

func (h *helper) answer(message reply) { _ = h.control.write(message, 0) }

// idOf repeats an id; a request without one is answered with null.
func idOf(id json.RawMessage) json.RawMessage {
	if len(id) == 0 || len(id) > 64 {
		return json.RawMessage("null")
	}
	return id
}
