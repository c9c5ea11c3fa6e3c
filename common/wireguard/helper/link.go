// The link between WireGuard's device and the TCP/IP stack: a tun.Device to the one, a network interface to the other.
package main

import (
	"os"
	"sync"
	"sync/atomic"

	"golang.zx2c4.com/wireguard/tun"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	// Packets on their way out, each up to segmentsMost bytes. TCP's own windows keep it far below.
	outgoingMost = 4096
	// What TCP hands down at once, as to a network card that segments. More of it costs less, but leaves in one burst.
	segmentsMost = 1 << 15
)

// link is written to by the stack (WritePackets) and read by the device (Read), which sees single packets; and the
// other way round by Write, where packets of one TCP stream that follow each other become one.
type link struct {
	mtu      int
	outgoing chan stack.PacketBufferPtr
	dropped  atomic.Uint64

	segmenter segmenter // only the device's one reading goroutine touches it
	coalescer coalescer

	events  chan tun.Event
	closed  chan struct{}
	closing sync.Once
}

func newLink(mtu int) *link {
	l := &link{
		mtu:      mtu,
		outgoing: make(chan stack.PacketBufferPtr, outgoingMost),
		events:   make(chan tun.Event),
		closed:   make(chan struct{}),
	}
	l.coalescer.init()
	return l
}

// --- towards WireGuard: tun.Device ---

// Read waits for the next packet. It goes to buffer[offset:].
func (l *link) Read(buffer []byte, offset int) (int, error) {
	for !l.segmenter.more() {
		select {
		case packet := <-l.outgoing:
			l.segmenter.load(packet)
		case <-l.closed:
			return 0, os.ErrClosed
		}
	}
	return l.segmenter.next(buffer[offset:]), nil
}

// Write takes an authenticated packet of a peer.
func (l *link) Write(buffer []byte, offset int) (int, error) {
	l.coalescer.add(buffer[offset:])
	return len(buffer) - offset, nil
}

// Flush says that no more packets are waiting behind those written.
func (l *link) Flush() error {
	l.coalescer.flush()
	return nil
}

func (l *link) File() *os.File         { return nil }
func (l *link) Name() (string, error)  { return "adit", nil }
func (l *link) Events() chan tun.Event { return l.events }

// Close ends Read. The stack may still write: it goes nowhere.
func (l *link) Close() error {
	l.closing.Do(func() {
		close(l.closed)
		close(l.events)
		l.coalescer.close()
	})
	return nil
}

// tunDevice and nic are the two faces of a link: both interfaces have a method MTU, which differ.
type tunDevice struct{ *link }

func (t tunDevice) MTU() (int, error) { return t.mtu, nil }

// --- towards TCP/IP: stack.LinkEndpoint ---

type nic struct{ *link }

func (n nic) WritePackets(packets stack.PacketBufferList) (int, tcpip.Error) {
	written := 0
	for _, packet := range packets.AsSlice() {
		packet.IncRef()
		select {
		case n.outgoing <- packet:
			written++
		default:
			packet.DecRef()
			n.dropped.Add(1)
			return written, &tcpip.ErrNoBufferSpace{}
		}
	}
	return written, nil
}

func (n nic) MTU() uint32                               { return uint32(n.mtu) }
func (n nic) MaxHeaderLength() uint16                   { return 0 }
func (n nic) LinkAddress() tcpip.LinkAddress            { return "" }
func (n nic) Attach(dispatcher stack.NetworkDispatcher) { n.coalescer.attach(dispatcher) }
func (n nic) IsAttached() bool                          { return n.coalescer.attached() }
func (n nic) Wait()                                     {}
func (n nic) ARPHardwareType() header.ARPHardwareType   { return header.ARPHardwareNone }
func (n nic) AddHeader(stack.PacketBufferPtr)           {}
func (n nic) GSOMaxSize() uint32                        { return segmentsMost }
func (n nic) SupportedGSO() stack.SupportedGSO          { return stack.HostGSOSupported }

// Checksums of what comes in are not looked at: WireGuard has authenticated it. What goes out carries right ones.
func (n nic) Capabilities() stack.LinkEndpointCapabilities {
	return stack.CapabilityRXChecksumOffload
}
