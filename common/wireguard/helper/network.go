// One network end: WireGuard's device over its socket, the TCP/IP stack above it, the peers, and the connections.
package main

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.zx2c4.com/wireguard/device"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	mtuLeast = 1280 // RFC 8200 §5
	mtuMost  = device.MaxContentSize - device.PaddingMultiple

	farewellStep = 2 * time.Millisecond
	lastPackets  = 20 * time.Millisecond // for what nobody acknowledges, such as resets, to be encrypted and sent
)

// network is what the protocol calls a device.
type network struct {
	name    string
	address netip.Addr
	log     *logger

	link   *link
	bind   *bind
	device *device.Device
	stack  *stack.Stack
	peers  *peers

	listener      tcpip.Endpoint
	listenerQueue waiter.Queue
	accepted      func(descriptor int, from netip.AddrPort)

	mutex    sync.Mutex
	streams  map[*stream]struct{}
	dialling map[netip.Addr]int // connections that are being opened
	closed   chan struct{}
}

// openNetwork makes a network end that runs. `accepted` is called for each connection that came in, on a goroutine of
// its own; the descriptor is closed when it returns.
func openNetwork(asked *request, log *logger, accepted func(int, netip.AddrPort)) (*network, error) {
	private, err := parseKey(asked.PrivateKey, "private_key")
	if err != nil {
		return nil, err
	}
	address, err := netip.ParseAddr(asked.Address)
	if err != nil || address.Is4In6() || address.Zone() != "" {
		return nil, failuref(invalid, "address: %q is not an IP address", asked.Address)
	}
	if asked.MTU < mtuLeast || asked.MTU > mtuMost {
		return nil, failuref(invalid, "mtu: %d is not between %d and %d", asked.MTU, mtuLeast, mtuMost)
	}
	at, err := netip.ParseAddrPort(asked.Bind)
	if err != nil {
		return nil, failuref(invalid, "bind: %q is not ip:port", asked.Bind)
	}
	n := &network{name: asked.Device, address: address, log: log, accepted: accepted, streams: map[*stream]struct{}{}, dialling: map[netip.Addr]int{}, closed: make(chan struct{})}
	if n.bind, err = newBind(at, log); err != nil {
		return nil, bindFailure(at, err)
	}
	n.link = newLink(asked.MTU)
	if n.stack, err = newStack(n.link, address); err != nil {
		n.bind.shut()
		n.link.Close()
		return nil, err
	}
	n.device = device.NewDevice(tunDevice{n.link}, n.bind, log.forDevice(n.name))
	n.peers = newPeers(n)
	n.bind.door = newDoor(private, n.peers.wake, func(cookie []byte, to *endpoint) { _ = n.bind.outbox.add(cookie, to) })
	n.bind.door.stranger = func(from *endpoint) {
		log.tell(event{Event: "stranger", Device: n.name, From: from.DstToString()})
	}
	if err = n.start(private, asked.AcceptPort); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func bindFailure(at netip.AddrPort, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return failuref(addressInUse, "bind: %s is in use", at)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return failuref(notPermitted, "bind: no permission for %s", at)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		return failuref(invalid, "bind: %s is no address of this machine", at)
	}
	return failuref(failed, "bind: %s: %v", at, err)
}

func (n *network) start(private key, acceptPort uint16) error {
	if err := n.device.IpcSet("private_key=" + hex.EncodeToString(private[:]) + "\n"); err != nil {
		return failuref(failed, "private key: %v", err)
	}
	if err := n.device.Up(); err != nil {
		return failuref(failed, "device: %v", err)
	}
	go guard(n.log, n.rest)
	go guard(n.log, n.keepVigil)
	if acceptPort == 0 {
		return nil
	}
	var err error
	n.listener, err = listen(n.stack, netip.AddrPortFrom(n.address, acceptPort), &n.listenerQueue)
	if err == nil {
		go guard(n.log, n.acceptAll)
	}
	return err
}

