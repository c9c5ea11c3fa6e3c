// Cuts what TCP sends at once into packets of the link's size, as a network card would (TSO). One header is made for
// all of them, and the payload is copied only once, into the buffer in which WireGuard encrypts it.
package main

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// segmenter gives out the packets of one PacketBuffer after the other. The zero value is empty.
type segmenter struct {
	packet stack.PacketBufferPtr
	loaded bool

	headers   [header.IPv6MinimumSize + header.TCPHeaderMaximumSize + 64]byte
	network   int // bytes of the IP header in headers
	length    int // bytes of both
	payload   [][]byte
	remaining int // bytes of payload
	size      int // payload bytes of each segment
	unsummed  bool
	index     uint16
}

func (s *segmenter) more() bool { return s.loaded }

// Write collects the parts of the payload (io.Writer, for PacketData.ReadTo). They live as long as the packet.
func (s *segmenter) Write(part []byte) (int, error) {
	s.payload = append(s.payload, part)
	return len(part), nil
}

func (s *segmenter) load(packet stack.PacketBufferPtr) {
	network, transport := packet.NetworkHeader().Slice(), packet.TransportHeader().Slice()
	if len(network)+len(transport) > len(s.headers) {
		packet.DecRef()
		return
	}
	s.packet, s.loaded, s.index = packet, true, 0
	s.network = copy(s.headers[:], network)
	s.length = s.network + copy(s.headers[s.network:], transport)
	s.payload = s.payload[:0]
	s.remaining = packet.Data().Size()
	packet.Data().ReadTo(s, true)
	s.unsummed = packet.GSOOptions.Type != stack.GSONone && packet.GSOOptions.NeedsCsum
	s.size = s.remaining
	if s.unsummed && packet.GSOOptions.MSS > 0 && s.remaining > int(packet.GSOOptions.MSS) {
		s.size = int(packet.GSOOptions.MSS)
	}
}

// next writes the next packet into the buffer and returns its length; 0 when it does not fit.
func (s *segmenter) next(buffer []byte) int {
	size := s.size
	if size > s.remaining {
		size = s.remaining
	}
	if s.length+size > len(buffer) {
		s.release()
		return 0
	}
	packet := buffer[:s.length+size]
	copy(packet, s.headers[:s.length])
	s.take(packet[s.length:])
	last := s.remaining == 0
	if s.unsummed {
		s.finish(packet, size, last)
	}
	s.index++
	if last {
		s.release()
	}
	return len(packet)
}

// take fills the buffer from the front of the payload.
func (s *segmenter) take(buffer []byte) {
	s.remaining -= len(buffer)
	for len(buffer) > 0 {
		n := copy(buffer, s.payload[0])
		buffer = buffer[n:]
		if n == len(s.payload[0]) {
			s.payload = s.payload[1:]
		} else {
			s.payload[0] = s.payload[0][n:]
		}
	}
}

// finish makes the copied headers those of this segment, and sums it up.
func (s *segmenter) finish(packet []byte, size int, last bool) {
	tcp := packet[s.network:s.length]
	var pseudo uint64
	if packet[0]>>4 == header.IPv4Version {
		ip := header.IPv4(packet)
		ip.SetTotalLength(uint16(len(packet)))
		ip.SetID(ip.ID() + s.index)
		ip.SetChecksum(0)
		ip.SetChecksum(^fold(sum(packet[:s.network], 0)))
		pseudo = sum(packet[12:20], 0)
	} else {
		header.IPv6(packet).SetPayloadLength(uint16(len(packet) - header.IPv6MinimumSize))
		pseudo = sum(packet[8:40], 0)
	}
	if !last {
		tcp[header.TCPFlagsOffset] &^= uint8(header.TCPFlagFin | header.TCPFlagPsh)
	}
	sequence := binary.BigEndian.Uint32(tcp[header.TCPSeqNumOffset:])
	binary.BigEndian.PutUint32(tcp[header.TCPSeqNumOffset:], sequence+uint32(s.index)*uint32(s.size))
	// RFC 9293 §3.1: the pseudo-header is the addresses, the protocol and the length of the segment.
	pseudo = sumNumber(pseudo, uint16(header.TCPProtocolNumber))
	pseudo = sumNumber(pseudo, uint16(len(packet)-s.network))
	tcp[header.TCPChecksumOffset], tcp[header.TCPChecksumOffset+1] = 0, 0
	binary.BigEndian.PutUint16(tcp[header.TCPChecksumOffset:], ^fold(sum(packet[s.network:], pseudo)))
}

func (s *segmenter) release() {
	s.packet.DecRef()
	s.packet, s.loaded = stack.PacketBufferPtr{}, false
}
