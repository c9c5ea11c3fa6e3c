// The control messages beside datagrams: how they were joined, where they came in, and how many were lost.
package main

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

const ancillaryRoom = 128 // for all three of a received message

// Options and control messages of UDP sockets that golang.org/x/sys does not name (linux/udp.h).
const (
	udpSegment = 103
	udpGRO     = 104
)

var native = binary.LittleEndian // of the machines that this is built for

// arrival is what the kernel says about received datagrams.
type arrival struct {
	to      netip.Addr // the address of ours
	segment int        // bytes of each datagram but the last; 0: there is one
	lost    uint32     // datagrams, since the socket was opened; 0: not said
}

func readAncillary(control []byte) arrival {
	var a arrival
	for len(control) >= unix.SizeofCmsghdr {
		header := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		if header.Len < unix.SizeofCmsghdr || header.Len > uint64(len(control)) {
			break
		}
		data := control[unix.CmsgLen(0):header.Len]
		switch {
		case header.Level == unix.IPPROTO_UDP && header.Type == udpGRO && len(data) >= 2:
			a.segment = int(native.Uint16(data))
		case header.Level == unix.IPPROTO_IP && header.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			a.to = netip.AddrFrom4((*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0])).Spec_dst)
		case header.Level == unix.IPPROTO_IPV6 && header.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			a.to = netip.AddrFrom16((*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0])).Addr).Unmap()
		case header.Level == unix.SOL_SOCKET && header.Type == unix.SO_RXQ_OVFL && len(data) >= 4:
			a.lost = native.Uint32(data)
		}
		next := unix.CmsgSpace(int(header.Len) - unix.CmsgLen(0))
		if next > len(control) {
			break
		}
		control = control[next:]
	}
	return a
}

// writeAncillary says where datagrams leave from, and in which pieces they are cut (0: they are one). It returns the
// bytes used.
func writeAncillary(control []byte, from netip.Addr, v6 bool, segment int) int {
	used := 0
	add := func(level, kind int32, length int) []byte {
		header := (*unix.Cmsghdr)(unsafe.Pointer(&control[used]))
		header.Level, header.Type = level, kind
		header.SetLen(unix.CmsgLen(length))
		data := control[used+unix.CmsgLen(0) : used+unix.CmsgLen(length)]
		used += unix.CmsgSpace(length)
		return data
	}
	switch {
	case from.IsValid() && v6:
		data := add(unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, unix.SizeofInet6Pktinfo)
		*(*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0])) = unix.Inet6Pktinfo{Addr: from.As16()}
	case from.IsValid():
		data := add(unix.IPPROTO_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo)
		*(*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0])) = unix.Inet4Pktinfo{Spec_dst: from.As4()}
	}
	if segment > 0 {
		native.PutUint16(add(unix.IPPROTO_UDP, udpSegment, 2), uint16(segment))
	}
	return used
}
