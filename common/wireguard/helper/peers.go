// The peers of a network end. Each has one address inside the network; that is what its packets must come from
// (cryptokey routing with one allowed IP), so the address of a connection is its peer's identity.
package main

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"sort"
	"strings"
	"sync"
	"time"

	"golang.zx2c4.com/wireguard/device"
)

// peer is what the parent said of a peer.
type peer struct {
	key       key
	preshared key // zero: none, which is the same to WireGuard
	address   netip.Addr
	endpoint  netip.AddrPort // invalid: it comes to us
	keepalive uint16

	awake bool            // one of the device's
	past  *peerStatistics // what the device knew of it when it last was; nil: never

	renewed time.Time // its keys, by a dial
}

// waits is true for a peer that nothing is sent to before it has come to us.
func (p *peer) waits() bool { return !p.endpoint.IsValid() }

// Peers that have not shaken hands for this long rest: their keys are long gone (after 3 minutes, zeroed after 9).
const (
	restAfter = 15 * time.Minute
	restEvery = time.Minute
)

// peers are those that the parent knows. Those that wait for a call are not the device's; see door.
type peers struct {
	network *network

	mutex     sync.Mutex
	known     map[key]*peer
	addresses map[netip.Addr]key
	homes     map[key]netip.Addr // addresses of those whose endpoint was named
}

func newPeers(n *network) *peers {
	return &peers{network: n, known: map[key]*peer{}, addresses: map[netip.Addr]key{}, homes: map[key]netip.Addr{}}
}

// change removes and then adds; when a part of it makes no sense, it does nothing. One caller at a time.
func (p *peers) change(add []peerMessage, remove []string) error {
	wanted, err := p.parse(add)
	if err != nil {
		return err
	}
	removed := make(map[key]bool, len(remove))
	for _, text := range remove {
		k, err := parseKey(text, "remove")
		if err != nil {
			return err
		}
		removed[k] = true
	}
	if err := p.addressesAreFree(wanted, removed); err != nil {
		return err
	}
	for k := range removed {
		p.remove(k)
	}
	for i := range wanted {
		if err := p.add(&wanted[i]); err != nil {
			return err
		}
	}
	return nil
}

// addressesAreFree says whether each wanted address is nobody else's once those who are removed have gone.
func (p *peers) addressesAreFree(wanted []peer, removed map[key]bool) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	claimed := make(map[netip.Addr]key, len(wanted))
	for i := range wanted {
		owner, taken := claimed[wanted[i].address]
		if !taken {
			owner, taken = p.addresses[wanted[i].address]
			taken = taken && !removed[owner]
		}
		if taken && owner != wanted[i].key {
			return failuref(invalid, "address: %s belongs to peer %s", wanted[i].address, owner)
		}
		claimed[wanted[i].address] = wanted[i].key
	}
	return nil
}

func (p *peers) parse(messages []peerMessage) ([]peer, error) {
	parsed := make([]peer, 0, len(messages))
	for i := range messages {
		one, err := parsePeer(&messages[i])
		if err != nil {
			return nil, err
		}
		if one.key == key(p.network.bind.door.public) {
			return nil, failuref(invalid, "public_key: %s is the device's own", one.key)
		}
		if one.address.Is6() != p.network.address.Is6() {
			return nil, failuref(invalid, "address: %s is not of the device's family", one.address)
		}
		if one.endpoint.IsValid() {
			if err := p.network.bind.reaches(one.endpoint.Addr()); err != nil {
				return nil, failuref(invalid, "endpoint: %v", err)
			}
		}
		parsed = append(parsed, one)
	}
	return parsed, nil
}

func parsePeer(message *peerMessage) (peer, error) {
	one := peer{keepalive: message.Keepalive}
	var err error
	if one.key, err = parseKey(message.PublicKey, "public_key"); err != nil {
		return one, err
	}
	if message.PresharedKey != "" {
		if one.preshared, err = parseKey(message.PresharedKey, "preshared_key"); err != nil {
			return one, err
		}
	}
	if one.address, err = netip.ParseAddr(message.Address); err != nil || one.address.Is4In6() || one.address.Zone() != "" {
		return one, failuref(invalid, "address: %q is not an IP address", message.Address)
	}
	if message.Endpoint != "" {
		at, err := netip.ParseAddrPort(message.Endpoint)
		if err != nil || at.Port() == 0 {
			return one, failuref(invalid, "endpoint: %q is not ip:port", message.Endpoint)
		}
		one.endpoint = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	}
	return one, nil
}

