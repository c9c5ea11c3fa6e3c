// Cutting and joining are each other's reverse, and nothing else is joined.
package main

import (
	"bytes"
	"math/rand"
	"net/netip"
	"testing"

	"gvisor.dev/gvisor/pkg/bufferv2"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

var (
	v4 = [2]netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")}
	v6 = [2]netip.Addr{netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")}
)

// packetOf is what TCP hands down: one large packet, with the checksum left to the link.
func packetOf(between [2]netip.Addr, port uint16, sequence uint32, flags header.TCPFlags, payload []byte, mss int) stack.PacketBufferPtr {
	network := header.IPv4MinimumSize
	if between[0].Is6() {
		network = header.IPv6MinimumSize
	}
	const options = 12
	packet := stack.NewPacketBuffer(stack.PacketBufferOptions{ReserveHeaderBytes: network + header.TCPMinimumSize + options, Payload: bufferv2.MakeWithData(payload)})
	tcp := header.TCP(packet.TransportHeader().Push(header.TCPMinimumSize + options))
	tcp.Encode(&header.TCPFields{SrcPort: port, DstPort: 80, SeqNum: sequence, AckNum: 77, DataOffset: header.TCPMinimumSize + options, Flags: flags, WindowSize: 1000})
	copy(tcp[header.TCPMinimumSize:], []byte{1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8})
	from, to := tcpip.Address(between[0].AsSlice()), tcpip.Address(between[1].AsSlice())
	total := network + header.TCPMinimumSize + options + len(payload)
	if between[0].Is6() {
		header.IPv6(packet.NetworkHeader().Push(network)).Encode(&header.IPv6Fields{PayloadLength: uint16(total - network), TransportProtocol: header.TCPProtocolNumber, HopLimit: 64, SrcAddr: from, DstAddr: to})
	} else {
		header.IPv4(packet.NetworkHeader().Push(network)).Encode(&header.IPv4Fields{TotalLength: uint16(total), ID: 65534, TTL: 64, Protocol: uint8(header.TCPProtocolNumber), SrcAddr: from, DstAddr: to})
	}
	packet.GSOOptions = stack.GSO{Type: stack.GSOTCPv4, NeedsCsum: true, MSS: uint16(mss)}
	return packet
}

func segmentsOf(t testing.TB, packet stack.PacketBufferPtr) [][]byte {
	t.Helper()
	var s segmenter
	var all [][]byte
	for s.load(packet); s.more(); {
		buffer := make([]byte, 2000)
		n := s.next(buffer)
		if n == 0 {
			t.Fatal("a segment does not fit")
		}
		all = append(all, buffer[:n])
	}
	return all
}

func payload(length int, seed int64) []byte {
	bytes := make([]byte, length)
	rand.New(rand.NewSource(seed)).Read(bytes)
	return bytes
}

func TestSegmentsAreRightPacketsAndJoinToWhatTheyWere(t *testing.T) {
	for _, between := range [][2]netip.Addr{v4, v6} {
		for _, length := range []int{0, 1, 999, 1000, 1001, 5000, 32000} {
			data := payload(length, int64(length))
			joined, sequence := []byte{}, uint32(1<<32-500)
			all := segmentsOf(t, packetOf(between, 1, sequence, header.TCPFlagAck|header.TCPFlagPsh|header.TCPFlagFin, data, 1000))
			for i, packet := range all {
				var s segment
				if !s.parse(packet) || s.sequence != sequence {
					t.Fatalf("%d bytes, segment %d: not the packet it should be", length, i)
				}
				tcp := header.TCP(packet[s.network:])
				from, to := tcpip.Address(between[0].AsSlice()), tcpip.Address(between[1].AsSlice())
				if !tcp.IsChecksumValid(from, to, checksum.Checksum(s.payload, 0), uint16(len(s.payload))) {
					t.Fatalf("%d bytes, segment %d: the checksum is wrong", length, i)
				}
				if between == v4 && !header.IPv4(packet).IsChecksumValid() {
					t.Fatalf("%d bytes, segment %d: the IP header's checksum is wrong", length, i)
				}
				if last := i == len(all)-1; (tcp.Flags()&header.TCPFlagFin != 0) != last {
					t.Fatalf("%d bytes, segment %d: FIN belongs to the last", length, i)
				}
				joined = append(joined, s.payload...)
				sequence += uint32(len(s.payload))
			}
			if !bytes.Equal(joined, data) {
				t.Fatalf("%d bytes came out as %d others", length, len(joined))
			}
		}
	}
}

// receiver is a stack that keeps what it is given.
type receiver struct {
	stack.NetworkDispatcher
	packets [][]byte
}

func (r *receiver) DeliverNetworkPacket(_ tcpip.NetworkProtocolNumber, packet stack.PacketBufferPtr) {
	r.packets = append(r.packets, packet.ToView().ToSlice())
}

func newReceiver() (*coalescer, *receiver) {
	c, r := &coalescer{wake: make(chan struct{}, 1), done: make(chan struct{})}, &receiver{}
	c.attach(r)
	return c, r
}

func TestSegmentsOfStreamsThatInterleaveAreJoinedEachForItself(t *testing.T) {
	for _, between := range [][2]netip.Addr{v4, v6} {
		one, two := payload(20_000, 1), payload(15_000, 2)
		first := segmentsOf(t, packetOf(between, 1, 5, header.TCPFlagAck, one, 1000))
		second := segmentsOf(t, packetOf(between, 2, 9, header.TCPFlagAck, two, 1000))
		c, r := newReceiver()
		for i := range first {
			c.add(first[i])
			if i < len(second) {
				c.add(second[i])
			}
		}
		c.flush()
		if len(r.packets) != 2 {
			t.Fatalf("%d packets, not 2", len(r.packets))
		}
		for i, wanted := range [][]byte{one, two} {
			var s segment
			if !s.parse(r.packets[i]) || !bytes.Equal(s.payload, wanted) {
				t.Fatalf("stream %d is not what was sent", i)
			}
		}
	}
}

func TestWhatDoesNotContinueAStreamIsNotJoined(t *testing.T) {
	base := func() stack.PacketBufferPtr {
		return packetOf(v4, 1, 100, header.TCPFlagAck, payload(500, 1), 1000)
	}
	cases := map[string]stack.PacketBufferPtr{
		"a gap":          packetOf(v4, 1, 601, header.TCPFlagAck, payload(500, 2), 1000),
		"the same again": base(),
		"a FIN":          packetOf(v4, 1, 600, header.TCPFlagAck|header.TCPFlagFin, payload(500, 2), 1000),
		"no payload":     packetOf(v4, 1, 600, header.TCPFlagAck, nil, 1000),
		"another port":   packetOf(v4, 2, 600, header.TCPFlagAck, payload(500, 2), 1000),
	}
	for name, other := range cases {
		c, r := newReceiver()
		c.add(segmentsOf(t, base())[0])
		next := segmentsOf(t, other)[0]
		c.add(next)
		c.flush()
		if len(r.packets) != 2 || !bytes.Equal(r.packets[1], next) && name != "no payload" {
			t.Errorf("%s: %d packets", name, len(r.packets))
		}
	}
	other := segmentsOf(t, packetOf(v4, 1, 600, header.TCPFlagAck, payload(500, 2), 1000))[0]
	other[header.IPv4MinimumSize+header.TCPWinSizeOffset]++
	c, r := newReceiver()
	c.add(segmentsOf(t, base())[0])
	c.add(other)
	c.flush()
	if len(r.packets) != 2 {
		t.Errorf("another window: %d packets", len(r.packets))
	}
}

func TestAJoinedPacketHasABound(t *testing.T) {
	c, r := newReceiver()
	for i := 0; i < 100; i++ {
		c.add(segmentsOf(t, packetOf(v4, 1, uint32(i*1000), header.TCPFlagAck, payload(1000, 1), 1000))[0])
	}
	c.flush()
	if len(r.packets) != 2 || len(r.packets[0]) > joinedMost {
		t.Fatalf("%d packets, the first of %d bytes", len(r.packets), len(r.packets[0]))
	}
}

func TestGarbageBreaksNothing(t *testing.T) {
	rng := rand.New(rand.NewSource(3))
	good := segmentsOf(t, packetOf(v4, 1, 100, header.TCPFlagAck, payload(500, 1), 1000))[0]
	c, _ := newReceiver()
	for i := 0; i < 200_000; i++ {
		packet := append([]byte(nil), good...)
		for flips := rng.Intn(4); flips >= 0; flips-- {
			packet[rng.Intn(60)] ^= 1 << rng.Intn(8)
		}
		c.add(packet[:rng.Intn(len(packet)+1)])
		c.add(packet)
	}
	c.flush()
}
