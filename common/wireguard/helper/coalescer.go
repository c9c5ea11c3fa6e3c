// Joins packets of one TCP stream that follow each other into one (as GRO does), so that TCP works once for many of
// them: it looks up the endpoint, wakes its goroutine and acknowledges once.
package main

import (
	"encoding/binary"
	"sync"

	"gvisor.dev/gvisor/pkg/bufferv2"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	flowsMost  = 8        // streams that are joined at the same time
	joinedMost = 60 << 10 // bytes of one packet; its length has 16 bits
	roomFirst  = 4 << 10  // of the second piece of memory of a joined packet; each further one is four times that
	roomMost   = 32 << 10 // of a piece
	flagsToGo  = header.TCPFlagAck | header.TCPFlagPsh
)

// flow is a packet that still grows.
type flow struct {
	pieces  []*bufferv2.View // the first begins with the headers
	size    int
	network int    // bytes of the IP header
	headers int    // bytes of both
	next    uint32 // the sequence number that continues it
}

// coalescer is used by the receiving goroutines of all peers. Packets of one stream never overtake each other: all
// of them come from one goroutine, and those that are delivered go in that order.
type coalescer struct {
	mutex      sync.Mutex
	dispatcher stack.NetworkDispatcher
	flows      [flowsMost]flow
	used       int
	wake       chan struct{}
	done       chan struct{}
}

func (c *coalescer) init() {
	c.wake = make(chan struct{}, 1)
	c.done = make(chan struct{})
	go c.run()
}

func (c *coalescer) attach(dispatcher stack.NetworkDispatcher) {
	c.mutex.Lock()
	c.dispatcher = dispatcher
	c.mutex.Unlock()
}

func (c *coalescer) attached() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.dispatcher != nil
}

func (c *coalescer) close() { close(c.done) }

// run delivers what nobody flushed: WireGuard does not say so when the last packet of a batch was not for us.
func (c *coalescer) run() {
	for {
		select {
		case <-c.wake:
			c.flush()
		case <-c.done:
			return
		}
	}
}

// add takes a packet, which stays the caller's.
func (c *coalescer) add(packet []byte) {
	var parsed segment
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !parsed.parse(packet) {
		c.flushLocked()
		c.deliver(protocolOf(packet), bufferv2.MakeWithData(packet))
		return
	}
	for i := 0; i < c.used; i++ {
		f := &c.flows[i]
		if !f.sameStream(&parsed) {
			continue
		}
		if f.continuedBy(&parsed) {
			f.join(&parsed)
			return
		}
		c.deliverFlow(i)
		break
	}
	if !parsed.plain || len(parsed.payload) == 0 {
		c.deliver(protocolOf(packet), bufferv2.MakeWithData(packet))
		return
	}
	if c.used == flowsMost {
		c.deliverFlow(0)
	}
	c.flows[c.used].start(&parsed)
	c.used++
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *coalescer) flush() {
	c.mutex.Lock()
	c.flushLocked()
	c.mutex.Unlock()
}

func (c *coalescer) flushLocked() {
	for c.used > 0 {
		c.deliverFlow(0)
	}
}

// deliverFlow gives the i-th flow to the stack; those behind it move up.
func (c *coalescer) deliverFlow(i int) {
	f := c.flows[i]
	protocol := f.finish()
	buffer := bufferv2.MakeWithView(f.pieces[0])
	for _, piece := range f.pieces[1:] {
		buffer.Append(piece)
	}
	c.used--
	copy(c.flows[i:c.used], c.flows[i+1:c.used+1])
	f.pieces = f.pieces[:0]
	c.flows[c.used] = f // keeps its slice
	c.deliver(protocol, buffer)
}

func (c *coalescer) deliver(protocol tcpip.NetworkProtocolNumber, buffer bufferv2.Buffer) {
	packet := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer})
	packet.RXChecksumValidated = true
	if c.dispatcher != nil && protocol != 0 {
		c.dispatcher.DeliverNetworkPacket(protocol, packet)
	}
	packet.DecRef()
}

// start makes the flow this packet.
func (f *flow) start(s *segment) {
	f.pieces = append(f.pieces[:0], bufferv2.NewViewWithData(s.packet))
	f.size, f.network, f.headers = len(s.packet), s.network, s.headers
	f.next = s.sequence + uint32(len(s.payload))
}

// front is the IP and TCP header so far.
func (f *flow) front() []byte { return f.pieces[0].AsSlice()[:f.headers] }

func (f *flow) sameStream(s *segment) bool {
	front := f.pieces[0].AsSlice()
	if front[0] != s.packet[0] || f.network != s.network {
		return false
	}
	addresses := 12 // IPv4: bytes 12 to 20
	if f.network == header.IPv6MinimumSize {
		addresses = 8
	}
	return string(front[addresses:f.network+4]) == string(s.packet[addresses:s.network+4])
}

// continuedBy says whether the segment may be joined: next in sequence, and nothing of its headers differs.
func (f *flow) continuedBy(s *segment) bool {
	if !s.plain || len(s.payload) == 0 || s.sequence != f.next || s.headers != f.headers || f.size+len(s.payload) > joinedMost {
		return false
	}
	ours, theirs := f.front()[f.network:], s.packet[s.network:s.headers]
	return string(ours[header.TCPAckNumOffset:header.TCPDataOffset]) == string(theirs[header.TCPAckNumOffset:header.TCPDataOffset]) &&
		string(ours[header.TCPWinSizeOffset:header.TCPChecksumOffset]) == string(theirs[header.TCPWinSizeOffset:header.TCPChecksumOffset]) &&
		string(ours[header.TCPMinimumSize:]) == string(theirs[header.TCPMinimumSize:])
}

func (f *flow) join(s *segment) {
	for rest := s.payload; len(rest) > 0; {
		piece := f.pieces[len(f.pieces)-1]
		room := piece.AvailableSize()
		if room == 0 {
			f.pieces = append(f.pieces, bufferv2.NewView(pieceSize(len(f.pieces))))
			continue
		}
		if room > len(rest) {
			room = len(rest)
		}
		piece.Write(rest[:room])
		rest = rest[room:]
	}
	f.front()[f.network+header.TCPFlagsOffset] |= s.packet[s.network+header.TCPFlagsOffset]
	f.size += len(s.payload)
	f.next += uint32(len(s.payload))
}

// pieceSize grows, so that a packet of few segments does not hold much memory while it waits for its reader.
func pieceSize(index int) int {
	size := roomFirst
	for ; index > 1 && size < roomMost; index-- {
		size *= 4
	}
	if size > roomMost {
		return roomMost
	}
	return size
}

// finish writes the length of the whole into its IP header.
func (f *flow) finish() tcpip.NetworkProtocolNumber {
	front := f.front()
	if f.network == header.IPv6MinimumSize {
		binary.BigEndian.PutUint16(front[header.IPv6PayloadLenOffset:], uint16(f.size-f.network))
		return header.IPv6ProtocolNumber
	}
	binary.BigEndian.PutUint16(front[header.IPv4TotalLenOffset:], uint16(f.size))
	return header.IPv4ProtocolNumber
}