// acceptAll hands connections over. When the parent is slow to take them, they wait in the backlog.
func (n *network) acceptAll() {
	entry, ready := waiter.NewChannelEntry(waiter.ReadableEvents)
	n.listenerQueue.EventRegister(&entry)
	defer n.listenerQueue.EventUnregister(&entry)
	for {
		var from tcpip.FullAddress
		endpoint, queue, err := n.listener.Accept(&from)
		if err != nil {
			select {
			case <-ready:
				continue
			case <-n.closed:
				return
			}
		}
		descriptor, failure := n.adopt(endpoint, queue, addrPort(from).Addr())
		if failure != nil {
			n.log.say("warning", "device %s: a connection from %s: %v", n.name, addrPort(from), failure)
			continue
		}
		n.accepted(descriptor, addrPort(from))
		syscall.Close(descriptor)
	}
}

// adopt makes a connection a stream. The descriptor is for the parent.
func (n *network) adopt(endpoint tcpip.Endpoint, queue *waiter.Queue, remote netip.Addr) (int, error) {
	n.mutex.Lock()
	others := len(n.streams)
	n.mutex.Unlock()
	s, descriptor, err := newStream(endpoint, queue, remote, others, n.log)
	if err != nil {
		return 0, err
	}
	if others < eagerMost && n.peers.isNamed(remote) {
		hasten(endpoint)
	}
	n.mutex.Lock()
	closed := n.isClosed()
	if !closed {
		n.streams[s] = struct{}{}
	}
	n.mutex.Unlock()
	// Asked for after it is in the set: who removes the peer either finds the stream there, or has removed it by now.
	if closed || !n.peers.hasAddress(remote) {
		n.forget(s)
		s.abort()
		syscall.Close(descriptor)
		return 0, failuref(failed, "its peer has been removed")
	}
	go guard(n.log, func() {
		s.run()
		n.forget(s)
	})
	return descriptor, nil
}

func (n *network) forget(s *stream) {
	n.mutex.Lock()
	delete(n.streams, s)
	n.mutex.Unlock()
}

// rest lets peers rest that have not been heard of for long.
func (n *network) rest() {
	ticker := time.NewTicker(restEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			n.peers.rest(now)
		case <-n.closed:
			return
		}
	}
}

// abortStreams ends the connections with an address at once.
func (n *network) abortStreams(with func(netip.Addr) bool) {
	n.mutex.Lock()
	var ended []*stream
	for s := range n.streams {
		if with(s.remote) {
			ended = append(ended, s)
		}
	}
	n.mutex.Unlock()
	for _, s := range ended {
		s.abort()
	}
}

func (n *network) isClosed() bool {
	select {
	case <-n.closed:
		return true
	default:
		return false
	}
}

// farewell waits for what was said last in all connections to arrive, but not for longer than `patience`, and resets
// those that the parent still has.
func (n *network) farewell(patience time.Duration) {
	if n.listener != nil {
		n.listener.Close()
	}
	n.mutex.Lock()
	streams := make([]*stream, 0, len(n.streams))
	for s := range n.streams {
		streams = append(streams, s)
	}
	n.mutex.Unlock()
	if len(streams) == 0 {
		return
	}
	until := time.Now().Add(patience)
	for _, s := range streams {
		for !s.delivered() && time.Now().Before(until) {
			time.Sleep(farewellStep)
		}
		s.abort()
	}
	time.Sleep(lastPackets)
}

// close ends everything. The order matters: WireGuard's goroutines use the stack until the device is down.
func (n *network) close() {
	n.mutex.Lock()
	if n.isClosed() {
		n.mutex.Unlock()
		return
	}
	close(n.closed)
	n.mutex.Unlock()
	n.abortStreams(func(netip.Addr) bool { return true })
	if n.listener != nil {
		n.listener.Close()
	}
	n.bind.shut()
	n.device.Close()
	n.bind.door.close()
	n.stack.RemoveNIC(onlyNIC) // ends a goroutine that Close leaves
	n.stack.Close()
}

// dropped counts the datagrams that were garbage or did not fit a queue.
func (n *network) dropped() uint64 {
	return n.bind.dropped.Load() + uint64(n.bind.lost.Load()) + n.link.dropped.Load()
}
