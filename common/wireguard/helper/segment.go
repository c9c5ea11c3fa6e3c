// What the coalescer must know of a packet.
package main

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// segment is a TCP segment in its packet.
type segment struct {
	packet   []byte
	network  int // bytes of the IP header
	headers  int // bytes of both
	payload  []byte
	sequence uint32
	plain    bool // no flag but ACK and PSH: may be joined
}

// parse is false for anything but TCP in a packet without IP options, extension headers and fragmentation, whose
// lengths agree.
func (s *segment) parse(packet []byte) bool {
	s.packet = packet
	switch protocolOf(packet) {
	case header.IPv4ProtocolNumber:
		ip := header.IPv4(packet)
		if len(packet) < header.IPv4MinimumSize+header.TCPMinimumSize || ip.HeaderLength() != header.IPv4MinimumSize ||
			int(ip.TotalLength()) != len(packet) || ip.More() || ip.FragmentOffset() != 0 || ip.Protocol() != uint8(header.TCPProtocolNumber) {
			return false
		}
		s.network = header.IPv4MinimumSize
	case header.IPv6ProtocolNumber:
		ip := header.IPv6(packet)
		if len(packet) < header.IPv6MinimumSize+header.TCPMinimumSize || int(ip.PayloadLength())+header.IPv6MinimumSize != len(packet) ||
			ip.NextHeader() != uint8(header.TCPProtocolNumber) {
			return false
		}
		s.network = header.IPv6MinimumSize
	default:
		return false
	}
	tcp := header.TCP(packet[s.network:])
	s.headers = s.network + int(tcp.DataOffset())
	if int(tcp.DataOffset()) < header.TCPMinimumSize || s.headers > len(packet) {
		return false
	}
	s.payload = packet[s.headers:]
	s.sequence = binary.BigEndian.Uint32(tcp[header.TCPSeqNumOffset:])
	s.plain = tcp.Flags()&^flagsToGo == 0
	return true
}

// protocolOf is 0 for what is no IP packet.
func protocolOf(packet []byte) tcpip.NetworkProtocolNumber {
	if len(packet) == 0 {
		return 0
	}
	switch packet[0] >> 4 {
	case header.IPv4Version:
		return header.IPv4ProtocolNumber
	case header.IPv6Version:
		return header.IPv6ProtocolNumber
	}
	return 0
}
