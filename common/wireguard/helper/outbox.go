// Datagrams on their way out. WireGuard hands over one at a time; those that come while others are being encrypted or
// sent leave with them: equal ones to one address as a single piece that the kernel cuts (UDP GSO), different pieces in
// one system call.
package main

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	outboxRoom   = 256 << 10 // bytes of one batch; there are two
	piecesMost   = 32        // of one batch
	pieceMost    = 65000     // bytes of a piece: a UDP datagram's length has 16 bits
	segmentsOfUs = 64        // datagrams of a piece: older kernels take no more (UDP_MAX_SEGMENTS)
)

// piece is a run of datagrams to one address, all of one size but for the last.
type piece struct {
	to      *endpoint
	begin   int // in the batch
	end     int
	segment int
	ended   bool // by a smaller datagram
}

type batch struct {
	bytes  []byte
	pieces []piece
}

// outbox fills one batch while the other leaves.
type outbox struct {
	raw     syscall.RawConn
	v6      bool
	dropped *atomic.Uint64

	mutex   sync.Mutex
	filling *batch
	room    *sync.Cond // the batch that was full has left
	wake    chan struct{}
	closed  bool

	leaving *batch
	largest int // a datagram beyond this is sent alone: the path's size is smaller

	messages [piecesMost]message
	vectors  [piecesMost]unix.Iovec
	to       [piecesMost]socketAddress
	control  [piecesMost][ancillaryRoom]byte
	first    int // of messages that have not left
	count    int
	errno    syscall.Errno
	push     func(uintptr) bool
}

func newOutbox(raw syscall.RawConn, v6 bool, dropped *atomic.Uint64) *outbox {
	o := &outbox{raw: raw, v6: v6, dropped: dropped, wake: make(chan struct{}, 1), largest: pieceMost}
	o.filling, o.leaving = newBatch(), newBatch()
	o.room = sync.NewCond(&o.mutex)
	o.push = o.send
	return o
}

func newBatch() *batch {
	return &batch{bytes: make([]byte, 0, outboxRoom), pieces: make([]piece, 0, piecesMost)}
}

// add copies a datagram into the batch that is filled. It waits when that is full.
func (o *outbox) add(datagram []byte, to *endpoint) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for !o.closed && !o.filling.fits(len(datagram)) {
		o.room.Wait()
	}
	if o.closed {
		return nil // like what gets lost on its way: the device is being closed, and would complain
	}
	first := len(o.filling.pieces) == 0
	o.filling.add(datagram, to, o.largest)
	if first {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

func (b *batch) fits(size int) bool {
	return len(b.bytes)+size <= cap(b.bytes) && len(b.pieces) < cap(b.pieces)
}

func (b *batch) add(datagram []byte, to *endpoint, largest int) {
	begin := len(b.bytes)
	b.bytes = append(b.bytes, datagram...)
	if n := len(b.pieces); n > 0 {
		last := &b.pieces[n-1]
		size := len(datagram)
		if last.to == to && !last.ended && size <= last.segment && size <= largest &&
			last.end-last.begin+size <= pieceMost && last.end-last.begin < segmentsOfUs*last.segment {
			last.end += size
			last.ended = size < last.segment || last.end-last.begin == segmentsOfUs*last.segment
			return
		}
	}
	b.pieces = append(b.pieces, piece{to: to, begin: begin, end: len(b.bytes), segment: len(datagram)})
}

// run sends batches until the outbox is closed.
func (o *outbox) run() {
	for range o.wake {
		o.mutex.Lock()
		o.filling, o.leaving = o.leaving, o.filling
		o.mutex.Unlock()
		o.room.Broadcast()
		o.flush(o.leaving)
		o.leaving.bytes, o.leaving.pieces = o.leaving.bytes[:0], o.leaving.pieces[:0]
	}
}

func (o *outbox) close() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if !o.closed {
		o.closed = true
		close(o.wake)
		o.room.Broadcast()
	}
}

// flush sends a batch. What the kernel refuses is tried in simpler ways, then dropped: WireGuard expects no more.
func (o *outbox) flush(b *batch) {
	for i := range b.pieces {
		o.prepare(i, &b.pieces[i], b, b.pieces[i].to.SrcIP())
	}
	for at := 0; at < len(b.pieces); {
		o.first, o.count = at, len(b.pieces)
		if o.raw.Write(o.push) != nil {
			return // closed
		}
		at = o.first
		if o.errno != 0 {
			o.sendSimply(&b.pieces[at], b)
			at++
		}
	}
}

// prepare makes the i-th message a piece.
func (o *outbox) prepare(i int, p *piece, b *batch, from netip.Addr) {
	o.to[i].set(p.to.to, o.v6)
	o.vectors[i].Base = &b.bytes[p.begin]
	o.vectors[i].SetLen(p.end - p.begin)
	segment := 0
	if p.end-p.begin > p.segment {
		segment = p.segment
	}
	header := &o.messages[i].header
	*header = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&o.to[i].bytes)), Namelen: o.to[i].length, Iov: &o.vectors[i], Iovlen: 1}
	if used := writeAncillary(o.control[i][:], from, o.v6, segment); used > 0 {
		header.Control = &o.control[i][0]
		header.SetControllen(used)
	}
}

// send is called when the socket may have room; false: it has none yet. It stops at a message that is refused.
func (o *outbox) send(descriptor uintptr) bool {
	for o.first < o.count {
		n, errno := sendMany(descriptor, o.messages[o.first:o.count])
		switch errno {
		case 0:
			o.first += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			o.errno = errno
			return true
		}
	}
	o.errno = 0
	return true
}

// sendSimply sends datagrams one by one and from where the kernel likes: an address of ours may have gone, and a
// datagram larger than the path's size is fragmented only alone.
func (o *outbox) sendSimply(p *piece, b *batch) {
	if p.to.SrcIP().IsValid() {
		p.to.ClearSrc()
	} else if p.end-p.begin > p.segment && p.segment <= o.largest {
		o.mutex.Lock()
		o.largest = p.segment - 1
		o.mutex.Unlock()
	}
	for begin := p.begin; begin < p.end; begin += p.segment {
		single := piece{to: p.to, begin: begin, end: begin + p.segment, segment: p.segment}
		if single.end > p.end {
			single.end = p.end
		}
		o.prepare(0, &single, b, netip.Addr{})
		o.first, o.count = 0, 1
		if o.raw.Write(o.push) != nil || o.errno != 0 {
			o.dropped.Add(1)
		}
	}
}
