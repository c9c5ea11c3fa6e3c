// The TCP/IP stack of a device: gVisor's, with one interface, one address, TCP, and an answer to pings.
package main

import (
	"net/netip"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	onlyNIC = tcpip.NICID(1)

	// Bytes of one connection that wait in each direction, at most.
	sendBufferMost    = 1 << 20
	receiveBufferMost = 1 << 20
	bufferFirst       = 128 << 10
	// Of all connections, about: with many of them each further one gets its share, but no less than this.
	bufferShared = 12 << 20
	bufferLeast  = 64 << 10

	// Data that is not acknowledged is sent again 8 times, at most 2 s apart: after about 9 s the peer counts as dead. Not
	// TCP_USER_TIMEOUT, which also ends connections whose reader is slow (gVisor's honours it with a window of zero).
	retriesMost = 8
	retryLeast  = 100 * time.Millisecond // without RACK a lost tail waits for it
	retryMost   = 2 * time.Second

	// An idle connection's peer is asked as often as this.
	keepaliveIdle     = 10 * time.Second
	keepaliveInterval = 3 * time.Second
	keepaliveCount    = 3

	acceptBacklog = 256

	// What is left of a connection that has ended: shorter than RFC 9293 has it, since nothing in a tunnel is that late.
	timeWait = 5 * time.Second
	finWait  = 15 * time.Second
)

func newStack(l *link, address netip.Addr) (*stack.Stack, error) {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6},
	})
	if err := configureTCP(s); err != nil {
		return nil, failuref(failed, "TCP: %s", err)
	}
	if err := s.CreateNIC(onlyNIC, nic{l}); err != nil {
		return nil, failuref(failed, "network interface: %s", err)
	}
	own := tcpip.ProtocolAddress{Protocol: protocolFor(address), AddressWithPrefix: tcpip.Address(address.AsSlice()).WithPrefix()}
	if err := s.AddProtocolAddress(onlyNIC, own, stack.AddressProperties{}); err != nil {
		return nil, failuref(failed, "address %s: %s", address, err)
	}
	everywhere := header.IPv4EmptySubnet
	if address.Is6() {
		everywhere = header.IPv6EmptySubnet
	}
	s.SetRouteTable([]tcpip.Route{{Destination: everywhere, NIC: onlyNIC}})
	return s, nil
}

func configureTCP(s *stack.Stack) tcpip.Error {
	sack, moderate := tcpip.TCPSACKEnabled(true), tcpip.TCPModerateReceiveBufferOption(true)
	// RACK of this version collapses: over 20 ms and one packet lost in 1,000 a stream falls from 17 to 3 Mbit/s.
	recovery := tcpip.TCPRecovery(0)
	cubic := tcpip.CongestionControlOption("cubic")
	sending := tcpip.TCPSendBufferSizeRangeOption{Min: 4 << 10, Default: bufferFirst, Max: sendBufferMost}
	receiving := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4 << 10, Default: bufferFirst, Max: receiveBufferMost}
	retries, soonest, latest := tcpip.TCPMaxRetriesOption(retriesMost), tcpip.TCPMinRTOOption(retryLeast), tcpip.TCPMaxRTOOption(retryMost)
	waiting, lingering := tcpip.TCPTimeWaitTimeoutOption(timeWait), tcpip.TCPLingerTimeoutOption(finWait)
	for _, option := range []tcpip.SettableTransportProtocolOption{&sack, &moderate, &recovery, &cubic, &sending, &receiving, &retries, &soonest, &latest, &waiting, &lingering} {
		if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, option); err != nil {
			return err
		}
	}
	return nil
}

// prepare sets what a connection needs so that a dead peer is noticed, small writes leave at once, and what waits is
// bounded when it is one of many.
func prepare(connection tcpip.Endpoint, others int) {
	if share := bufferShared / (others + 1); share < sendBufferMost {
		if share < bufferLeast {
			share = bufferLeast
		}
		connection.SocketOptions().SetSendBufferSize(int64(share), true)
		connection.SocketOptions().SetReceiveBufferSize(int64(share), true)
	}
	idle, interval := tcpip.KeepaliveIdleOption(keepaliveIdle), tcpip.KeepaliveIntervalOption(keepaliveInterval)
	connection.SetSockOpt(&idle)
	connection.SetSockOpt(&interval)
	connection.SetSockOptInt(tcpip.KeepaliveCountOption, keepaliveCount)
	connection.SocketOptions().SetKeepAlive(true)
	connection.SocketOptions().SetDelayOption(false)
}

// listen accepts connections to our address and this port only.
func listen(s *stack.Stack, at netip.AddrPort, queue *waiter.Queue) (tcpip.Endpoint, error) {
	listener, err := s.NewEndpoint(tcp.ProtocolNumber, protocolFor(at.Addr()), queue)
	if err != nil {
		return nil, failuref(failed, "listening on %s: %s", at, err)
	}
	if err := listener.Bind(fullAddress(at)); err != nil {
		listener.Close()
		return nil, failuref(failed, "listening on %s: %s", at, err)
	}
	if err := listener.Listen(acceptBacklog); err != nil {
		listener.Close()
		return nil, failuref(failed, "listening on %s: %s", at, err)
	}
	return listener, nil
}

func protocolFor(address netip.Addr) tcpip.NetworkProtocolNumber {
	if address.Is6() {
		return ipv6.ProtocolNumber
	}
	return ipv4.ProtocolNumber
}

func fullAddress(at netip.AddrPort) tcpip.FullAddress {
	return tcpip.FullAddress{NIC: onlyNIC, Addr: tcpip.Address(at.Addr().AsSlice()), Port: at.Port()}
}

func addrPort(full tcpip.FullAddress) netip.AddrPort {
	address, _ := netip.AddrFromSlice([]byte(full.Addr))
	return netip.AddrPortFrom(address, full.Port)
}
