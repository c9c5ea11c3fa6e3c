// Where a peer is: its UDP address, and the address of ours to which its datagrams came.
package main

import (
	"net/netip"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// endpoint is a conn.Endpoint. All but the source's validity never changes.
type endpoint struct {
	to      netip.AddrPort // never IPv4 in IPv6
	source  netip.Addr     // where answers leave from; invalid: as the kernel chooses
	cleared atomic.Bool
}

func (e *endpoint) ClearSrc() { e.cleared.Store(true) }

// SrcIP is the source as long as it holds.
func (e *endpoint) SrcIP() netip.Addr {
	if e.cleared.Load() {
		return netip.Addr{}
	}
	return e.source
}

func (e *endpoint) SrcToString() string { return e.SrcIP().String() }
func (e *endpoint) DstToString() string { return e.to.String() }
func (e *endpoint) DstIP() netip.Addr   { return e.to.Addr() }

// DstToBytes is what cookies are bound to.
func (e *endpoint) DstToBytes() []byte {
	bytes, _ := e.to.MarshalBinary()
	return bytes
}

// socketAddress is the kernel's form of an address for a socket of either family.
type socketAddress struct {
	bytes  unix.RawSockaddrInet6 // large enough for both
	length uint32
}

func (s *socketAddress) set(to netip.AddrPort, v6 bool) {
	if v6 {
		s.bytes = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: networkOrder(to.Port()), Addr: to.Addr().As16()}
		s.length = unix.SizeofSockaddrInet6
		return
	}
	v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.bytes))
	*v4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: networkOrder(to.Port()), Addr: to.Addr().As4()}
	s.length = unix.SizeofSockaddrInet4
}

func (s *socketAddress) get() netip.AddrPort {
	if s.bytes.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.bytes))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), networkOrder(v4.Port))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(s.bytes.Addr).Unmap(), networkOrder(s.bytes.Port))
}

// networkOrder swaps a port between the machine's order and the network's.
func networkOrder(port uint16) uint16 {
	bytes := (*[2]byte)(unsafe.Pointer(&port))
	return uint16(bytes[0])<<8 | uint16(bytes[1])
}
