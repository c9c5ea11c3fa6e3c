// Watching over the peers that connections depend on. WireGuard itself notices only after 15 s that a peer was restarted
// and knows its keys no more, and then its connections are still there, as dead as before: nobody has reset them.
package main

import (
	"net/netip"
	"time"

	"golang.zx2c4.com/wireguard/device"
	"gvisor.dev/gvisor/pkg/tcpip"
)

const (
	vigilEvery = 250 * time.Millisecond
	// Sessions are probed every second, so this long a silence is worth a question: a handshake, which a peer that lives
	// answers.
	silentMost = 1500 * time.Millisecond
	// After it, what TCP sends to keep idle connections alive is answered by resets when the peer was restarted. So the
	// first connections to a peer ask early, and as long as the others do. They are enough for an agent's sessions.
	eagerMost     = 16
	eagerIdle     = silentMost
	eagerInterval = vigilEvery
	eagerCount    = int((keepaliveIdle + keepaliveCount*keepaliveInterval - eagerIdle) / eagerInterval)
	// Questions come slower and slower, so that on a path that takes seconds an answer is not overtaken by the next.
	pauseFirst = time.Second
	pauseMost  = 5 * time.Second
)

// silence is what is known of a peer that connections depend on.
type silence struct {
	heard uint64    // what was received until `since`
	since time.Time // when that was seen to change
	asked time.Time // when a handshake was begun because of it; zero: not yet
	pause time.Duration
}

// looked takes note of what was received by now; true when it is time to ask.
func (s *silence) looked(heard uint64, now time.Time) bool {
	if heard != s.heard || s.since.IsZero() {
		*s = silence{heard: heard, since: now}
		return false
	}
	if now.Sub(s.since) < silentMost || !s.asked.IsZero() && now.Sub(s.asked) < s.pause {
		return false
	}
	if s.asked.IsZero() {
		s.pause = pauseFirst
	} else if s.pause += s.pause / 4; s.pause > pauseMost {
		s.pause = pauseMost
	}
	return true
}

// keepVigil runs until the network is closed.
func (n *network) keepVigil() {
	ticker := time.NewTicker(vigilEvery)
	defer ticker.Stop()
	silences := map[key]*silence{}
	for {
		select {
		case now := <-ticker.C:
			n.lookAfter(silences, now)
		case <-n.closed:
			return
		}
	}
}

// lookAfter looks at the peers whose endpoints were named and that somebody waits for.
func (n *network) lookAfter(silences map[key]*silence, now time.Time) {
	named := n.peers.named()
	for k := range silences {
		if _, still := named[k]; !still {
			delete(silences, k)
		}
	}
	for k, address := range named {
		if !n.dependsOn(address) {
			delete(silences, k)
			continue
		}
		if silences[k] == nil {
			silences[k] = &silence{}
		}
		current := n.peers.current(k)
		if s := silences[k]; s.looked(current.Received, now) {
			fresh := now.Sub(time.Unix(0, current.Handshake)) < device.RekeyTimeout
			n.ask(k, fresh || !s.asked.IsZero())
			s.asked = now
		}
	}
}

// ask begins a handshake. Keys that work are not given up for the first silence, which may be one of the path; but while
// they are fresh, WireGuard begins no handshake beside them.
func (n *network) ask(k key, anew bool) {
	if anew {
		n.renew(k)
	} else if known := n.device.LookupPeer(device.NoisePublicKey(k)); known != nil {
		known.SendHandshakeInitiation(false)
	}
}

// hasten makes a connection ask early whether the peer still knows it.
func hasten(connection tcpip.Endpoint) {
	idle, interval := tcpip.KeepaliveIdleOption(eagerIdle), tcpip.KeepaliveIntervalOption(eagerInterval)
	connection.SetSockOpt(&idle)
	connection.SetSockOpt(&interval)
	connection.SetSockOptInt(tcpip.KeepaliveCountOption, eagerCount)
}

// dependsOn is true when there are connections with an address, or one is being opened.
func (n *network) dependsOn(address netip.Addr) bool {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.dialling[address] > 0 {
		return true
	}
	for s := range n.streams {
		if s.remote == address {
			return true
		}
	}
	return false
}

// dials counts the connections that are being opened to an address.
func (n *network) dials(address netip.Addr, change int) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.dialling[address] += change; n.dialling[address] == 0 {
		delete(n.dialling, address)
	}
}
