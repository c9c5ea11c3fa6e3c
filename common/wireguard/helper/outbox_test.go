// Which datagrams leave together.
package main

import (
	"net/netip"
	"testing"
)

func TestDatagramsOfOneSizeToOneAddressBecomeAPiece(t *testing.T) {
	a, c := &endpoint{to: netip.MustParseAddrPort("192.0.2.1:1")}, &endpoint{to: netip.MustParseAddrPort("192.0.2.2:1")}
	b := newBatch()
	add := func(size int, to *endpoint) { b.add(make([]byte, size), to, pieceMost) }
	add(100, a)
	add(100, a)
	add(60, a)  // smaller: the last of its piece
	add(60, a)  // so a new one begins
	add(100, a) // larger than the first of that
	add(100, c) // elsewhere
	want := []piece{{a, 0, 260, 100, true}, {a, 260, 320, 60, false}, {a, 320, 420, 100, false}, {c, 420, 520, 100, false}}
	if len(b.pieces) != len(want) {
		t.Fatalf("%d pieces, not %d", len(b.pieces), len(want))
	}
	for i := range want {
		if b.pieces[i] != want[i] {
			t.Errorf("piece %d: %+v, not %+v", i, b.pieces[i], want[i])
		}
	}
}

func TestAPieceHasBounds(t *testing.T) {
	to := &endpoint{to: netip.MustParseAddrPort("192.0.2.1:1")}
	for _, size := range []int{32, 1000, 9000} {
		b := newBatch()
		for b.fits(size) {
			b.add(make([]byte, size), to, pieceMost)
		}
		if len(b.bytes) < outboxRoom/2 && len(b.pieces) < piecesMost {
			t.Errorf("%d bytes each: full with %d bytes", size, len(b.bytes))
		}
		for _, p := range b.pieces {
			if length := p.end - p.begin; length > pieceMost || length > segmentsOfUs*p.segment {
				t.Errorf("%d bytes each: a piece of %d", size, length)
			}
		}
	}
	b := newBatch()
	b.add(make([]byte, 1000), to, 999)
	b.add(make([]byte, 1000), to, 999)
	if len(b.pieces) != 2 {
		t.Error("datagrams larger than the path's size share a piece")
	}
}

func TestAncillaryDataIsReadAsItIsWritten(t *testing.T) {
	for _, text := range []string{"192.0.2.9", "2001:db8::9"} {
		from := netip.MustParseAddr(text)
		var control [ancillaryRoom]byte
		used := writeAncillary(control[:], from, from.Is6(), 1400)
		got := readAncillary(control[:used])
		// What is sent as UDP_SEGMENT comes as UDP_GRO.
		if from.Is6() && got.to != from || got.segment != 0 {
			t.Errorf("%s: %+v", text, got)
		}
	}
	for length := 0; length < ancillaryRoom; length++ {
		readAncillary(make([]byte, length))
	}
}