// add makes a peer known, or makes a known one what it is now. One that has moved keeps its endpoint unless another
// is wanted than before.
func (p *peers) add(wanted *peer) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	before := p.known[wanted.key]
	if before != nil && before.address != wanted.address {
		p.removeLocked(before)
		before = nil
	}
	if before != nil {
		wanted.past, wanted.renewed = before.past, before.renewed
	}
	if !wanted.waits() || before != nil && before.awake {
		if err := p.wakeLocked(wanted, before); err != nil {
			return err
		}
	}
	p.known[wanted.key] = wanted
	p.addresses[wanted.address] = wanted.key
	if wanted.waits() {
		delete(p.homes, wanted.key)
	} else {
		p.homes[wanted.key] = wanted.address
	}
	return nil
}

// wake makes a known peer one of the device's.
func (p *peers) wake(k key) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	one := p.known[k]
	return one != nil && (one.awake || p.wakeLocked(one, nil) == nil)
}

// wakeLocked makes a peer one of the device's, or, when `before` was, changes it there.
func (p *peers) wakeLocked(wanted, before *peer) error {
	if before != nil && !before.awake {
		before = nil
	}
	if err := p.network.device.IpcSet(wanted.configuration(before)); err != nil {
		return failuref(failed, "peer %s: %v", wanted.key, err)
	}
	wanted.awake = true
	return nil
}

// mayRenew says whether the last renewal is long enough ago, and counts this as one.
func (p *peers) mayRenew(k key, now time.Time) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	one := p.known[k]
	if one == nil || now.Sub(one.renewed) < renewalsRest {
		return false
	}
	one.renewed = now
	return true
}

// sendHome makes the endpoint of a peer the one that the parent named, if it did.
func (p *peers) sendHome(k key) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if one := p.known[k]; one != nil && one.awake && one.endpoint.IsValid() {
		_ = p.network.device.IpcSet(fmt.Sprintf("public_key=%s\nendpoint=%s\n", hex.EncodeToString(k[:]), one.endpoint))
	}
}

// rest takes those from the device that have been silent for long. What the device knew of the time of their last
// initiation is lost with it, as it is when a device restarts: an old one that somebody replays would wake the peer,
// and no more.
func (p *peers) rest(now time.Time) {
	current := p.statistics("")
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for i := range current {
		k, err := parseKey(current[i].PublicKey, "")
		one := p.known[k]
		if err != nil || one == nil || !one.awake || !one.waits() || now.Sub(time.Unix(0, current[i].Handshake)) < restAfter {
			continue
		}
		p.network.device.RemovePeer(device.NoisePublicKey(k))
		one.awake, one.past = false, &current[i]
	}
}

// configuration is what makes the peer `wanted` in the language of wireguard-go.
func (wanted *peer) configuration(before *peer) string {
	var text strings.Builder
	fmt.Fprintf(&text, "public_key=%s\npreshared_key=%s\n", hex.EncodeToString(wanted.key[:]), hex.EncodeToString(wanted.preshared[:]))
	if before == nil {
		fmt.Fprintf(&text, "allowed_ip=%s/%d\n", wanted.address, wanted.address.BitLen())
	}
	if wanted.endpoint.IsValid() && (before == nil || before.endpoint != wanted.endpoint) {
		fmt.Fprintf(&text, "endpoint=%s\n", wanted.endpoint)
	}
	fmt.Fprintf(&text, "persistent_keepalive_interval=%d\n", wanted.keepalive)
	return text.String()
}

func (p *peers) remove(k key) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if one := p.known[k]; one != nil {
		p.removeLocked(one)
	}
}

// removeLocked forgets a peer; its connections end at once.
func (p *peers) removeLocked(one *peer) {
	delete(p.known, one.key)
	delete(p.addresses, one.address)
	delete(p.homes, one.key)
	p.network.abortStreams(func(remote netip.Addr) bool { return remote == one.address })
	if one.awake {
		p.network.device.RemovePeer(device.NoisePublicKey(one.key))
	}
}

// named are the addresses of the peers whose endpoint the parent named.
func (p *peers) named() map[key]netip.Addr {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	named := make(map[key]netip.Addr, len(p.homes))
	for k, address := range p.homes {
		named[k] = address
	}
	return named
}

// isNamed is true for the address of one of those.
func (p *peers) isNamed(address netip.Addr) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	_, named := p.homes[p.addresses[address]]
	return named
}

func (p *peers) hasAddress(address netip.Addr) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	_, known := p.addresses[address]
	return known
}

func (p *peers) has(k key) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.known[k] != nil
}

// keys are those behind `after`, in order.
func (p *peers) keys(after string) []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var texts []string
	for k := range p.known {
		if text := k.String(); text > after {
			texts = append(texts, text)
		}
	}
	sort.Strings(texts)
	return texts
}
